//! Where a call comes from, as limits count it.

use std::{
    fmt,
    net::{IpAddr, Ipv6Addr},
};

/// An IPv4 address, or the /64 of an IPv6 address: whoever has one address of it has them all.
/// Calls whose address is not known count as one source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Source(Option<IpAddr>);

impl Source {
    pub fn of(address: Option<IpAddr>) -> Self {
        Self(address.map(|address| match address.to_canonical() {
            IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX)).into(),
            v4 @ IpAddr::V4(_) => v4,
        }))
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(address) => address.fmt(f),
            None => f.write_str("unknown"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Source {
        Source::of(Some(text.parse().unwrap()))
    }

    #[test]
    fn a_source_is_an_address_or_a_network_of_one_customer() {
        assert_eq!(source("2001:db8::1"), source("2001:db8::ffff:ffff:ffff:ffff"));
        assert_ne!(source("2001:db8::1"), source("2001:db8:0:1::1"));
        assert_eq!(source("::ffff:203.0.113.7"), source("203.0.113.7"));
        assert_ne!(source("203.0.113.7"), source("203.0.113.8"));
        assert_ne!(source("203.0.113.7"), Source::of(None));
    }

    #[test]
    fn a_source_reads_as_its_network() {
        assert_eq!(source("2001:db8::1").to_string(), "2001:db8::");
        assert_eq!(source("203.0.113.7").to_string(), "203.0.113.7");
        assert_eq!(Source::of(None).to_string(), "unknown");
    }
}
