//! Every RPC is a table of the policy file, and every table an RPC of the service it names.

use crate::contract::rpcs;
use reeve::access::Action;
use std::collections::BTreeMap;

/// The names of each service's RPCs, in order.
type Services = BTreeMap<String, Vec<String>>;

// R-TEN-4
#[test]
fn the_policy_and_the_contract_have_the_same_rpcs_in_the_same_order() {
    let mut published = Services::new();
    for (full, name) in rpcs() {
        let service = full.split('/').next().unwrap().to_owned();
        published.entry(service).or_default().push(name);
    }
    let mut decided = Services::new();
    for action in Action::ALL {
        if let Some(service) = action.row().service {
            decided.entry(service.to_owned()).or_default().push(action.as_str().to_owned());
        }
    }
    assert_eq!(decided, published);
}

#[test]
fn only_these_actions_have_no_rpc() {
    let alone = Action::ALL.iter().filter(|action| action.row().service.is_none());
    let alone: Vec<_> = alone.map(|action| action.as_str()).collect();
    assert_eq!(alone, ["CreateOperatorKey", "ListOperatorKeys", "RevokeOperatorKey"]);
}
