//! What exists: identifiers, names, roles, states and errors. Pure: no I/O, no async.

pub mod api_key;
pub mod budget;
pub mod clock;
pub mod domain;
pub mod email;
pub mod error;
pub mod event;
pub mod id;
pub mod invitation;
pub mod key;
pub mod mail;
pub mod page;
pub mod placement;
pub mod profile;
pub mod request_key;
pub mod role;
pub mod session;
pub mod sign_up;
pub mod source;
pub mod sync;
pub mod tenant;
pub mod text;
pub mod user;

pub use error::{Error, Kind, Reason, Result};
