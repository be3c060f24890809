//! The listener, the self-test before it opens, the way it closes, and the log.

use super::{lifetimes::duration_between, security::Environment, source::Lookup};
use crate::telemetry::{self, Format};
use ipnet::IpNet;
use std::{
    io::IsTerminal,
    net::{IpAddr, SocketAddr},
    time::Duration,
};

const MINUTE: Duration = Duration::from_mins(1);

#[derive(Debug, Clone)]
pub struct Server {
    pub listen: SocketAddr,
    /// Plaintext on an address that is not loopback was asked for.
    pub allow_plaintext: bool,
    /// Peers whose `x-forwarded-for` is believed.
    pub trusted_proxies: Vec<IpNet>,
    pub reflection: bool,
    pub skip_pre_startup_tests: bool,
    pub pre_startup_test_timeout: Duration,
    /// How long health says "not serving" before connections are closed.
    pub drain_delay: Duration,
    /// How long calls may take to end after that.
    pub drain_grace: Duration,
}

#[derive(Debug, Clone)]
pub struct Log {
    /// Directives as in `RUST_LOG`; `None` is `info`.
    pub filter: Option<String>,
    pub format: Format,
}

impl Server {
    pub(super) fn read(lookup: &mut Lookup, environment: Environment) -> Self {
        let production = environment.is_production();
        let delay = Duration::from_secs(if production { 2 } else { 0 });
        let test_timeout = Duration::from_secs(30);
        let show_seconds = |wait: &Duration| wait.as_secs().to_string();
        Self {
            listen: listen(lookup),
            allow_plaintext: lookup.flag("REEVE_ALLOW_PLAINTEXT", false),
            trusted_proxies: lookup
                .optional("REEVE_TRUSTED_PROXIES", "(none)", networks, show_networks)
                .unwrap_or_default(),
            reflection: lookup.flag("REEVE_REFLECTION", !production),
            skip_pre_startup_tests: lookup.flag("SKIP_PRE_STARTUP_TESTS", false),
            pre_startup_test_timeout: lookup.value(
                "PRE_STARTUP_TEST_TIMEOUT",
                test_timeout,
                seconds,
                show_seconds,
            ),
            drain_delay: duration_between(
                lookup,
                "REEVE_DRAIN_DELAY",
                delay,
                Duration::ZERO..=10 * MINUTE,
            ),
            drain_grace: duration_between(
                lookup,
                "REEVE_DRAIN_GRACE",
                Duration::from_secs(20),
                Duration::ZERO..=60 * MINUTE,
            ),
        }
    }

    pub fn is_loopback(&self) -> bool {
        self.listen.ip().to_canonical().is_loopback()
    }
}

impl Log {
    pub(super) fn read(lookup: &mut Lookup, development_mode: bool) -> Self {
        let people = development_mode || std::io::stderr().is_terminal();
        let format = if people { Format::Text } else { Format::Json };
        Self {
            filter: lookup.optional("RUST_LOG", telemetry::DEFAULT_FILTER, filter, String::clone),
            format: lookup.value("REEVE_LOG_FORMAT", format, str::parse, Format::to_string),
        }
    }
}

pub(super) fn listen(lookup: &mut Lookup) -> SocketAddr {
    let default = SocketAddr::from(([127, 0, 0, 1], 50051));
    lookup.value("REEVE_LISTEN", default, address, SocketAddr::to_string)
}

fn address(text: &str) -> Result<SocketAddr, String> {
    text.trim().parse().map_err(|_| {
        "expected an IP address and a port, such as 127.0.0.1:50051 or [::]:50051".into()
    })
}

/// Addresses and networks between commas.
fn networks(text: &str) -> Result<Vec<IpNet>, String> {
    text.split(',').map(|one| network(one.trim())).collect()
}

fn network(text: &str) -> Result<IpNet, String> {
    let address = || text.parse().map(|address: IpAddr| IpNet::from(address.to_canonical()));
    let network: IpNet = text.parse().or_else(|_| address()).map_err(|_| {
        "expected addresses and networks between commas, such as 10.0.0.7, 10.1.0.0/16 or fd00::/8"
    })?;
    if network.addr() != network.network() || network.addr() != network.addr().to_canonical() {
        return Err("a network begins with its first address, and IPv4 is written as such".into());
    }
    if network.prefix_len() == 0 {
        return Err("a prefix of 0 would let anybody say where they come from".into());
    }
    Ok(network)
}

#[allow(clippy::ptr_arg, reason = "settings are shown from the type they are parsed to")]
fn show_networks(networks: &Vec<IpNet>) -> String {
    let shown = |network: &IpNet| {
        let single = network.prefix_len() == network.max_prefix_len();
        if single { network.addr().to_string() } else { network.to_string() }
    };
    networks.iter().map(shown).collect::<Vec<_>>().join(", ")
}

fn seconds(text: &str) -> Result<Duration, String> {
    match text.trim().parse() {
        Ok(seconds @ 1..=600) => Ok(Duration::from_secs(seconds)),
        _ => Err("expected a whole number of seconds from 1 to 600".into()),
    }
}

fn filter(text: &str) -> Result<String, String> {
    telemetry::check_filter(text).map(|()| text.to_owned())
}
