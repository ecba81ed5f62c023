//! Where others answer by HTTP.

use std::fmt;
use std::net::IpAddr;
use std::net::Ipv6Addr;

use crate::config::reading::Readable;

/// A name or an IP address, and a port.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HostPort {
    /// An IPv6 address in brackets.
    host: String,
    port: u16,
}

/// `http://` or `https://`, host and port, and a prefix of the path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WebUrl {
    scheme: Scheme,
    at: HostPort,
    prefix: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Scheme {
    Http,
    Https,
}

/// A URL in a row that takes no TLS.
pub(super) struct Http(pub(super) WebUrl);

/// A URL in a row that takes nothing but TLS.
pub(super) struct Https(pub(super) WebUrl);

/// Characters of the longest URL.
const URL_CHARACTERS_MAX: usize = 255;

impl Scheme {
    /// What a URL of this scheme begins with.
    const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http://",
            Self::Https => "https://",
        }
    }
}

impl HostPort {
    /// Name or IP address; an IPv6 address without brackets.
    pub fn host(&self) -> &str {
        self.host.trim_start_matches('[').trim_end_matches(']')
    }

    /// The port.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Whether it is this machine itself, whatever a name server says.
    pub fn is_loopback(&self) -> bool {
        let address: Option<IpAddr> = self.host().parse().ok();
        address.map_or(self.host == "localhost", |address| address.is_loopback())
    }

    /// Reads `host:port`; `None` when it is none.
    pub fn parse(text: &str) -> Option<Self> {
        let (host, port) = text.rsplit_once(':')?;
        let number: u16 = port.parse().ok()?;
        let in_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
        let named = !host.is_empty() && host.bytes().all(in_name);
        let inner = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'));
        let numbered = inner.is_some_and(|host| host.parse::<Ipv6Addr>().is_ok());
        let sound = number > 0 && port == number.to_string() && (named || numbered);
        sound.then(|| Self {
            host: host.to_owned(),
            port: number,
        })
    }
}

impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

impl WebUrl {
    /// Whether TLS is spoken there.
    pub const fn is_https(&self) -> bool {
        matches!(self.scheme, Scheme::Https)
    }

    /// Where it answers; as text, what the Host header has.
    pub const fn at(&self) -> &HostPort {
        &self.at
    }

    /// What paths there begin with: empty, or `/` and more.
    pub(super) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Name or IP address; an IPv6 address without brackets.
    pub fn host(&self) -> &str {
        self.at.host()
    }

    /// TCP port.
    pub const fn port(&self) -> u16 {
        self.at.port()
    }

    /// The path of `name` below the prefix.
    pub fn path(&self, name: &str) -> String {
        format!("{}/{name}", self.prefix)
    }

    /// The path of the URL itself.
    pub fn own_path(&self) -> String {
        match self.prefix.is_empty() {
            true => "/".to_owned(),
            false => self.prefix.clone(),
        }
    }

    fn read(text: &str, scheme: Scheme) -> Result<Self, String> {
        let bad = || format!("{text:?} is not such a URL");
        if text.len() > URL_CHARACTERS_MAX {
            return Err(format!("has {} characters", text.len()));
        }
        let rest = text.strip_prefix(scheme.as_str()).ok_or_else(bad)?;
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let at = HostPort::parse(authority).ok_or_else(bad)?;
        let in_path = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
        if !path.bytes().all(in_path) {
            return Err(bad());
        }
        let path = path.trim_end_matches('/');
        Ok(Self {
            scheme,
            at,
            prefix: if path.is_empty() {
                String::new()
            } else {
                format!("/{path}")
            },
        })
    }
}

impl fmt::Display for WebUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = self.scheme.as_str();
        write!(f, "{scheme}{}{}", self.at, self.prefix)
    }
}

impl Readable for HostPort {
    const ALLOWED: &'static str = "host:port; an IPv6 address in brackets";

    fn read(text: &str) -> Result<Self, String> {
        Self::parse(text).ok_or_else(|| format!("{text:?} is not host:port"))
    }
}

impl Readable for Http {
    const ALLOWED: &'static str =
        "http://host:port, or with a path prefix; at most 255 characters (no TLS, no query)";

    fn read(text: &str) -> Result<Self, String> {
        WebUrl::read(text, Scheme::Http).map(Self)
    }
}

impl Readable for Https {
    const ALLOWED: &'static str =
        "https://host:port, or with a path prefix; at most 255 characters (no query)";

    fn read(text: &str) -> Result<Self, String> {
        WebUrl::read(text, Scheme::Https).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn http(text: &str) -> Result<WebUrl, String> {
        <Http as Readable>::read(text).map(|Http(url)| url)
    }

    fn https(text: &str) -> Result<WebUrl, String> {
        <Https as Readable>::read(text).map(|Https(url)| url)
    }

    #[test]
    fn a_url_reads_back() {
        for rest in [
            "lakeside.example:7380",
            "10.1.2.3:80/credence/witness",
            "[::1]:7380",
        ] {
            let (plain, secure) = (format!("http://{rest}"), format!("https://{rest}"));
            assert_eq!(http(&plain).unwrap().to_string(), plain);
            assert_eq!(https(&secure).unwrap().to_string(), secure);
        }
        let url = http("http://[fd00::7]:7380/w/").unwrap();
        assert_eq!((url.host(), url.port()), ("fd00::7", 7380));
        assert_eq!(url.at().to_string(), "[fd00::7]:7380");
        assert_eq!(url.path("add-checkpoint"), "/w/add-checkpoint");
        assert!(!url.is_https());
        assert_eq!(url.own_path(), "/w");
        assert_eq!(http("http://[::1]:80").unwrap().own_path(), "/");
    }

    #[test]
    fn this_machine_is_known_by_its_addresses_and_one_name() {
        let is = |text: &str| HostPort::parse(text).unwrap().is_loopback();
        assert!(is("127.0.0.1:80") && is("127.9.9.9:80") && is("[::1]:80") && is("localhost:80"));
        assert!(!is("10.0.0.1:80") && !is("localhost.example:80") && !is("[fd00::1]:80"));
    }

    #[test]
    fn a_row_takes_one_scheme() {
        assert!(https("https://lakeside:443").unwrap().is_https());
        assert!(https("http://lakeside:443").is_err());
        assert!(http("https://lakeside:443").is_err());
    }

    #[test]
    fn what_is_no_url_is_refused() {
        let long = format!("{}:80", "a".repeat(URL_CHARACTERS_MAX));
        for rest in [
            "",
            "lakeside",
            ":7380",
            "lakeside:0",
            "lakeside:07380",
            "lakeside:70000",
            "user@lakeside:7380",
            "lake side:7380",
            "lakeside:7380/a?b",
            "lakeside:7380/a b",
            "[lakeside]:7380",
            long.as_str(),
        ] {
            assert!(http(&format!("http://{rest}")).is_err(), "{rest}");
            assert!(https(&format!("https://{rest}")).is_err(), "{rest}");
        }
        assert!(http("lakeside:7380").is_err());
    }
}
