//! Accounts and profiles in step.

mod create_profile;
mod get_health_report;
mod get_sync_status;
mod list_drift;

pub use create_profile::{CreateProfile, CreatedProfile, create_profile};
pub use get_health_report::{HealthReport, HealthStatus, get_health_report};
pub use get_sync_status::get_sync_status;
pub use list_drift::list_drift;
