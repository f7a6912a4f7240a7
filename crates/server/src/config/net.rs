//! Addresses: base URLs of upstreams, outgoing proxies, networks, host names.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str::FromStr,
};

use http::{
    Uri,
    uri::{Authority, Scheme},
};

use super::{secret::Secret, values::written_as_text};

/// The base URL of an upstream: scheme, authority and a path that requests are appended to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseUrl {
    scheme: Scheme,
    authority: Authority,
    path: String,
}

impl BaseUrl {
    /// `http` or `https`.
    pub fn scheme(&self) -> &Scheme {
        &self.scheme
    }

    /// Says whether the upstream is reached over TLS.
    pub fn is_tls(&self) -> bool {
        self.scheme == Scheme::HTTPS
    }

    /// Host and, where one is given, port; never credentials.
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// The host; an IPv6 address stands in brackets.
    pub fn host(&self) -> &str {
        self.authority.host()
    }

    /// The port, given or by scheme.
    pub fn port(&self) -> u16 {
        self.authority.port_u16().unwrap_or(if self.is_tls() { 443 } else { 80 })
    }

    /// What stands before the path of every request: empty, or a path that starts with `/` and does not end in one.
    pub fn path_prefix(&self) -> &str {
        &self.path
    }
}

impl FromStr for BaseUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let uri: Uri = text.parse().map_err(|e| format!("not a URL: {e}"))?;
        let parts = uri.into_parts();
        let scheme = match parts.scheme {
            Some(scheme) if scheme == Scheme::HTTP || scheme == Scheme::HTTPS => scheme,
            Some(scheme) => return Err(format!("scheme \"{scheme}\" is neither http nor https")),
            None => return Err("there is no http:// or https://".to_owned()),
        };
        let authority = checked_authority(parts.authority)?;
        if authority.as_str().contains('@') {
            return Err("credentials do not belong in it: clients send their own".to_owned());
        }
        let (path, query) = parts.path_and_query.as_ref().map_or(("", None), |p| (p.path(), p.query()));
        if query.is_some() || text.contains('#') {
            return Err("a query or fragment cannot stand before a path".to_owned());
        }
        Ok(Self { scheme, authority, path: path.trim_end_matches('/').to_owned() })
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}", self.scheme, self.authority, self.path)
    }
}

/// An outgoing HTTP proxy, with or without `USER:PASSWORD@`; prints without them.
#[derive(Clone, PartialEq, Eq)]
pub struct ProxyUrl {
    url: Secret,
    shown: String,
}

impl ProxyUrl {
    /// The URL with its credentials.
    pub fn expose(&self) -> &str {
        self.url.expose()
    }
}

impl FromStr for ProxyUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // The usual variables are often written without a scheme.
        let full = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
        // The parser's own message could repeat a password.
        let uri: Uri = full.parse().map_err(|_| "not a URL".to_owned())?;
        let parts = uri.into_parts();
        if !parts.scheme.as_ref().is_some_and(|s| *s == Scheme::HTTP || *s == Scheme::HTTPS) {
            return Err("scheme is neither http nor https".to_owned());
        }
        if parts.path_and_query.as_ref().is_some_and(|p| p.as_str() != "/") {
            return Err("a proxy has no path".to_owned());
        }
        let authority = checked_authority(parts.authority)?;
        let scheme = parts.scheme.as_ref().map_or("http", Scheme::as_str);
        let shown = match authority.as_str().rsplit_once('@') {
            Some((_, host)) => format!("{scheme}://***@{host}"),
            None => format!("{scheme}://{authority}"),
        };
        Ok(Self { url: Secret::new(full), shown })
    }
}

impl fmt::Display for ProxyUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for ProxyUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

fn checked_authority(authority: Option<Authority>) -> Result<Authority, String> {
    let authority = authority.ok_or_else(|| "there is no host".to_owned())?;
    if authority.host().is_empty() {
        return Err("there is no host".to_owned());
    }
    if authority.port_u16() == Some(0) {
        return Err("port 0 cannot be reached".to_owned());
    }
    Ok(authority)
}

/// A network: an address and the number of leading bits that count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cidr {
    network: IpAddr,
    prefix: u8,
}

impl Cidr {
    /// Says whether an address belongs to the network. An IPv4 address that arrives as `::ffff:a.b.c.d` counts as IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.network, address.to_canonical()) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                (u32::from(network) ^ u32::from(address)) & mask32(self.prefix) == 0
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                (u128::from(network) ^ u128::from(address)) & mask128(self.prefix) == 0
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

fn mask32(prefix: u8) -> u32 {
    u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0)
}

fn mask128(prefix: u8) -> u128 {
    u128::MAX.checked_shl(128 - u32::from(prefix)).unwrap_or(0)
}

impl FromStr for Cidr {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (address, prefix) = text.split_once('/').map_or((text, None), |(a, p)| (a, Some(p)));
        let address: IpAddr = address.parse().map_err(|_| format!("\"{address}\" is not an IP address"))?;
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            None => longest,
            Some(text) => match text.parse::<u8>() {
                Ok(bits) if bits <= longest => bits,
                _ => return Err(format!("\"{text}\" is not a number of bits from 0 to {longest}")),
            },
        };
        let network = match address {
            IpAddr::V4(a) => IpAddr::V4(Ipv4Addr::from(u32::from(a) & mask32(prefix))),
            IpAddr::V6(a) => IpAddr::V6(Ipv6Addr::from(u128::from(a) & mask128(prefix))),
        };
        if network != address {
            return Err(format!("bits are set behind the prefix, {network}/{prefix} would be the network"));
        }
        Ok(Self { network, prefix })
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.network, self.prefix)
    }
}

/// A host name or address as it stands in a `Host` header, without port, in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostName(String);

impl HostName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for HostName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let authority: Authority = text.parse().map_err(|_| "not a host name".to_owned())?;
        if authority.host() != text {
            return Err("only the name is compared, without port".to_owned());
        }
        Ok(Self(text.to_ascii_lowercase()))
    }
}

impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

written_as_text!(BaseUrl, "BaseUrl", {
    "type": "string",
    "x-expected": "an http:// or https:// URL such as https://api.openai.com",
});
written_as_text!(ProxyUrl, "ProxyUrl", {
    "type": "string",
    "x-secret": true,
    "x-expected": "the URL of an HTTP proxy such as http://proxy:3128, literally, as env:NAME or as file:PATH",
});
written_as_text!(Cidr, "Cidr", {
    "type": "string",
    "x-expected": "an IP address or a network such as 10.0.0.0/8",
});
written_as_text!(HostName, "HostName", {
    "type": "string",
    "x-expected": "a host name without port",
});
