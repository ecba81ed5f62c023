"""An identity provider of the test's own: keys and signatures by openssl, tokens written by hand."""

import base64
import hashlib
import hmac
import json
import subprocess
import time
from pathlib import Path

ISSUER = "https://login.example.org"
AUDIENCE = "credence"


def part(data: bytes | dict) -> str:
    """base64url without padding (RFC 7515)."""
    raw = data if isinstance(data, bytes) else json.dumps(data).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def openssl(*words, stdin: bytes = b"") -> bytes:
    return subprocess.run(["openssl", *map(str, words)], input=stdin, capture_output=True, check=True).stdout


class Provider:
    """Signs tokens by RSA, ECDSA and EdDSA."""

    def __init__(self, folder: Path, name: str = "provider"):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.rsa = self._key(f"{name}-rsa.pem", "RSA", "-pkeyopt", "rsa_keygen_bits:2048")
        self.ec = self._key(f"{name}-ec.pem", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")
        self.ed = self._key(f"{name}-ed.pem", "ED25519")

    def _key(self, name: str, algorithm: str, *options) -> Path:
        path = self.folder / name
        openssl("genpkey", "-algorithm", algorithm, *options, "-out", path)
        return path

    def public(self, key: Path) -> bytes:
        """The public half, DER."""
        return openssl("pkey", "-in", key, "-pubout", "-outform", "DER")

    def jwks(self) -> dict:
        modulus = openssl("rsa", "-in", self.rsa, "-noout", "-modulus").decode().strip().split("=")[1]
        point = self.public(self.ec)[-64:]
        return {
            "keys": [
                {"kty": "RSA", "kid": "rsa", "use": "sig", "n": part(bytes.fromhex(modulus)), "e": "AQAB"},
                {"kty": "EC", "kid": "ec", "crv": "P-256", "x": part(point[:32]), "y": part(point[32:])},
                {"kty": "OKP", "kid": "ed", "crv": "Ed25519", "alg": "EdDSA", "x": part(self.public(self.ed)[-32:])},
            ]
        }

    def claims(self, user: str = "weber", **changes) -> dict:
        claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": user, "exp": int(time.time()) + 300, **changes}
        return {name: value for name, value in claims.items() if value is not None}

    def token(self, algorithm: str = "RS256", header: dict | None = None, **changes) -> bytes:
        """A signed token; `header` and claims may be changed, None takes a claim away."""
        kid = {"RS256": "rsa", "PS256": "rsa", "ES256": "ec", "EdDSA": "ed"}.get(algorithm, "rsa")
        head = {"alg": algorithm, "typ": "JWT", "kid": kid, **(header or {})}
        message = f"{part(head)}.{part(self.claims(**changes))}".encode()
        return message + b"." + part(self._sign(algorithm, message)).encode()

    def _sign(self, algorithm: str, message: bytes) -> bytes:
        match algorithm:
            case "RS256":
                return openssl("dgst", "-sha256", "-sign", self.rsa, stdin=message)
            case "PS256":
                pss = ["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest"]
                return openssl("dgst", "-sha256", *pss, "-sign", self.rsa, stdin=message)
            case "ES256":
                return self._raw_ecdsa(openssl("dgst", "-sha256", "-sign", self.ec, stdin=message))
            case "EdDSA":
                file = self.folder / "message"
                file.write_bytes(message)
                return openssl("pkeyutl", "-sign", "-rawin", "-inkey", self.ed, "-in", file)
            case "HS256":
                # The attack: the public key, which everybody has, as the secret.
                pem = openssl("pkey", "-in", self.rsa, "-pubout")
                return hmac.new(pem, message, hashlib.sha256).digest()
            case _:
                return b""

    @staticmethod
    def _raw_ecdsa(der: bytes) -> bytes:
        """DER to the two numbers of JOSE (RFC 7518 §3.4)."""
        numbers, at = b"", 2
        for _ in range(2):
            length = der[at + 1]
            numbers += der[at + 2 : at + 2 + length].lstrip(b"\0").rjust(32, b"\0")
            at += 2 + length
        return numbers
