//! Requests, filled by the names of their fields: what the contract adds is called too, and a
//! field that nobody has thought of fails the test.

use super::{
    oracle::{Placement, Target},
    world::{Person, Side, Who, World},
};
use crate::support::{ghost, server::PASSWORD};
use prost_reflect::{DescriptorPool, DynamicMessage, MethodDescriptor, Value};
use reeve::{
    access::{Action, TenantField},
    model::role::Role,
    pb,
};

/// Fields that name what a call is about, the first one counts.
const TARGETS: &[&str] = &[
    "user_id",
    "invitation_id",
    "domain_id",
    "api_key_id",
    "refresh_token",
    "access_token",
    "token",
    "page_token",
    "email",
];

/// Fields that a call does without.
const LEFT_OUT: &[&str] = &[
    "domains",
    "email_prefix",
    "enrollment",
    "etag",
    "expire_time",
    "home_url",
    "include_subdomains",
    "invitation_token",
    "owner_email",
    "page_size",
    "page_token",
    "seat_limit",
    "state",
    "token",
    "validate_only",
];

/// An RPC, as the contract has it.
pub struct Rpc {
    pub action: Action,
    pub path: String,
    pub method: MethodDescriptor,
    /// The field that names what it is about.
    pub field: Option<&'static str>,
}

/// Every RPC of the contract; those that the policy does not know fail here.
pub fn rpcs() -> Vec<Rpc> {
    let pool = DescriptorPool::decode(pb::DESCRIPTOR_SET).unwrap();
    let methods: Vec<_> = pool.services().flat_map(|it| it.methods().collect::<Vec<_>>()).collect();
    let all = methods.into_iter().map(|method| {
        let action = Action::ALL.iter().find(|action| action.as_str() == method.name());
        let action = *action.unwrap_or_else(|| panic!("no policy for {}", method.full_name()));
        let path = format!("{}/{}", method.parent_service().full_name(), method.name());
        let input = method.input();
        let named = TARGETS.iter().copied().find(|name| input.get_field_by_name(name).is_some());
        let argument = action.row().tenant_id == TenantField::Argument;
        let field = if argument { Some("tenant_id") } else { named };
        Rpc { action, path, method, field }
    });
    all.collect()
}

/// What a call is about: the value of the RPC's field, and whose it is.
#[derive(Debug, Clone)]
pub struct Object {
    pub value: String,
    /// Nobody's, when there is none.
    pub side: Option<Side>,
    /// The address that goes with a token.
    pub email: String,
}

impl Rpc {
    /// The request of one call.
    pub fn request(&self, it: &World, place: Placement, object: &Object) -> DynamicMessage {
        let mut message = DynamicMessage::new(self.method.input());
        for field in self.method.input().fields() {
            let name = field.name().to_owned();
            let value = if self.field == Some(name.as_str()) {
                Some(Value::String(object.value.clone()))
            } else {
                self.plain(it, &name, place, object)
            };
            if let Some(value) = value {
                message.try_set_field(&field, value).unwrap();
            }
        }
        message
    }

    fn plain(&self, it: &World, name: &str, place: Placement, object: &Object) -> Option<Value> {
        let text = |text: &str| Some(Value::String(text.to_owned()));
        let scoped = self.action.row().tenant_id == TenantField::Scope;
        match name {
            "tenant_id" if scoped => place.body.and_then(|side| text(&it.tenants[&side].id)),
            "tenant_id" => None,
            "email" => text(&object.email),
            "password" => text(PASSWORD),
            "name" | "display_name" => text("Somebody"),
            "slug" => text(&format!("new-{}", it.number())),
            "domain" => text(&format!("new-{}.com", it.number())),
            // A filter, where a list has one.
            "role" if self.action.as_str().starts_with("List") => None,
            "role" => Some(Value::EnumNumber(pb::common::v1::Role::Member.into())),
            "request_id" => text(&ghost()),
            "scope" => Some(Value::EnumNumber(pb::auth::v1::SignOutScope::Current.into())),
            "scopes" => Some(Value::List(vec![Value::String("users:read".to_owned())])),
            "delivery" => Some(Value::EnumNumber(pb::invitation::v1::Delivery::ReturnToken.into())),
            "update_mask" => self.mask(),
            left_out if LEFT_OUT.contains(&left_out) => None,
            other => panic!("{}: nothing says how to fill {other}", self.path),
        }
    }

    fn mask(&self) -> Option<Value> {
        let field = self.method.input().get_field_by_name("update_mask")?;
        let mut mask = DynamicMessage::new(field.kind().as_message()?.clone());
        let paths = vec![Value::String("display_name".to_owned())];
        mask.set_field_by_name("paths", Value::List(paths));
        Some(Value::Message(mask))
    }

    /// What stays as it is: for calls that are refused, and for those that read.
    pub fn standing(&self, it: &World, who: &Who, target: Target) -> Object {
        let side = self.side_of(who, target);
        let of = |side: Side, value: &str| Object {
            value: value.to_owned(),
            side: Some(side),
            email: format!("nobody@{}.com", side.slug()),
        };
        let home = of(who.home, "");
        let (Some(field), Some(side)) = (self.field, side) else {
            let value = self.unowned(target);
            return Object { value, side: None, email: "nobody@nowhere.org".to_owned() };
        };
        match field {
            "tenant_id" => of(side, &it.tenants[&side].id),
            "page_token" if target == Target::Own => home,
            "page_token" => of(side, it.page_token(side, self.action)),
            "email" => of(side, &format!("nobody@{}.com", side.slug())),
            "access_token" => of(side, it.tenants[&side].objects["access_token"].as_str()),
            "refresh_token" => of(side, &self.unowned(Target::Ghost)),
            _ => of(side, &it.tenants[&side].objects[field]),
        }
    }

    /// Where the object is; without a field for one, at the caller's.
    fn side_of(&self, who: &Who, target: Target) -> Option<Side> {
        let own = match who.home {
            _ if self.action == Action::AcceptInvitation => Side::Disko,
            // Nothing of a suspended tenant works, which other tests are about.
            Side::Corvo if self.action.is_public() => Side::Alderney,
            home => home,
        };
        match target {
            Target::Own => Some(own),
            Target::Other => Some(who.home.other()),
            Target::Ghost | Target::Malformed => None,
        }
    }

    /// A value that is nobody's.
    fn unowned(&self, target: Target) -> String {
        let malformed = target == Target::Malformed;
        match self.field {
            None => String::new(),
            Some("email") if malformed => "no address".to_owned(),
            Some("email") => "nobody@nowhere.org".to_owned(),
            Some(_) if malformed => "\u{1}not-one".to_owned(),
            Some("token") => "A".repeat(43),
            Some("refresh_token" | "access_token" | "page_token") => "A".repeat(120),
            Some(_) => ghost(),
        }
    }

    /// What a call that is allowed may change or use up: new for each of them.
    pub async fn fresh(&self, it: &mut World, who: &Who, target: Target) -> Object {
        let standing = self.standing(it, who, target);
        let (Some(field), Some(side)) = (self.field, standing.side) else {
            let value = match (self.action, target) {
                (Action::CreateInvitation, Target::Ghost) => it.neutral_address(),
                _ => standing.value,
            };
            return Object { value, ..standing };
        };
        let mut object = Object { email: it.address(side), ..standing };
        match field {
            "invitation_id" if self.action == Action::AcceptInvitation => {
                let email = it.address_of(who, target).await;
                object.value = it.invitation(side, &email).await.0;
            }
            "user_id" | "domain_id" | "api_key_id" | "invitation_id" => {
                object.value = it.object(field, side).await;
            }
            "refresh_token" => {
                let user = it.tenants[&side].objects["user_id"].clone();
                object.value = it.session(&user, side).await.1;
            }
            "token" if self.action == Action::SignUp => {
                object.value = it.server.start_sign_up(&object.email).await;
            }
            "token" => object.value = it.invitation(side, &object.email).await.1,
            "email" if self.action == Action::SignIn => {
                object.value = it.tenants[&side].objects["email"].clone();
            }
            // The account is of neither tenant, so either may invite it; the address tells of none.
            "email" if self.action == Action::CreateInvitation => {
                object.value = it.neutral_address();
                if target == Target::Other {
                    let member = Person::of(Role::Member);
                    it.person_at(Side::Disko, member, &object.value).await;
                }
            }
            "email" => object.value = object.email.clone(),
            _ => {}
        }
        object
    }
}
