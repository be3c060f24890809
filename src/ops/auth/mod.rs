//! Sign-up, sign-in, sessions.

mod authenticate;
mod create_api_key;
mod get_jwks;
mod ground;
mod leave_tenant;
mod list_api_keys;
mod new_account;
mod open_session;
mod proof;
mod refresh_session;
mod revoke_api_key;
mod sign_in;
mod sign_out;
mod sign_up;
mod start_sign_up;
mod switch_tenant;
mod validate_token;
mod who_am_i;

pub use authenticate::authenticate;
pub use create_api_key::{CreateApiKey, CreatedApiKey, create_api_key};
pub use get_jwks::{Jwks, get_jwks};
pub use leave_tenant::leave_tenant;
pub use list_api_keys::list_api_keys;
pub use open_session::IssuedSession;
pub use refresh_session::refresh_session;
pub use revoke_api_key::revoke_api_key;
pub use sign_in::{SignIn, sign_in};
pub use sign_out::sign_out;
pub use sign_up::{SignUp, sign_up};
pub use start_sign_up::{StartSignUp, start_sign_up};
pub use switch_tenant::switch_tenant;
pub use validate_token::{Inactive, Validated, validate_token};
pub use who_am_i::{WhoAmI, who_am_i};
