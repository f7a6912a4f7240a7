//! Where a request comes from.

use std::net::{IpAddr, SocketAddr};

use http::{HeaderMap, header::HeaderName};

use crate::config::Cidr;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The client's address: the peer, or behind trusted proxies the last address of `X-Forwarded-For` that is not one of them.
pub fn client_address(headers: &HeaderMap, peer: SocketAddr, trusted: &[Cidr]) -> IpAddr {
    let is_trusted = |ip: IpAddr| trusted.iter().any(|block| block.contains(ip));
    let mut client = peer.ip().to_canonical();
    if !is_trusted(client) {
        return client;
    }
    let forwarded: Vec<&str> =
        headers.get_all(FORWARDED_FOR).iter().filter_map(|v| v.to_str().ok()).flat_map(|v| v.split(',')).collect();
    for address in forwarded.into_iter().rev() {
        let Ok(ip) = address.trim().parse::<IpAddr>() else { break };
        client = ip.to_canonical();
        if !is_trusted(client) {
            break;
        }
    }
    client
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn forwarded_addresses_are_believed_only_behind_trusted_proxies() {
        let sent = HeaderValue::from_static("9.9.9.9, 203.0.113.7, 10.0.0.2");
        let headers = HeaderMap::from_iter([(FORWARDED_FOR, sent)]);
        let trusted = ["10.0.0.0/8".parse().unwrap()];
        let from = |peer: &str, trusted: &[Cidr]| {
            client_address(&headers, SocketAddr::new(peer.parse().unwrap(), 1), trusted).to_string()
        };
        assert_eq!(from("10.0.0.1", &trusted), "203.0.113.7");
        assert_eq!(from("198.51.100.1", &trusted), "198.51.100.1");
        assert_eq!(from("10.0.0.1", &[]), "10.0.0.1");
    }
}
