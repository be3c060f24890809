//! Turns `src/access/policy.toml` into the table that `src/access/policy.rs` includes. Names of
//! scopes and of system uses are the compiler's to check; all else is refused here, with its line.

use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use toml::Spanned;

pub const FILE: &str = "src/access/policy.toml";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    service: Option<String>,
    person: Option<Person>,
    key: Option<String>,
    tenant_key: Option<Role>,
    operator: Option<String>,
    anyone: Option<String>,
    tenant_id: TenantField,
    writes: bool,
    says: String,
}

#[derive(Deserialize, Clone, Copy, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Person {
    #[serde(rename = "self")]
    Own,
    Member,
    Admin,
    Owner,
}

#[derive(Deserialize, Clone, Copy, Debug)]
#[serde(rename_all = "lowercase")]
enum Role {
    Member,
    Admin,
    Owner,
}

#[derive(Deserialize, Clone, Copy, Debug, PartialEq)]
#[serde(rename_all = "lowercase")]
enum TenantField {
    None,
    Scope,
    Argument,
}

impl Person {
    fn role(self) -> Option<Role> {
        match self {
            Self::Own => None,
            Self::Member => Some(Role::Member),
            Self::Admin => Some(Role::Admin),
            Self::Owner => Some(Role::Owner),
        }
    }
}

/// The invocation of `policy!` for the text of the file, in its order.
pub fn table(text: &str) -> Result<String, String> {
    let at = |start: usize, what: &str| {
        let line = text.get(..start).unwrap_or_default().matches('\n').count() + 1;
        format!("{FILE}:{line}: {what}")
    };
    let rows: BTreeMap<String, Spanned<Row>> = toml::from_str(text).map_err(|error| {
        at(error.span().map_or(0, |span| span.start), &error.message().replace('\n', " "))
    })?;
    let mut rows: Vec<_> = rows.into_iter().collect();
    rows.sort_by_key(|(_, row)| row.span().start);
    let mut out = String::from("policy! {\n");
    for (action, row) in &rows {
        let entry = entry(action, row.get_ref())
            .map_err(|what| at(row.span().start, &format!("[{action}] {what}")))?;
        out.push_str(&entry);
    }
    out.push_str("}\n");
    Ok(out)
}

fn entry(action: &str, row: &Row) -> Result<String, String> {
    name(action)?;
    consistent(row)?;
    let anyone = row.anyone.as_deref().map(system_use).transpose()?;
    let person = row.person.map(|person| match person.role() {
        None => "Person::Own".to_owned(),
        Some(least) => format!("Person::From(Role::{least:?})"),
    });
    let key = row.key.as_deref().map(key_scope).transpose()?;
    let least = row.tenant_key.or_else(|| row.person.and_then(Person::role));
    let tenant_key = least.filter(|_| key.is_some()).map(|least| format!("Role::{least:?}"));
    let operator = row.operator.as_deref().map(operator).transpose()?;
    let Row { service, tenant_id, writes, says, .. } = row;
    let mut out = format!("    #[doc = {says:?}]\n    {action} => Row {{\n");
    let _ = writeln!(out, "        service: {service:?},\n        rule: Rule {{");
    let rule = [
        ("anyone", anyone),
        ("person", person),
        ("key", key),
        ("tenant_key", tenant_key),
        ("operator", operator),
    ];
    for (attribute, value) in rule {
        let value = value.map_or_else(|| "None".to_owned(), |value| format!("Some({value})"));
        let _ = writeln!(out, "            {attribute}: {value},");
    }
    let _ = writeln!(out, "        }},\n        tenant_id: TenantField::{tenant_id:?},");
    let _ = writeln!(out, "        writes: {writes},\n        says: {says:?},\n    }},");
    Ok(out)
}

/// What no row may say, although each of its attributes alone would do.
fn consistent(row: &Row) -> Result<(), String> {
    let with_credential = row.person.is_some()
        || row.key.is_some()
        || row.tenant_key.is_some()
        || row.operator.is_some();
    let tenant_keys = row.tenant_key.is_some() || row.person.is_some_and(|it| it != Person::Own);
    let names_tenant = row.tenant_id != TenantField::None;
    let everywhere = row.operator.as_deref().is_none_or(|it| it.starts_with("everywhere:"));
    let wrong = if row.anyone.is_some() && (with_credential || names_tenant) {
        "what anyone may do has no other condition"
    } else if row.anyone.is_none()
        && row.person.is_none()
        && row.operator.is_none()
        && row.key.is_none()
    {
        "nobody may do it"
    } else if row.person == Some(Person::Own) && (row.key.is_some() || row.tenant_key.is_some()) {
        "a key has no rows of its own"
    } else if row.tenant_key.is_some() && row.key.is_none() {
        "tenant_key needs the scope in key"
    } else if row.key.is_some() && !tenant_keys && row.operator.is_none() {
        "no key reaches it: set person, tenant_key or operator"
    } else if !everywhere && !names_tenant {
        "the message names no tenant for an operator to be in"
    } else if row.says.trim().is_empty() || row.says.contains(['\n', '|']) {
        "says is one line without |"
    } else {
        return Ok(());
    };
    Err(wrong.to_owned())
}

fn operator(text: &str) -> Result<String, String> {
    match text.split_once(':') {
        None if text == "in-tenant" => Ok("ByOperator::InTenant".to_owned()),
        Some(("everywhere", used_for)) => {
            Ok(format!("ByOperator::Everywhere({})", system_use(used_for)?))
        }
        Some(("either", used_for)) => Ok(format!("ByOperator::Either({})", system_use(used_for)?)),
        _ => Err(format!(
            "operator = {text:?}: expected in-tenant, everywhere:<SystemUse> or either:<SystemUse>"
        )),
    }
}

fn system_use(text: &str) -> Result<String, String> {
    name(text).map(|name| format!("SystemUse::{name}"))
}

/// `users:read` is the variant `UsersRead`.
fn key_scope(text: &str) -> Result<String, String> {
    let is_word = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase());
    match text.split_once(':') {
        Some((what, how)) if is_word(what) && is_word(how) => {
            Ok(format!("KeyScope::{}{}", capital(what), capital(how)))
        }
        _ => Err(format!("key = {text:?}: expected two words, as users:read")),
    }
}

fn capital(word: &str) -> String {
    let (first, rest) = word.split_at(1);
    first.to_ascii_uppercase() + rest
}

fn name(text: &str) -> Result<&str, String> {
    let upper = text.starts_with(|c: char| c.is_ascii_uppercase());
    if upper && text.bytes().all(|b| b.is_ascii_alphanumeric()) {
        Ok(text)
    } else {
        Err(format!("{text:?} is not a name in UpperCamelCase"))
    }
}
