//! Sign-up, sign-in, sessions.

mod authenticate;
mod get_jwks;
mod ground;
mod leave_tenant;
mod new_account;
mod open_session;
mod proof;
mod refresh_session;
mod sign_in;
mod sign_out;
mod sign_up;
mod start_sign_up;
mod switch_tenant;
mod who_am_i;

pub use authenticate::authenticate;
pub use get_jwks::{Jwks, get_jwks};
pub use leave_tenant::leave_tenant;
pub use open_session::IssuedSession;
pub use refresh_session::refresh_session;
pub use sign_in::{SignIn, sign_in};
pub use sign_out::sign_out;
pub use sign_up::{SignUp, sign_up};
pub use start_sign_up::{StartSignUp, start_sign_up};
pub use switch_tenant::switch_tenant;
pub use who_am_i::{WhoAmI, who_am_i};
