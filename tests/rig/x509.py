"""Authorities, certificates of every kind of goodness, and lists of revoked ones."""

from dataclasses import dataclass
from datetime import UTC
from datetime import datetime
from datetime import timedelta
from hashlib import sha256
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.oid import NameOID

PEM = serialization.Encoding.PEM


@dataclass(frozen=True)
class Pair:
    """A certificate and its key, as files."""

    certificate: Path
    key: Path
    x509: x509.Certificate

    @property
    def pin(self) -> str:
        """As the configuration names it by its key."""
        info = self.x509.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return f"sha256:{sha256(info).hexdigest()}"


def private(path: Path, key) -> Path:
    """Writes a key that only its owner can read."""
    path.touch(mode=0o600)
    path.write_bytes(key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    return path


def days(count: float) -> datetime:
    return datetime.now(UTC) + timedelta(days=count)


class Authority:
    """A self-signed authority; every test may have several."""

    def __init__(self, folder: Path, name: str):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.key = ec.generate_private_key(ec.SECP256R1())
        usage = x509.KeyUsage(
            digital_signature=False, content_commitment=False, key_encipherment=False, data_encipherment=False,
            key_agreement=False, key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False,
        )
        self.x509 = (
            self._builder(self.name, self.key.public_key(), days(-10), days(1000))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self.key.public_key()), critical=False)
            .sign(self.key, hashes.SHA256())
        )
        self.certificate = self.folder / f"{name}.pem"
        self.certificate.write_bytes(self.x509.public_bytes(PEM))

    def _builder(self, subject, public_key, begins, ends) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(begins)
            .not_valid_after(ends)
        )

    def issue(self, name: str, *, dns=(), ips=(), begins=-1.0, ends=365.0, kind="ec") -> Pair:
        """A certificate for both ends of a connection; `begins` and `ends` in days from now."""
        key = ec.generate_private_key(ec.SECP256R1()) if kind == "ec" else rsa.generate_private_key(65537, 2048)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        names = [x509.DNSName(one) for one in dns]
        names += [x509.IPAddress(ip_address(one)) for one in ips]
        builder = self._builder(subject, key.public_key(), days(begins), days(ends))
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        purposes = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])
        made = (
            builder.add_extension(purposes, critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
            .sign(self.key, hashes.SHA256())
        )
        certificate = self.folder / f"{name}.pem"
        certificate.write_bytes(made.public_bytes(PEM))
        return Pair(certificate, private(self.folder / f"{name}.key", key), made)

    def revoked(self, *pairs: Pair, due: float = 30.0) -> Path:
        """A list of these; the next one is due in so many days."""
        builder = x509.CertificateRevocationListBuilder().issuer_name(self.name)
        builder = builder.last_update(days(min(-1.0, due - 1.0))).next_update(days(due))
        builder = builder.add_extension(x509.CRLNumber(1), critical=False)
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        builder = builder.add_extension(identifier, critical=False)
        for pair in pairs:
            one = x509.RevokedCertificateBuilder().serial_number(pair.x509.serial_number)
            builder = builder.add_revoked_certificate(one.revocation_date(days(-1)).build())
        path = self.folder / "revoked.crl"
        path.write_bytes(builder.sign(self.key, hashes.SHA256()).public_bytes(PEM))
        return path
