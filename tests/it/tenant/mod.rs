mod create_tenant;
mod domains;
mod explain_placement;
mod list_tenants;
mod list_users;
mod users;
