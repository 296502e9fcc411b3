//! Where a request comes from: the address and the scheme of the client, behind proxies that are trusted to tell.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, header};
use axum::middleware::Next;
use axum::response::Response;
use ipnet::IpNet;

/// Proxies that one request may have passed.
const MAX_PROXIES: usize = 16;
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// In the extensions of a request: whether its connection to this server is TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Encrypted(pub(crate) bool);

/// The networks of the proxies whose headers are believed.
#[derive(Clone, Debug, Default)]
pub struct TrustedProxies(Arc<[IpNet]>);

impl TrustedProxies {
    /// Trusts these networks.
    pub fn new(networks: &[IpNet]) -> Self {
        Self(networks.into())
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }

    /// The origin of a request from `peer`, over TLS or not. A header is believed only as far as trusted proxies wrote it: the client is
    /// the last address that is not one of them.
    fn origin(&self, peer: IpAddr, is_tls: bool, headers: &HeaderMap) -> Origin {
        let peer = peer.to_canonical();
        if !self.trusts(peer) {
            return Origin { address: peer, is_https: is_tls };
        }
        let (addresses, scheme) = if headers.contains_key(FORWARDED_FOR)
            || headers.contains_key(FORWARDED_PROTO)
        {
            (values(headers, &FORWARDED_FOR), values(headers, &FORWARDED_PROTO).into_iter().next_back())
        } else {
            let elements = values(headers, &header::FORWARDED);
            let scheme = elements.iter().rev().find_map(|element| pair(element, "proto")).map(str::to_owned);
            (elements.iter().map(|element| pair(element, "for").unwrap_or("").to_owned()).collect(), scheme)
        };
        let mut address = peer;
        for text in addresses.iter().rev().take(MAX_PROXIES) {
            // A name that hides the address, such as `unknown`, ends the chain.
            let Some(next) = parsed(text) else { break };
            address = next;
            if !self.trusts(next) {
                break;
            }
        }
        let is_https = scheme.map_or(is_tls, |scheme| scheme.eq_ignore_ascii_case("https"));
        Origin { address, is_https }
    }
}

/// The client of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Origin {
    /// Its address.
    pub(super) address: IpAddr,
    /// Whether it speaks HTTPS, with the first proxy or with this server.
    pub(super) is_https: bool,
}

impl Origin {
    /// The part of the address that one client cannot change at will: all of IPv4, and 64 bits of IPv6.
    pub(super) fn network(&self) -> IpAddr {
        match self.address {
            IpAddr::V4(address) => address.into(),
            IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Origin {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        // A router without [`identify`] is called in the process.
        let unknown = Self { address: IpAddr::V6(Ipv6Addr::UNSPECIFIED), is_https: false };
        Ok(parts.extensions.get().copied().unwrap_or(unknown))
    }
}

/// Adds the [`Origin`] to a request.
pub(super) async fn identify(
    State(proxies): State<TrustedProxies>,
    mut request: Request,
    next: Next,
) -> Response {
    if let Some(ConnectInfo(peer)) = request.extensions().get::<ConnectInfo<SocketAddr>>() {
        let is_tls = matches!(request.extensions().get(), Some(Encrypted(true)));
        let origin = proxies.origin(peer.ip(), is_tls, request.headers());
        request.extensions_mut().insert(origin);
    }
    next.run(request).await
}

/// The comma-separated values of a header that may be repeated.
fn values(headers: &HeaderMap, name: &HeaderName) -> Vec<String> {
    let lines = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(|value| value.trim().to_owned()).collect()
}

/// The value of a parameter of an element of `Forwarded`.
fn pair<'e>(element: &'e str, name: &str) -> Option<&'e str> {
    let mut pairs = element.split(';').filter_map(|pair| pair.trim().split_once('='));
    pairs.find_map(|(key, value)| key.eq_ignore_ascii_case(name).then_some(value.trim_matches('"')))
}

/// An address, which may have brackets and a port.
fn parsed(text: &str) -> Option<IpAddr> {
    let text = text.trim_matches('"');
    let bare = text.strip_prefix('[').and_then(|rest| rest.split_once(']')).map(|(address, _)| address);
    let address = bare.unwrap_or(text).parse().ok();
    let address = address.or_else(|| text.parse::<SocketAddr>().ok().map(|socket| socket.ip()));
    address.map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn origin(peer: &str, headers: &[(&'static str, &'static str)]) -> (String, bool) {
        let networks =
            ["127.0.0.0/8", "10.1.0.0/16", "fd00::/8"].map(|network| network.parse().expect("a network"));
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        let origin = TrustedProxies::new(&networks).origin(peer.parse().expect("an address"), false, &map);
        (origin.address.to_string(), origin.is_https)
    }

    #[test]
    fn only_a_trusted_proxy_is_believed() {
        let claims = [("x-forwarded-for", "198.51.100.7"), ("x-forwarded-proto", "https")];
        assert_eq!(origin("203.0.113.9", &claims), ("203.0.113.9".to_owned(), false));
        assert_eq!(origin("10.1.2.3", &claims), ("198.51.100.7".to_owned(), true));
        assert_eq!(origin("::ffff:10.1.2.3", &claims), ("198.51.100.7".to_owned(), true), "IPv4 in IPv6");
        assert_eq!(origin("10.1.2.3", &[]), ("10.1.2.3".to_owned(), false));
    }

    #[test]
    fn what_a_client_wrote_before_the_last_proxy_does_not_count() {
        let forged = [("x-forwarded-for", "198.51.100.1, 203.0.113.9"), ("x-forwarded-for", "10.1.0.8")];
        assert_eq!(origin("127.0.0.1", &forged).0, "203.0.113.9");
        assert_eq!(origin("127.0.0.1", &[("x-forwarded-for", "10.1.0.9, 10.1.0.8")]).0, "10.1.0.9");
        assert_eq!(
            origin("127.0.0.1", &[("x-forwarded-for", "198.51.100.1, unknown, 10.1.0.8")]).0,
            "10.1.0.8"
        );
        assert!(
            !origin("127.0.0.1", &[("x-forwarded-proto", "https, http")]).1,
            "the last proxy's word counts"
        );
    }

    #[test]
    fn the_standard_header_is_read_too() {
        let standard = [("forwarded", "for=\"[2001:db8::7]:4711\";proto=https, for=10.1.0.8;proto=https")];
        assert_eq!(origin("fd00::1", &standard), ("2001:db8::7".to_owned(), true));
        assert_eq!(
            origin("127.0.0.1", &[("forwarded", "For=203.0.113.9:80;Proto=HTTPS")]),
            ("203.0.113.9".to_owned(), true)
        );
    }

    #[test]
    fn tls_to_this_server_is_https_unless_a_trusted_proxy_says_otherwise() {
        let proxies = TrustedProxies::new(&["10.1.0.0/16".parse().expect("a network")]);
        let is_https = |peer: &str, scheme: Option<&'static str>| {
            let mut headers = HeaderMap::new();
            if let Some(scheme) = scheme {
                headers.insert(FORWARDED_PROTO, HeaderValue::from_static(scheme));
            }
            proxies.origin(peer.parse().expect("an address"), true, &headers).is_https
        };
        assert!(is_https("192.0.2.1", None) && is_https("192.0.2.1", Some("http")));
        assert!(is_https("10.1.0.1", None) && !is_https("10.1.0.1", Some("http")));
    }

    #[test]
    fn an_ipv6_client_is_its_network() {
        let network =
            |text: &str| Origin { address: text.parse().expect("an address"), is_https: false }.network();
        assert_eq!(network("2001:db8:1:2:a::1"), network("2001:db8:1:2:b::2"));
        assert_ne!(network("2001:db8:1:2::1"), network("2001:db8:1:3::1"));
        assert_ne!(network("192.0.2.1"), network("192.0.2.2"));
    }
}
