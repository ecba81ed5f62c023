"""An identity provider of the test's own: OpenID Connect, as much of it as a sign-in needs, by HTTP or HTTPS."""

import base64
import hashlib
import json
import ssl
import threading
from http.server import BaseHTTPRequestHandler
from http.server import ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs
from urllib.parse import urlencode
from urllib.parse import urlsplit

from rig.tokens import Provider

CLIENT = "credence-console"
SECRET = "s3cret & more"


class OpenIdProvider:
    """`user` is whom it lets in; `changes` are claims of its tokens that are other than they should be.

    `document` changes what it says of itself. What it was asked is in `asked`.
    """

    def __init__(self, folder: Path, *, secret: str | None = SECRET, tls=None):
        self.signer = Provider(folder)
        self.secret = secret
        self.user = "weber"
        self.changes: dict = {}
        self.document: dict = {}
        self.signing: dict = {}
        self.authorised: dict[str, dict] = {}
        self.asked: list[str] = []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(tls.certificate, tls.key)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        scheme = "https" if tls else "http"
        self.issuer = f"{scheme}://127.0.0.1:{self.server.server_port}/realms/house/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def _handler(self):
        provider = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_GET(self):
                at = urlsplit(self.path)
                provider.asked.append(at.path)
                match at.path.removeprefix("/realms/house"):
                    case "/.well-known/openid-configuration":
                        self._json(200, provider.about())
                    case "/keys/":
                        self._json(200, provider.signer.jwks())
                    case "/authorise":
                        self._redirect(provider.authorise(_single(at.query)))
                    case _:
                        self._json(404, {})

            def do_POST(self):
                provider.asked.append(self.path)
                body = self.rfile.read(int(self.headers["content-length"])).decode()
                if self.path != "/realms/house/token/":
                    return self._json(404, {})
                self._json(*provider.exchange(_single(body), self.headers.get("authorization")))

            def _json(self, status: int, what: dict):
                text = json.dumps(what).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def _redirect(self, to: str):
                self.send_response(302)
                self.send_header("location", to)
                self.send_header("content-length", "0")
                self.end_headers()

        return Handler

    def about(self) -> dict:
        base = self.issuer.rstrip("/")
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{base}/authorise?realm=house",
            "token_endpoint": f"{base}/token/",
            "jwks_uri": f"{base}/keys/",
            "response_types_supported": ["code"],
            **self.document,
        }

    def authorise(self, asked: dict) -> str:
        """Where the browser goes back to: whoever asks is let in."""
        assert asked["response_type"] == "code" and asked["client_id"] == CLIENT
        assert asked["realm"] == "house" and asked["code_challenge_method"] == "S256"
        assert "openid" in asked["scope"].split()
        code = f"code-{len(self.authorised)}"
        self.authorised[code] = asked
        answer = urlencode({"code": code, "state": asked["state"], "iss": self.issuer})
        return f"{asked['redirect_uri']}?{answer}"

    def exchange(self, form: dict, authorization: str | None) -> tuple[int, dict]:
        asked = self.authorised.pop(form.get("code"), None)
        if asked is None or form.get("redirect_uri") != asked["redirect_uri"]:
            return 400, {"error": "invalid_grant"}
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != asked["code_challenge"]:
            return 400, {"error": "invalid_grant"}
        if not self._is_client(form, authorization):
            return 401, {"error": "invalid_client"}
        claims = {"iss": self.issuer, "aud": CLIENT, "nonce": asked["nonce"], **self.changes}
        token = self.signer.token(self.signing.get("algorithm", "RS256"), self.signing.get("header"), user=self.user, **claims)
        return 200, {"access_token": "none", "token_type": "Bearer", "id_token": token.decode()}

    def _is_client(self, form: dict, authorization: str | None) -> bool:
        if self.secret is None:
            return form.get("client_id") == CLIENT and authorization is None
        if self.document.get("token_endpoint_auth_methods_supported") == ["client_secret_post"]:
            return (form.get("client_id"), form.get("client_secret"), authorization) == (CLIENT, self.secret, None)
        both = urlencode({CLIENT: self.secret}).replace("=", ":", 1)
        return authorization == f"Basic {base64.b64encode(both.encode()).decode()}"


def _single(query: str) -> dict:
    return {name: values[0] for name, values in parse_qs(query).items()}
