//! A policy file that says too little, too much or nonsense does not build.

#[path = "../../../build/policy.rs"]
mod build;

const GOOD: &str = "\n[ListUsers]\nservice = \"reeve.tenant.v1.TenantService\"\nperson = \"member\"\n\
                    key = \"users:read\"\noperator = \"in-tenant\"\ntenant_id = \"scope\"\n\
                    writes = false\nsays = \"Lists.\"\n";

/// The good table with one part replaced.
fn with(old: &str, new: &str) -> String {
    assert!(GOOD.contains(old), "{old}");
    GOOD.replacen(old, new, 1)
}

#[test]
fn the_good_table_is_read() {
    let table = build::table(GOOD).unwrap();
    for part in [
        "ListUsers => Row {",
        "service: Some(\"reeve.tenant.v1.TenantService\"),",
        "anyone: None,",
        "person: Some(Person::From(Role::Member)),",
        "key: Some(KeyScope::UsersRead),",
        "tenant_key: Some(Role::Member),",
        "operator: Some(ByOperator::InTenant),",
        "tenant_id: TenantField::Scope,",
        "writes: false,",
    ] {
        assert!(table.contains(part), "{part} is not in {table}");
    }
}

#[test]
fn each_attribute_becomes_its_own_value() {
    let person = "person = \"member\"\n";
    let key = "key = \"users:read\"\n";
    let operator = "operator = \"in-tenant\"\n";
    for (text, part) in [
        (
            with(operator, "operator = \"everywhere:Sync\"\n"),
            "ByOperator::Everywhere(SystemUse::Sync)",
        ),
        (with(operator, "operator = \"either:Sync\"\n"), "ByOperator::Either(SystemUse::Sync)"),
        (with(operator, ""), "operator: None"),
        (with(person, "person = \"owner\"\n"), "tenant_key: Some(Role::Owner)"),
        (with(person, "tenant_key = \"admin\"\n"), "tenant_key: Some(Role::Admin)"),
        (
            with(person, "person = \"owner\"\ntenant_key = \"admin\"\n"),
            "tenant_key: Some(Role::Admin)",
        ),
        // Without a person's role no tenant's key, without a scope neither.
        (with(person, ""), "tenant_key: None"),
        (with(key, ""), "tenant_key: None"),
        (with(&format!("{person}{key}"), "person = \"self\"\n"), "person: Some(Person::Own)"),
    ] {
        let table = build::table(&text).unwrap();
        assert!(table.contains(part), "{part} is not in {table}");
    }
}

#[test]
fn tables_keep_the_order_of_the_file() {
    let second = GOOD.replace("ListUsers", "AddUsers");
    let table = build::table(&format!("{GOOD}{second}")).unwrap();
    assert!(table.find("ListUsers =>").unwrap() < table.find("AddUsers =>").unwrap());
}

#[test]
fn what_cannot_be_meant_is_refused_with_its_line() {
    let person = "person = \"member\"\n";
    let key = "key = \"users:read\"\n";
    let operator = "operator = \"in-tenant\"\n";
    let all = format!("{person}{key}{operator}");
    for (text, line, told) in [
        (with("person", "persons"), 4, "unknown field `persons`"),
        (with("member", "king"), 4, "unknown variant `king`"),
        (with("\"scope\"", "\"body\""), 7, "unknown variant `body`"),
        (with("writes = false\n", ""), 2, "missing field `writes`"),
        (format!("{GOOD}{GOOD}"), 11, "duplicate key"),
        (with("users:read", "users"), 2, "[ListUsers] key = \"users\""),
        (with("users:read", "Users:read"), 2, "key = \"Users:read\""),
        (with("users:read", ":read"), 2, "key = \":read\""),
        (with("in-tenant", "tenant"), 2, "operator = \"tenant\""),
        (with("in-tenant", "in-tenant:Sync"), 2, "operator = \"in-tenant:Sync\""),
        (with("in-tenant", "everywhere"), 2, "operator = \"everywhere\""),
        (with("in-tenant", "everywhere:sync"), 2, "\"sync\" is not a name"),
        (with("ListUsers", "list_users"), 2, "\"list_users\" is not a name"),
        (with("[ListUsers]", "[\"List Users\"]"), 2, "\"List Users\" is not a name"),
        (with(&all, ""), 2, "nobody may do it"),
        (with(&format!("{person}{key}{operator}"), key), 2, "no key reaches it"),
        (with(person, &format!("anyone = \"SignIn\"\n{person}")), 2, "what anyone may do"),
        (with(&all, "anyone = \"SignIn\"\n"), 2, "what anyone may do"),
        (with(person, "person = \"self\"\n"), 2, "a key has no rows of its own"),
        (with(key, "tenant_key = \"admin\"\n"), 2, "tenant_key needs the scope"),
        (with("\"scope\"", "\"none\""), 2, "names no tenant"),
        (with("Lists.", ""), 2, "says is one line"),
        (with("Lists.", "a|b"), 2, "says is one line"),
    ] {
        let refused = build::table(&text).expect_err(told);
        let begin = format!("src/access/policy.toml:{line}: ");
        assert!(refused.starts_with(&begin) && refused.contains(told), "{told}: {refused}");
        assert!(!refused.contains('\n'), "{refused}");
    }
}
