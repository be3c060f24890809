//! Whose call it is: the socket's peer, or whom a trusted proxy names.

use http::HeaderMap;
use ipnet::IpNet;
use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

const HEADER: &str = "x-forwarded-for";

/// Proxies whose word is taken; without any, the header says nothing.
#[derive(Debug, Clone, Default)]
pub struct TrustedProxies(Arc<[IpNet]>);

impl TrustedProxies {
    pub fn new(networks: &[IpNet]) -> Self {
        Self(networks.into())
    }

    /// The address nearest to us that is not a trusted proxy's. Every proxy appends the one it
    /// was called by, so what stands further left may be anybody's invention. Where the list ends
    /// or cannot be read, the call is the last proxy's own.
    pub(super) fn caller(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let lists = headers.get_all(HEADER).iter().rev();
        let mut entries = lists.flat_map(|list| list.to_str().unwrap_or_default().rsplit(','));
        let mut nearest = peer.to_canonical();
        while self.trusts(nearest) {
            let Some(address) = entries.next().and_then(address) else { break };
            nearest = address;
        }
        nearest
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }
}

/// An address, with a port or without.
fn address(entry: &str) -> Option<IpAddr> {
    let entry = entry.trim();
    let with_port = || entry.parse().map(|address: SocketAddr| address.ip());
    entry.parse().or_else(|_| with_port()).ok().map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    const PEER: &str = "10.0.0.1";

    fn caller(peer: &str, lists: &[&[u8]]) -> String {
        let networks = ["10.0.0.0/8", "fd00::/8"].map(|network| network.parse().unwrap());
        let mut headers = HeaderMap::new();
        for list in lists {
            headers.append(HEADER, HeaderValue::from_bytes(list).unwrap());
        }
        TrustedProxies::new(&networks).caller(peer.parse().unwrap(), &headers).to_string()
    }

    // R-RL-1, G-90
    #[test]
    fn the_nearest_address_that_is_no_trusted_proxy_is_the_caller() {
        let cases: [(&[&[u8]], &str); 9] = [
            (&[], PEER),
            (&[b"203.0.113.7"], "203.0.113.7"),
            (&[b"198.51.100.1, 203.0.113.7"], "203.0.113.7"),
            (&[b"198.51.100.1,203.0.113.7 , 10.9.9.9"], "203.0.113.7"),
            (&[b"198.51.100.1", b"203.0.113.7", b"10.9.9.9"], "203.0.113.7"),
            (&[b"10.1.1.1, fd00::1"], "10.1.1.1"),
            (&[b"2001:db8::1"], "2001:db8::1"),
            (&[b"[2001:db8::1]:443, 10.9.9.9:80"], "2001:db8::1"),
            (&[b"::ffff:203.0.113.7"], "203.0.113.7"),
        ];
        for (lists, expected) in cases {
            assert_eq!(caller(PEER, lists), expected, "{lists:?}");
        }
        assert_eq!(caller("::ffff:10.0.0.1", &[b"203.0.113.7"]), "203.0.113.7");
    }

    #[test]
    fn what_cannot_be_read_is_not_passed_over() {
        for list in [&b"203.0.113.7, unknown"[..], b"203.0.113.7,", b"203.0.113.7 10.9.9.9", b""] {
            assert_eq!(caller(PEER, &[list]), PEER, "{list:?}");
        }
        assert_eq!(caller(PEER, &[b"203.0.113.7, x, 10.9.9.9"]), "10.9.9.9");
        assert_eq!(caller(PEER, &[b"203.0.113.7", b"\xff"]), PEER);
    }

    // G-90
    #[test]
    fn a_peer_that_is_not_trusted_speaks_for_itself() {
        assert_eq!(caller("203.0.113.9", &[b"198.51.100.1"]), "203.0.113.9");
        let mut headers = HeaderMap::new();
        headers.append(HEADER, HeaderValue::from_static("198.51.100.1"));
        let peer = IpAddr::from([127, 0, 0, 1]);
        assert_eq!(TrustedProxies::default().caller(peer, &headers), peer);
    }
}
