//! Short names, home pages, and what outsiders call a tenant.

use super::{Enrollment, HomeUrl, Slug, Tenant, TenantState};
use crate::model::{
    clock::Instant,
    id::{Id as _, TenantId},
    role::Role,
    text::DisplayName,
};

#[test]
fn a_slug_is_short_and_plain() {
    let longest = "a".repeat(40);
    for text in ["ac", "a-c", "4c", "a--c", &longest] {
        assert_eq!(Slug::parse("slug", text).unwrap().as_str(), text);
    }
    let too_long = "a".repeat(41);
    for text in ["", "a", &too_long, "Acme", "-acme", "acme-", "ac me", "ac_me", "\u{e4}cme"] {
        let refused = Slug::parse("slug", text).unwrap_err();
        assert_eq!((refused.field, refused.reason), ("slug", "SLUG_MALFORMED"), "{text}");
    }
    assert_eq!(Slug::from_stored("No Slug".to_owned()).as_str(), "No Slug");
}

#[test]
fn a_home_page_is_on_the_web_and_holds_no_credential() {
    let page = |length: usize| format!("https://acme.com/{}", "a".repeat(length - 17));
    let longest = page(2_000);
    for text in ["", "https://acme.com", "http://localhost:3000/x?y=z#w", &longest] {
        assert_eq!(HomeUrl::parse("home_url", text).unwrap().as_str(), text);
    }
    assert_eq!(HomeUrl::parse("home_url", "").unwrap(), HomeUrl::default());
    let (too_long, much_too_long) = (page(2_001), page(2_002));
    for text in [
        "acme.com",
        "https://",
        "ftp://acme.com",
        "javascript:alert(1)",
        "mailto:ann@acme.com",
        "https://ann@acme.com",
        "https://:secret@acme.com",
        "https://acme.com/\u{202e}",
        "https://acme.com/\n",
        &too_long,
        &much_too_long,
    ] {
        let refused = HomeUrl::parse("home_url", text).unwrap_err();
        assert_eq!((refused.field, refused.reason), ("home_url", "URL_INVALID"), "{text}");
    }
    assert_eq!(HomeUrl::from_stored("none".to_owned()).as_str(), "none");
}

#[test]
fn a_tenant_without_a_name_is_called_by_its_slug() {
    let tenant = |name: &str| Tenant {
        id: TenantId::from_uuid(uuid::Uuid::nil()),
        slug: Slug::parse("slug", "acme").unwrap(),
        display_name: DisplayName::parse("display_name", name).unwrap(),
        state: TenantState::Active,
        enrollment: Enrollment::Domain,
        default_role: Role::Member,
        seat_limit: None,
        mfa_required: false,
        home_url: HomeUrl::default(),
        create_time: Instant::from_micros(1),
        update_time: Instant::from_micros(0xabc),
    };
    assert_eq!((tenant("").shown_name(), tenant("Acme Ltd").shown_name()), ("acme", "Acme Ltd"));
    assert_eq!(tenant("").etag(), "abc");
}
