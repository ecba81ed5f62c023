"""People sign in to the console by an identity provider."""

import http.client
import re
import time
from html import unescape
from http.cookies import SimpleCookie
from urllib.parse import parse_qs
from urllib.parse import urlencode
from urllib.parse import urlsplit

import pytest

from rig.gateway import Config
from rig.gateway import Peer
from rig.oidc import CLIENT
from rig.oidc import OpenIdProvider
from rig.process import free_port
from rig.x509 import Authority

PASSCODE = "PASSCODE-55013"
STALE = 400
UNPROVEN = 403
UNAVAILABLE = 503


class Browser:
    """Keeps cookies as browsers do, and follows no redirect by itself."""

    def __init__(self, port: int):
        self.port = port
        self.cookies: dict[str, str] = {}

    def get(self, path: str, port: int | None = None):
        connection = http.client.HTTPConnection("127.0.0.1", port or self.port, timeout=30)
        ours = port in (None, self.port)
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items()) if ours else ""
        connection.request("GET", path, headers={"cookie": cookie} if cookie else {})
        answer = connection.getresponse()
        answer.text = answer.read().decode()
        connection.close()
        for line in answer.headers.get_all("set-cookie") or []:
            for name, morsel in SimpleCookie(line).items():
                assert "HttpOnly" in line and "SameSite" in line, line
                if morsel["max-age"] == "0" or not morsel.value:
                    self.cookies.pop(name, None)
                else:
                    self.cookies[name] = morsel.value
        return answer

    def to_provider(self, to: str = "/") -> str:
        """Begins; where the provider is."""
        begun = self.get(f"/oidc/begin?{urlencode({'to': to})}")
        assert begun.status in (302, 303), (begun.status, begun.text)
        return begun.headers["location"]

    def from_provider(self, location: str) -> str:
        """Signs in at the provider; where it leads back to."""
        at = urlsplit(location)
        answer = self.get(f"{at.path}?{at.query}", at.port)
        back = urlsplit(answer.headers["location"])
        assert (back.port, back.path) == (self.port, "/oidc/back")
        return f"{back.path}?{back.query}"

    def sign_in(self, to: str = "/"):
        return self.get(self.from_provider(self.to_provider(to)))

    def is_signed_in(self) -> bool:
        return self.get("/").status == 200


def house(stage, provider, *, secret=True, **more):
    """A gateway whose console believes the provider; `ada` and `weber` have accounts."""
    port = free_port()
    oidc = {"issuer": provider.issuer, "client_id": CLIENT, **more}
    if secret:
        stage.folder.mkdir(parents=True, exist_ok=True)
        file = stage.folder / "client.secret"
        file.touch(mode=0o600)
        file.write_text(f"{provider.secret}\n")
        oidc["client_secret_file"] = str(file)
    tables = [("[console]", {"listen": f"127.0.0.1:{port}"}), ("[oidc]", oidc)]
    gateway = stage.gateway(Config([Peer("MODALITY")], [], more=tables))
    say(gateway, "add", "ada", "--role", "pacs-admin", said=f"{PASSCODE}\n")
    say(gateway, "add", "weber", "--role", "auditor", "--without-passcode")
    return gateway, Browser(port)


def say(gateway, *words, **options):
    return gateway.command("user", *words, "--config", gateway.file, "--by", "root", **options)


@pytest.fixture
def provider(stage, tmp_path):
    return stage.keep(OpenIdProvider(tmp_path / "provider"))


def told(answer) -> str:
    """What the page says went wrong."""
    found = re.search(r'role="alert">([^<]*)<', answer.text)
    return unescape(found.group(1)) if found else ""


def test_whoever_the_provider_vouches_for_is_signed_in_as_their_account(stage, provider):
    gateway, browser = house(stage, provider)
    assert "/oidc/begin?to=%2F" in browser.get("/sign-in").text
    assert not browser.is_signed_in()
    signed_in = browser.sign_in("/peers?x=1")
    assert signed_in.status == 200 and signed_in.headers["refresh"] == "0; url=/peers?x=1"
    # The session's cookie is for our own pages alone; that of the way to the provider is gone.
    assert list(browser.cookies) == ["credence"]
    assert browser.is_signed_in()
    assert "weber" in browser.get("/accounts/me").text
    # Roles are the account's: an auditor makes no account.
    assert browser.get("/accounts/add").status == 403
    (body,) = gateway.bodies("signed-in")
    assert (body["account"], body["means"], body["address"]) == ("weber", "oidc", "127.0.0.1")
    # What it says of itself is asked for once in some minutes.
    asked = provider.asked.count("/realms/house/.well-known/openid-configuration")
    Browser(browser.port).sign_in()
    assert provider.asked.count("/realms/house/.well-known/openid-configuration") == asked == 1
    say(gateway, "disable", "weber")
    assert not browser.is_signed_in()
    assert browser.sign_in().status == UNPROVEN
    gateway.stop()
    gateway.verify()
    secrets = [provider.secret.encode(), b"code-0"]
    files = [path.read_bytes() for path in gateway.folder.rglob("*") if path.is_file()]
    assert not any(secret in content for secret in secrets for content in files)


@pytest.mark.parametrize(
    "changes",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"aud": "another-client"},
        {"aud": [CLIENT, "another"]},
        {"azp": "another"},
        {"iss": "https://login.example.org"},
        {"exp": int(time.time()) - 60},
        {"exp": None},
        {"nbf": int(time.time()) + 600},
        {"sub": None},
    ],
    ids=str,
)
def test_a_token_that_is_not_for_this_sign_in_proves_nobody(stage, provider, changes):
    gateway, browser = house(stage, provider)
    provider.changes = changes
    answer = browser.sign_in()
    assert answer.status == UNPROVEN and "not believed" in told(answer)
    assert not browser.is_signed_in() and gateway.bodies("signed-in") == []


@pytest.mark.parametrize("signing", [{"algorithm": "none", "header": {"kid": None}}, {"algorithm": "HS256"}, {"header": {"kid": "who"}}], ids=str)
def test_a_token_by_no_key_of_the_provider_proves_nobody(stage, provider, signing):
    _, browser = house(stage, provider)
    provider.signing = signing
    assert browser.sign_in().status == UNPROVEN
    assert not browser.is_signed_in()


def test_who_has_no_account_is_told_so(stage, provider):
    gateway, browser = house(stage, provider)
    provider.user = "stranger"
    answer = browser.sign_in()
    assert answer.status == UNPROVEN and "no enabled account" in told(answer)
    assert not browser.is_signed_in() and gateway.bodies("signed-in") == []


def test_an_answer_counts_once_in_the_browser_that_asked(stage, provider):
    _, browser = house(stage, provider)
    back = browser.from_provider(browser.to_provider())
    other = Browser(browser.port)
    # Somebody is sent a link that would sign them in as somebody else.
    assert other.get(back).status == STALE
    assert not other.is_signed_in()
    # And it is spent by that, so that nobody tries it in many browsers.
    assert browser.get(back).status == STALE
    back = browser.from_provider(browser.to_provider())
    cookies = dict(browser.cookies)
    assert browser.get(back).status == 200
    browser.cookies = cookies
    assert browser.get(back).status == STALE
    assert browser.get("/oidc/back?code=x&state=y").status == STALE
    assert browser.get("/oidc/back").status == STALE


def test_what_the_provider_refuses_is_refused(stage, provider):
    _, browser = house(stage, provider)
    location = browser.to_provider()
    state = re.search(r"state=([^&]+)", location).group(1)
    answer = browser.get(f"/oidc/back?error=access_denied&state={state}")
    assert answer.status == UNPROVEN and "did not let you in" in told(answer)
    # Another one answers in its place (RFC 9207).
    back = browser.from_provider(browser.to_provider())
    mixed = re.sub(r"iss=[^&]+", "iss=https%3A%2F%2Fevil.example", back)
    assert browser.get(mixed).status == UNPROVEN


def test_nobody_is_led_elsewhere(stage, provider):
    _, browser = house(stage, provider)
    assert browser.sign_in("https://evil.example/").headers["refresh"] == "0; url=/"


@pytest.mark.parametrize(
    "document",
    [
        {"issuer": "https://login.example.org"},
        {"authorization_endpoint": "http://login.example.org/authorise"},
        {"token_endpoint": "javascript:alert(1)"},
        {"jwks_uri": None},
        {"padding": "x" * 300_000},
    ],
    ids=lambda document: next(iter(document)),
)
def test_what_a_provider_says_of_itself_has_to_be_sound(stage, provider, document):
    _, browser = house(stage, provider)
    provider.document = document
    begun = browser.get("/oidc/begin")
    assert begun.status == UNAVAILABLE and "location" not in begun.headers
    assert "identity provider" in told(begun)


def test_a_provider_that_is_away_is_waited_for_briefly(stage, provider):
    _, browser = house(stage, provider)
    provider.stop()
    provider.stop = lambda: None
    began = time.monotonic()
    assert browser.get("/oidc/begin").status == UNAVAILABLE
    assert browser.get("/oidc/begin").status == UNAVAILABLE
    assert time.monotonic() - began < 8
    assert browser.get("/sign-in").status == 200, "a passcode still does"


def test_a_client_without_a_secret_shows_who_it_is_by_pkce(stage, tmp_path):
    provider = stage.keep(OpenIdProvider(tmp_path / "provider", secret=None))
    _, browser = house(stage, provider, secret=False)
    assert browser.sign_in().status == 200 and browser.is_signed_in()


def test_a_secret_is_said_as_the_provider_takes_it(stage, provider):
    provider.document = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    _, browser = house(stage, provider)
    assert browser.sign_in().status == 200 and browser.is_signed_in()


def test_another_claim_may_name_the_account(stage, provider):
    provider.user, provider.changes = "8e5c2d1a", {"preferred_username": "weber"}
    _, browser = house(stage, provider, user_claim="preferred_username", scopes=["openid", "email"])
    assert browser.sign_in().status == 200 and browser.is_signed_in()


def test_by_tls_the_named_authorities_are_believed_and_no_others(stage, tmp_path):
    house_ca, other_ca = (Authority(tmp_path / name, name) for name in ("house", "other"))
    provider = stage.keep(OpenIdProvider(tmp_path / "provider", tls=house_ca.issue("login", ips=("127.0.0.1",))))
    _, browser = house(stage, provider, authorities=[str(other_ca.certificate)])
    assert browser.get("/oidc/begin").status == UNAVAILABLE


def test_by_tls_somebody_is_signed_in(stage, tmp_path):
    house_ca = Authority(tmp_path / "house", "house")
    provider = stage.keep(OpenIdProvider(tmp_path / "provider", tls=house_ca.issue("login", ips=("127.0.0.1",))))
    _, browser = house(stage, provider, authorities=[str(house_ca.certificate)])
    location = browser.to_provider()
    # The browser's part, by hand: it is met by TLS.
    asked = {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
    at = urlsplit(provider.authorise(asked))
    assert browser.get(f"{at.path}?{at.query}").status == 200 and browser.is_signed_in()
