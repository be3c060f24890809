//! Tenants, their domains and their people.

mod add_domain;
mod create_tenant;
mod explain_placement;
mod get_tenant;
mod get_user;
mod list_domains;
mod list_tenants;
mod list_users;
mod remove_domain;
mod remove_user;
mod update_user;

pub use add_domain::{AddDomain, add_domain};
pub use create_tenant::{CreateTenant, CreatedTenant, create_tenant};
pub use explain_placement::explain_placement;
pub use get_tenant::{get_tenant, get_tenant_by_slug};
pub use get_user::{FoundUser, get_user};
pub use list_domains::list_domains;
pub use list_tenants::list_tenants;
pub use list_users::{ListUsers, list_users};
pub use remove_domain::remove_domain;
pub use remove_user::remove_user;
pub use update_user::{UpdateUser, update_user};
