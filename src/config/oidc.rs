//! The identity provider by which people sign in to the console (OpenID Connect Core 1.0, Discovery 1.0).

use std::fmt;
use std::path::Path;
use std::path::PathBuf;

use crate::config::ClaimText;
use crate::config::Console;
use crate::config::HostPort;
use crate::config::SecretFile;
use crate::config::reading::Readable;
use crate::config::reading::Reading;
use crate::config::reading::Section;
use crate::config::tls;

/// `[oidc]`: who says who people are, where it is not the console by their passcodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Oidc {
    /// Who it is, and where it tells of itself.
    pub issuer: ProviderUrl,
    /// What it knows the console by.
    pub client_id: ClaimText,
    /// What proves the console to it; absent: nothing but PKCE (RFC 7636).
    pub client_secret_file: Option<SecretFile>,
    /// PEM files of the authorities that are believed about its certificate.
    pub authorities: Vec<PathBuf>,
    /// The claim that names the account.
    pub user_claim: ClaimText,
    /// What it is asked for.
    pub scopes: Vec<Scope>,
}

/// A URL of the identity provider: by TLS, or on this machine. Exactly as it was written, since issuers are compared
/// so, and some servers tell `/token` from `/token/`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderUrl {
    text: Box<str>,
    at: HostPort,
    is_https: bool,
    /// Where its path begins in the text; the text's length, if it has none.
    path_at: usize,
}

/// A scope (RFC 6749 §3.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope(Box<str>);

/// Characters of the longest URL.
const URL_CHARACTERS_MAX: usize = 2_048;
/// Characters of the longest scope.
const SCOPE_CHARACTERS_MAX: usize = 64;
/// The scope that makes an answer hold an ID token.
const OPENID: &str = "openid";
/// What it is asked for, unless the file says otherwise.
const SCOPES: [&str; 2] = [OPENID, "profile"];
/// The claim that names the account, unless the file says otherwise: of all that a provider says, this one alone is
/// sure to name one person, and never another one later (OpenID Connect Core 1.0 §5.7).
const USER_CLAIM: &str = "sub";

impl ProviderUrl {
    /// Reads one; `None` for what is no URL, or leads elsewhere than by TLS or to this machine.
    pub fn parse(text: &str) -> Option<Self> {
        let in_url = |byte: u8| byte.is_ascii_graphic() && !b"#\"<>\\^`{|}".contains(&byte);
        if text.len() > URL_CHARACTERS_MAX || !text.bytes().all(in_url) {
            return None;
        }
        let (is_https, port) = match text.split_once("://")?.0 {
            "https" => (true, 443),
            "http" => (false, 80),
            _ => return None,
        };
        let begin = text.find("://")?.saturating_add(3);
        let rest = text.get(begin..)?;
        let length = rest.find(['/', '?']).unwrap_or(rest.len());
        let authority = rest.get(..length)?;
        let at = HostPort::parse(authority)
            .or_else(|| HostPort::parse(&format!("{authority}:{port}")))?;
        (is_https || at.is_loopback()).then(|| Self {
            text: text.into(),
            at,
            is_https,
            path_at: begin.saturating_add(length),
        })
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether TLS is spoken there.
    pub const fn is_https(&self) -> bool {
        self.is_https
    }

    /// Where it answers.
    pub const fn at(&self) -> &HostPort {
        &self.at
    }

    /// Path and query, as a request names them (RFC 9112 §3.2.1).
    pub fn target(&self) -> String {
        match self.text.get(self.path_at..).unwrap_or_default() {
            path if path.starts_with('/') => path.to_owned(),
            query => format!("/{query}"),
        }
    }

    /// `path` below this one, whether that ends with a slash or not.
    pub fn below(&self, path: &str) -> Option<Self> {
        Self::parse(&format!("{}{path}", self.text.trim_end_matches('/')))
    }

    /// The same with more in its query.
    pub fn with_query(&self, query: &str) -> String {
        let joint = if self.text.contains('?') { '&' } else { '?' };
        format!("{}{joint}{query}", self.text)
    }
}

impl fmt::Display for ProviderUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Readable for ProviderUrl {
    const ALLOWED: &'static str = "https://host/path as the identity provider names itself, or http:// of this machine \
        (localhost, 127.0.0.1, [::1]); at most 255 characters, no query";

    fn read(text: &str) -> Result<Self, String> {
        // An issuer is compared with a claim.
        let is_claim = |url: &Self| !url.text.contains('?') && ClaimText::of(&url.text).is_some();
        let url = Self::parse(text).filter(is_claim);
        url.ok_or_else(|| format!("{text:?} is not such a URL"))
    }
}

impl Scope {
    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Readable for Scope {
    const ALLOWED: &'static str = "a scope, such as openid, profile or email";

    fn read(text: &str) -> Result<Self, String> {
        let in_scope = |byte: u8| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\';
        match (1..=SCOPE_CHARACTERS_MAX).contains(&text.len()) && text.bytes().all(in_scope) {
            true => Ok(Self(text.into())),
            false => Err(format!("{text:?} is no scope")),
        }
    }
}

impl Oidc {
    /// `None` where nobody signs in so, and when the table cannot be read.
    pub(super) fn read(section: &mut Section<'_, '_>, base_dir: &Path) -> Option<Self> {
        let issuer: Option<ProviderUrl> = section.optional("issuer");
        let client_id = section.optional("client_id");
        let secret: Option<SecretFile> = section.optional("client_secret_file");
        let authorities = tls::paths(section, "authorities", base_dir);
        let user_claim = section.optional("user_claim");
        let scopes: Option<Vec<Scope>> = section.optional_list("scopes");
        if !section.has("issuer") {
            for key in ["client_id", "client_secret_file", "authorities"] {
                if section.has(key) {
                    section.fault(key, "is of no use without `issuer`", "`issuer` beside it");
                }
            }
            return None;
        }
        if !section.has("client_id") {
            section.fault(
                "client_id",
                "is missing beside `issuer`",
                ClaimText::ALLOWED,
            );
        }
        let by_tls = issuer.as_ref().is_some_and(ProviderUrl::is_https);
        if by_tls && authorities.is_empty() {
            let problem = "is missing, and the identity provider is met by TLS";
            section.fault("authorities", problem, "PEM files of authorities");
        }
        let scopes = scopes.unwrap_or_else(|| SCOPES.map(|scope| Scope(scope.into())).to_vec());
        if scopes.iter().all(|scope| scope.as_str() != OPENID) {
            let problem = "would not ask who somebody is";
            section.fault("scopes", problem, "openid among them");
        }
        Some(Self {
            issuer: issuer?,
            client_id: client_id?,
            client_secret_file: secret.map(|file| file.within(base_dir)),
            authorities,
            user_claim: user_claim.unwrap_or_else(|| ClaimText::literal(USER_CLAIM)),
            scopes,
        })
    }

    /// Browsers are sent back to the console: there is one, and its address is known.
    pub(super) fn check(oidc: Option<&Self>, console: &Console, reading: &mut Reading<'_>) {
        if oidc.is_none() || console.url.is_some() {
            return;
        }
        match console.listen {
            Some(listen) if listen.ip().is_unspecified() => reading.fault(
                "console.url",
                "is missing, and the identity provider sends browsers back there",
                "where browsers reach the console, https://host:port",
            ),
            Some(_) => {}
            None => reading.fault(
                "oidc.issuer",
                "is there, and nobody can sign in to a console that does not listen",
                "`listen` in [console]",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_kept_as_it_is_written() {
        for (text, at, target) in [
            ("https://login.example", "login.example:443", "/"),
            ("https://login.example/", "login.example:443", "/"),
            (
                "https://login.example:8443/realms/a/",
                "login.example:8443",
                "/realms/a/",
            ),
            ("http://[::1]:9/token?p=x", "[::1]:9", "/token?p=x"),
            ("http://localhost?p=x", "localhost:80", "/?p=x"),
        ] {
            let url = ProviderUrl::parse(text).unwrap();
            assert_eq!(
                (url.as_str(), url.at().to_string(), url.target()),
                (text, at.to_owned(), target.to_owned())
            );
        }
        for bad in [
            "http://login.example/",
            "https://",
            "https:///token",
            "https://ada@login.example/",
            "https://login.example/#here",
            "https://login.example/a b",
            "javascript://login.example/",
            "login.example",
        ] {
            assert_eq!(ProviderUrl::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn what_is_below_an_issuer_is_there_with_and_without_its_slash() {
        for issuer in [
            "https://login.example/realms/a",
            "https://login.example/realms/a/",
        ] {
            let url = ProviderUrl::parse(issuer)
                .unwrap()
                .below("/.well-known/x")
                .unwrap();
            assert_eq!(url.as_str(), "https://login.example/realms/a/.well-known/x");
        }
        let plain = ProviderUrl::parse("https://login.example/a").unwrap();
        let asking = ProviderUrl::parse("https://login.example/a?p=x").unwrap();
        assert_eq!(plain.with_query("s=1"), "https://login.example/a?s=1");
        assert_eq!(asking.with_query("s=1"), "https://login.example/a?p=x&s=1");
    }
}
