//! Truth tables: kinds of caller × rules × the tenant that is named × the header.

use super::{
    Caller, NamedTenant, Scope, SystemUse,
    rule::{ByOperator, Person, Refusal, Rule},
    testing::*,
};
use crate::model::{api_key::KeyScope, id::TenantId, role::Role};

type Answer = Result<Scope, Refusal>;

const NOBODY: Rule =
    Rule { anyone: None, person: None, key: None, tenant_key: None, operator: None };
const SYNC: SystemUse = SystemUse::Sync;

fn plainly(rule: Rule, caller: &Caller) -> Answer {
    rule.decide(caller, NamedTenant::None, None)
}

/// What a request can name: the field and the header.
type Named = [(NamedTenant, Option<TenantId>)];

fn every_name() -> Vec<(NamedTenant, Option<TenantId>)> {
    let fields = [
        NamedTenant::None,
        NamedTenant::Scope(None),
        NamedTenant::Scope(Some(own())),
        NamedTenant::Scope(Some(other())),
        NamedTenant::Argument(own()),
        NamedTenant::Argument(other()),
    ];
    let headers = [None, Some(own()), Some(other()), Some(third())];
    fields.into_iter().flat_map(|field| headers.map(|header| (field, header))).collect()
}

#[track_caller]
fn assert_answers(rule: Rule, caller: &Caller, named: &Named, expected: impl Fn(usize) -> Answer) {
    for (at, (field, header)) in named.iter().enumerate() {
        let answer = rule.decide(caller, *field, *header);
        assert_eq!(answer, expected(at), "{rule:?} {caller:?} {field:?} {header:?}");
    }
}

fn every_caller() -> Vec<Caller> {
    let roles = Role::ALL.iter();
    let people = roles.clone().map(|role| user(*role));
    let keys = roles.flat_map(|role| [key(*role, &[]), key(*role, KeyScope::ALL)]);
    let platform = [platform_key(&[]), platform_key(KeyScope::ALL), COMMAND_LINE];
    people.chain(keys).chain(platform).chain([Caller::Anonymous]).collect()
}

#[test]
fn anyone_is_anyone_whatever_is_named() {
    let rule = Rule { anyone: Some(SystemUse::SignIn), ..NOBODY };
    for caller in every_caller() {
        let open = |_| Ok(Scope::system(SystemUse::SignIn));
        assert_answers(rule, &caller, &every_name(), open);
    }
}

#[test]
fn who_is_not_mentioned_is_refused() {
    for caller in every_caller() {
        let expected = match caller {
            Caller::Anonymous => Refusal::CredentialMissing,
            _ => Refusal::Denied,
        };
        assert_eq!(plainly(NOBODY, &caller), Err(expected), "{caller:?}");
    }
    let all = Rule {
        person: Some(Person::From(Role::Member)),
        key: Some(KeyScope::UsersRead),
        tenant_key: Some(Role::Member),
        operator: Some(ByOperator::Everywhere(SYNC)),
        ..NOBODY
    };
    let missing = |_| Err(Refusal::CredentialMissing);
    assert_answers(all, &Caller::Anonymous, &every_name(), missing);
    // One kind of caller never passes by another kind's attribute.
    let people = Rule { person: all.person, ..NOBODY };
    let keys = Rule { key: all.key, tenant_key: all.tenant_key, ..NOBODY };
    let operators = Rule { operator: all.operator, key: all.key, ..NOBODY };
    let scopes = KeyScope::ALL;
    let asked = [user(Role::Owner), key(Role::Owner, scopes), platform_key(scopes), COMMAND_LINE];
    for (rule, passes) in [
        (people, [true, false, false, false]),
        (keys, [false, true, false, false]),
        (operators, [false, false, true, true]),
        (all, [true; 4]),
    ] {
        assert_eq!(
            asked.each_ref().map(|caller| plainly(rule, caller).is_ok()),
            passes,
            "{rule:?}"
        );
    }
}

// G-48: each role × each least role.
#[test]
fn a_role_reaches_its_own_height_and_no_more() {
    for (least, member, admin, owner) in [
        (Role::Member, true, true, true),
        (Role::Admin, false, true, true),
        (Role::Owner, false, false, true),
    ] {
        let rule = Rule {
            person: Some(Person::From(least)),
            key: Some(KeyScope::UsersWrite),
            tenant_key: Some(least),
            ..NOBODY
        };
        for (role, passes) in [(Role::Member, member), (Role::Admin, admin), (Role::Owner, owner)] {
            let expected = if passes { Ok(Scope::tenant(own())) } else { Err(Refusal::Denied) };
            assert_eq!(plainly(rule, &user(role)), expected, "{role} for {least}");
            let key = key(role, &[KeyScope::UsersWrite]);
            assert_eq!(plainly(rule, &key), expected, "a key of {role} for {least}");
        }
    }
}

#[test]
fn own_rows_are_a_persons_in_any_role_and_never_a_keys() {
    let rule = Rule { person: Some(Person::Own), key: Some(KeyScope::UsersRead), ..NOBODY };
    for role in Role::ALL {
        assert_eq!(plainly(rule, &user(*role)), Ok(Scope::own(person())));
        assert_eq!(plainly(rule, &key(*role, KeyScope::ALL)), Err(Refusal::Denied));
    }
    // An argument is the operation's to judge: it may be a tenant to switch to.
    let foreign = rule.decide(&user(Role::Member), NamedTenant::Argument(other()), None);
    assert_eq!(foreign, Ok(Scope::own(person())));
}

// G-42: all 2^4 rows; only all four together pass.
#[test]
fn a_tenant_key_needs_the_scope_and_the_role_both() {
    for row in 0..16_u8 {
        let [asks, has, open, reaches] = [1, 2, 4, 8].map(|bit| row & bit != 0);
        let rule = Rule {
            // Neither of these lets a tenant's key in.
            person: Some(Person::From(Role::Member)),
            operator: Some(ByOperator::Everywhere(SYNC)),
            key: asks.then_some(KeyScope::UsersRead),
            tenant_key: open.then_some(Role::Admin),
            ..NOBODY
        };
        let scope = if has { KeyScope::UsersRead } else { KeyScope::UsersWrite };
        let caller = key(if reaches { Role::Admin } else { Role::Member }, &[scope]);
        let expected = if row == 15 { Ok(Scope::tenant(own())) } else { Err(Refusal::Denied) };
        assert_eq!(plainly(rule, &caller), expected, "{rule:?} {caller:?}");
    }
}

#[test]
fn a_tenant_key_without_scopes_may_nothing_and_one_with_others_no_more() {
    for asked in KeyScope::ALL {
        let rule = Rule { key: Some(*asked), tenant_key: Some(Role::Member), ..NOBODY };
        assert_eq!(plainly(rule, &key(Role::Owner, &[])), Err(Refusal::Denied));
        let others: Vec<_> = KeyScope::ALL.iter().copied().filter(|it| it != asked).collect();
        assert_eq!(plainly(rule, &key(Role::Owner, &others)), Err(Refusal::Denied));
        assert_eq!(plainly(rule, &key(Role::Owner, &[*asked])), Ok(Scope::tenant(own())));
    }
}

// G-42: all 2^3 rows; a platform key passes unless it is limited to other scopes.
#[test]
fn a_platform_key_is_bound_by_its_scopes_if_it_has_any() {
    for row in 0..8_u8 {
        let [limited, asks, has] = [1, 2, 4].map(|bit| row & bit != 0);
        let rule = Rule {
            key: asks.then_some(KeyScope::DomainsWrite),
            operator: Some(ByOperator::Everywhere(SYNC)),
            ..NOBODY
        };
        let scope = if has { KeyScope::DomainsWrite } else { KeyScope::DomainsRead };
        let caller = if limited { platform_key(&[scope]) } else { platform_key(&[]) };
        let passes = !limited || (asks && has);
        let expected = if passes { Ok(Scope::system(SYNC)) } else { Err(Refusal::Denied) };
        assert_eq!(plainly(rule, &caller), expected, "{rule:?} {caller:?}");
        assert_eq!(plainly(rule, &COMMAND_LINE), Ok(Scope::system(SYNC)));
    }
}

// R-TEN-1, R-TEN-2, R-TEN-3: what is named never widens what the credential gives.
#[test]
fn people_and_tenant_keys_stay_in_their_tenant() {
    let rule = Rule {
        person: Some(Person::From(Role::Admin)),
        key: Some(KeyScope::UsersRead),
        tenant_key: Some(Role::Admin),
        ..NOBODY
    };
    let scopes = &[KeyScope::UsersRead];
    let named = every_name();
    let answer = |at: usize, otherwise: Answer| {
        let (field, header) = named[at];
        let scope_is_foreign = field == NamedTenant::Scope(Some(other()));
        if scope_is_foreign || (header.is_some() && header != Some(own())) {
            Err(Refusal::Mismatch)
        } else {
            otherwise
        }
    };
    let inside = |at: usize| {
        let foreign = named[at].0 == NamedTenant::Argument(other());
        let found = if foreign { Err(Refusal::NotFound) } else { Ok(Scope::tenant(own())) };
        answer(at, found)
    };
    for role in [Role::Admin, Role::Owner] {
        assert_answers(rule, &user(role), &named, inside);
        assert_answers(rule, &key(role, scopes), &named, inside);
    }
    // Who may not do it does not learn whether the tenant exists.
    let denied = |at: usize| answer(at, Err(Refusal::Denied));
    assert_answers(rule, &user(Role::Member), &named, denied);
    assert_answers(rule, &key(Role::Member, scopes), &named, denied);
    assert_answers(rule, &key(Role::Owner, &[]), &named, denied);
    let own_rows = Rule { person: Some(Person::Own), ..rule };
    let self_only = |at: usize| answer(at, Ok(Scope::own(person())));
    assert_answers(own_rows, &user(Role::Member), &named, self_only);
}

#[test]
fn operators_reach_what_their_rule_says() {
    use {NamedTenant as N, Refusal::TenantRequired};
    let all = || Ok(Scope::system(SYNC));
    let there = || Ok(Scope::tenant(other()));
    for (field, in_tenant, everywhere, either) in [
        (N::None, Err(TenantRequired), all(), all()),
        (N::Scope(None), Err(TenantRequired), all(), all()),
        (N::Scope(Some(other())), there(), all(), there()),
        (N::Argument(other()), there(), all(), there()),
    ] {
        for (reach, expected) in [
            (ByOperator::InTenant, in_tenant),
            (ByOperator::Everywhere(SYNC), everywhere),
            (ByOperator::Either(SYNC), either),
        ] {
            let rule = Rule { operator: Some(reach), ..NOBODY };
            for caller in [platform_key(&[]), COMMAND_LINE] {
                assert_eq!(rule.decide(&caller, field, None), expected, "{reach:?} {field:?}");
            }
        }
    }
}

// R-TEN-2: for an operator too the header chooses nothing and contradicts nothing.
#[test]
fn an_operators_header_is_only_compared() {
    for reach in [
        Some(ByOperator::InTenant),
        Some(ByOperator::Everywhere(SYNC)),
        Some(ByOperator::Either(SYNC)),
        None,
    ] {
        let rule = Rule { operator: reach, ..NOBODY };
        for (field, header) in every_name() {
            let named = match field {
                NamedTenant::Scope(Some(tenant)) | NamedTenant::Argument(tenant) => Some(tenant),
                NamedTenant::None | NamedTenant::Scope(None) => None,
            };
            let contradicts = named.is_some() && header.is_some() && named != header;
            for caller in [platform_key(&[]), COMMAND_LINE] {
                let expected = if contradicts {
                    Err(Refusal::Mismatch)
                } else {
                    rule.decide(&caller, field, None)
                };
                let answer = rule.decide(&caller, field, header);
                assert_eq!(answer, expected, "{reach:?} {field:?} {header:?}");
            }
        }
    }
}

/// A limited key learns nothing of what it may not do, not even that a tenant is needed.
#[test]
fn a_limited_platform_key_is_refused_before_it_is_asked_for_a_tenant() {
    let rule =
        Rule { key: Some(KeyScope::UsersRead), operator: Some(ByOperator::InTenant), ..NOBODY };
    let refused = plainly(rule, &platform_key(&[KeyScope::UsersWrite]));
    assert_eq!(refused, Err(Refusal::Denied));
    let asked = plainly(rule, &platform_key(&[KeyScope::UsersRead]));
    assert_eq!(asked, Err(Refusal::TenantRequired));
}
