"""The gateway under test: its configuration written out, the process, and its command line."""

import json
import os
import shutil
import signal
import subprocess
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path

from rig.process import Process
from rig.process import free_port
from rig.process import peer_environment

ROOT = Path(__file__).resolve().parents[2]
OWN = "st-anna"
OTHER = "st-berta"
NAMES = {OWN: "St. Anna Hospital", OTHER: "St. Berta Hospital"}
EVERYTHING = ["echo", "store", "find", "worklist", "move", "get"]


def cache() -> Path:
    """Where downloads and builds survive between runs."""
    return Path(os.environ.get("CREDENCE_CACHE") or Path.home() / ".cache" / "credence")


def binary() -> Path:
    """CREDENCE_BIN, else the release build."""
    given = os.environ.get("CREDENCE_BIN")
    if given:
        return Path(given)
    target = Path(os.environ.get("CARGO_TARGET_DIR") or cache() / "target")
    return target / "release" / "credence"


def toml(tables: list[tuple[str, dict]]) -> str:
    """TOML text; a name in [[double]] brackets is one more row of an array of tables."""
    lines = []
    for name, values in tables:
        lines.append(name)
        lines += [f"{key} = {json.dumps(value)}" for key, value in values.items() if value is not None]
        lines.append("")
    return "\n".join(lines)


@dataclass
class Peer:
    """One `[[peer]]`. `port` is where we connect to it; None: never."""

    aet: str
    institution: str = OWN
    port: int | None = None
    may: list[str] = field(default_factory=lambda: list(EVERYTHING))
    addresses: list[str] = field(default_factory=lambda: ["127.0.0.1"])
    more: dict = field(default_factory=dict)

    def table(self) -> dict:
        # Another institution's peer goes without TLS only where its row says so.
        plain = {"plain": True} if self.institution != OWN and not {"plain", "tls", "certificates"} & set(self.more) else {}
        return {
            **plain,
            "name": self.aet.lower().replace("_", "-"),
            "ae_title": self.aet,
            "institution": self.institution,
            "addresses": self.addresses,
            "connect": f"127.0.0.1:{self.port}" if self.port else None,
            "may": self.may,
            **self.more,
        }

    @property
    def name(self) -> str:
        return self.table()["name"]


def destination(aet: str, port: int, **options) -> Peer:
    """A workstation that images may be moved to; `CRED_<aet>` stands for it at the PACS."""
    more = {"destination_ae": f"CRED_{aet}", **options.pop("more", {})}
    return Peer(aet, port=port, more=more, **options)


@dataclass
class Config:
    """A gateway's configuration: peers, and the routes [(called AE titles, SOP classes, peer)], each with more keys or without."""

    peers: list[Peer]
    routes: list[tuple]
    aes: dict[str, str] = field(default_factory=lambda: {"CREDENCE": "TREATMENT", "CREDENCE_ER": "EMERGENCY"})
    gateway: dict = field(default_factory=dict)
    limits: dict = field(default_factory=dict)
    timeouts: dict = field(default_factory=dict)
    listener: dict = field(default_factory=dict)
    institutions: dict[str, dict] = field(default_factory=dict)
    more: list[tuple[str, dict]] = field(default_factory=list)
    policies: dict[str, str] | None = None
    # Whose gateway it is, and what the institutions are called.
    own: str = OWN
    names: dict[str, str] = field(default_factory=lambda: dict(NAMES))
    # Text that somebody else gave us, as it is.
    pasted: str = ""

    def text(self, port: int) -> str:
        tables = [
            ("[gateway]", {"institution": self.own, "data_dir": "data", "keys_dir": "keys", "mode": "enforce", "policy_dir": "policy", **self.gateway}),
            ("[limits]", self.limits),
            ("[timeouts]", self.timeouts),
            ("[log]", {"format": "text"}),
            ("[[listener]]", {"address": f"127.0.0.1:{port}", "associations_max": 100, **self.listener}),
        ]
        tables += [("[[ae]]", {"title": title, "purpose": purpose}) for title, purpose in self.aes.items()]
        tables += [("[[institution]]", {"slug": slug, "name": name, **self.institutions.get(slug, {})}) for slug, name in self.names.items()]
        tables += [("[[peer]]", peer.table()) for peer in self.peers]
        for called, classes, to, *more in self.routes:
            # Most tests are about what destinations answer: the spool would answer in their place.
            row = {"called": called, "sop_classes": classes, "to": to, "delivery": "direct"}
            tables.append(("[[route]]", {**row, **(more[0] if more else {})}))
        return toml(tables + self.more) + self.pasted


class Gateway:
    """A configured gateway in its own folder; may be started and stopped several times."""

    def __init__(self, folder: Path, config: Config, port: int | None = None):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.config = config
        self.port = port or free_port()
        self.file = self.folder / "credence.toml"
        self.data = self.folder / "data"
        self.process: Process | None = None
        self.write()

    def write(self) -> None:
        """Writes the configuration and the policies (the default set unless the test brings its own)."""
        self.file.write_text(self.config.text(self.port))
        shutil.copy(ROOT / "gateway-config" / "credit.toml", self.folder / "credit.toml")
        policy = self.folder / "policy"
        if not policy.exists():
            if self.config.policies is None:
                shutil.copytree(ROOT / "gateway-config" / "policy", policy)
            else:
                policy.mkdir()
                for name, text in self.config.policies.items():
                    (policy / name).write_text(text)

    def start(self, log: str = "credence=info", within_s: float = 20.0) -> "Gateway":
        environment = {**peer_environment(), "RUST_LOG": os.environ.get("RUST_LOG", log), "RUST_BACKTRACE": "1"}
        self.process = Process("credence", [binary(), "serve", "--config", self.file], self.folder, environment)
        self.process.wait_for_port(self.port, within_s)
        return self

    def stop(self, grace_s: float = 20.0) -> int | None:
        """SIGTERM, and its exit code."""
        if self.process is None:
            return None
        process, self.process = self.process, None
        # One signal: a second one would stop the gateway at once, in the middle of its drain.
        return process.stop(grace_s)

    def kill(self) -> None:
        """SIGKILL."""
        process, self.process = self.process, None
        process.kill()

    def restart(self) -> "Gateway":
        self.stop()
        return self.start()

    def __enter__(self) -> "Gateway":
        return self.start()

    def __exit__(self, *_) -> None:
        self.stop()

    # The command line.

    def command(self, *words, check: bool = True, timeout_s: float = 60, said: str = "") -> subprocess.CompletedProcess:
        """`said`: what its standard input says."""
        done = subprocess.run(
            [str(binary()), *(str(word) for word in words)],
            input=said, capture_output=True, text=True, timeout=timeout_s, cwd=self.folder,
        )
        if check and done.returncode != 0:
            raise AssertionError(f"credence {' '.join(map(str, words))}: exit {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def grant_words(self, patient: str, to: str = OTHER, *, purposes=("TREATMENT",), issuer: str | None = None) -> list:
        words = ["consent", "grant", "--config", self.file, "--patient", patient, "--to", to, "--json"]
        for purpose in purposes:
            words += ["--purpose", purpose]
        return [*words, "--issuer", issuer] if issuer else words

    def grant(self, patient: str, to: str = OTHER, *, more=(), **options) -> dict:
        """`credence consent grant`; what it printed as JSON."""
        return json.loads(self.command(*self.grant_words(patient, to, **options), *more).stdout)

    def set_passcode(self, user: str, passcode: str, check: bool = True) -> subprocess.CompletedProcess:
        return self.command("user", "passcode", user, "--config", self.file, said=f"{passcode}\n", check=check)

    def revoke(self, consent) -> None:
        self.command("consent", "revoke", "--config", self.file, consent)

    def consents(self) -> list[dict]:
        return json.loads(self.command("consent", "list", "--config", self.file, "--json").stdout)

    def verify(self, folder: Path | None = None, check: bool = True):
        return self.command("ledger", "verify", folder or self.data, check=check)

    def entries(self) -> list[dict]:
        """The ledger's entries, oldest first."""
        text = self.command("ledger", "show", self.data, "--json").stdout
        try:
            shown = json.loads(text)
            return shown if isinstance(shown, list) else [shown]
        except ValueError:
            return [json.loads(line) for line in text.splitlines() if line.strip()]

    def bodies(self, kind: str | None = None) -> list[dict]:
        """What the entries say; of one kind only, if given."""
        bodies = [entry.get("event", entry).get("body") for entry in self.entries()]
        return [body for body in bodies if kind is None or body.get("kind") == kind]
