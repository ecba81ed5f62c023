"""C2SP tlog-witness with software that is not ours: the PyPI packages aics-witness (a witness, and the client of one)
and aics-tlog (signed notes, cosignatures, Merkle proofs).
"""

import hashlib
import json
import shutil
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from rig.gateway import Config
from rig.gateway import Gateway
from rig.gateway import OTHER
from rig.gateway import cache
from rig.process import Process
from rig.process import free_port

PACKAGES = ["aics-tlog==0.2.1", "aics-witness==0.1.0"]
WITNESS = "st-berta.example/w1"
PATIENCE_S = 60


@pytest.fixture(scope="session")
def tools() -> Path:
    """The folder of the foreign commands, installed once. The packages ask for Python 3.12, and run with 3.11."""
    venv = cache() / "witness-venv"
    python = venv / "bin" / "python"
    probe = "import aics_tlog, aics_witness.feeder, cryptography"
    if not python.exists() or subprocess.run([python, "-c", probe], capture_output=True).returncode != 0:
        subprocess.run([sys.executable, "-m", "venv", "--clear", venv], check=True)
        pip = [python, "-m", "pip", "install", "-q"]
        subprocess.run([*pip, "cryptography>=50"], check=True)
        subprocess.run([*pip, "--no-deps", "--ignore-requires-python", *PACKAGES], check=True)
    return venv / "bin"


def run(*words, check=True, **more) -> subprocess.CompletedProcess:
    words = [str(word) for word in words]
    done = subprocess.run(words, capture_output=True, text=True, timeout=PATIENCE_S, **more)
    assert not check or done.returncode == 0, f"{words}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done


def until(what: str, look):
    """What `look` gives, once it gives something."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        if found := look():
            return found
        time.sleep(0.1)
    raise AssertionError(f"never: {what}")


def config(port: int, *partners: dict) -> Config:
    rows = [("[[witness.peer]]", {"institution": OTHER, **partner}) for partner in partners]
    witness = ("[witness]", {"listen": f"127.0.0.1:{port}", "interval_s": 1})
    return Config([], [], more=[witness, *rows])


def keys(gateway: Gateway) -> dict:
    return json.loads(gateway.command("ledger", "keys", "--config", gateway.file, "--json").stdout)


class ForeignWitness:
    """aics-witness, which trusts one log."""

    def __init__(self, tools: Path, folder: Path, log: str):
        self.file = folder / "witness.json"
        self.port = free_port()
        self.tool = tools / "aics-witness"
        init = run(self.tool, "init", "--config", self.file, "--name", WITNESS)
        self.key = next(word for word in init.stdout.split() if word.startswith(f"{WITNESS}+"))
        origin = log.split("+")[0]
        run(self.tool, "add-log", "--config", self.file, "--origin", origin, "--vkey", log)
        words = [self.tool, "serve", "--config", self.file, "--listen", f"127.0.0.1:{self.port}"]
        self.process = Process("aics-witness", words, folder)
        self.process.wait_for_port(self.port)

    def partner(self) -> dict:
        return {"url": f"http://127.0.0.1:{self.port}", "witness_key": self.key}

    def stop(self):
        self.process.stop()


@pytest.fixture
def witnessed(stage, tools, tmp_path):
    """A gateway whose ledger a foreign witness cosigns."""
    port = free_port()
    gateway = stage.gateway(config(port))
    gateway.stop()
    witness = stage.keep(ForeignWitness(tools, tmp_path, keys(gateway)["log"]))
    gateway.config = config(port, witness.partner())
    gateway.write()
    gateway.start()
    return gateway, witness


def cosigned(gateway: Gateway, size: int):
    """The cosigned checkpoint, once it is about so many entries."""

    def look():
        file = gateway.data / "checkpoint.cosigned"
        text = file.read_text() if file.exists() else ""
        return text if text and int(text.splitlines()[1]) >= size else None

    return until(f"a cosigned checkpoint of {size} entries", look)


def verify(tools: Path, note: Path, log: str, witness: str):
    origin = log.split("+")[0]
    words = ["--note", note, "--origin", origin, "--log-key", log, "--witness-key", witness, "--quorum", "1", "--max-age", "600"]
    done = json.loads(run(tools / "aics-tlog", "verify-checkpoint", *words).stdout)
    assert done["ok"] is True, done


def test_a_foreign_witness_cosigns_our_checkpoints_as_they_grow(witnessed, tools):
    gateway, witness = witnessed
    for _ in range(3):
        cosigned(gateway, len(gateway.entries()))
        verify(tools, gateway.data / "checkpoint.cosigned", keys(gateway)["log"], witness.key)
        # Stop and start are entries.
        gateway.restart()
    log = keys(gateway)["log"]
    changed = gateway.folder / "changed"
    changed.write_text(cosigned(gateway, 1).replace("\u2014 st-berta.example/w1 ", "\u2014 st-berta.example/w2 "))
    words = ["--note", changed, "--log-key", log, "--witness-key", witness.key, "--quorum", "1"]
    assert run(tools / "aics-tlog", "verify-checkpoint", *words, check=False).returncode != 0
    assert gateway.bodies("alert") == []


def test_a_rolled_back_ledger_learns_so_from_a_foreign_witness(witnessed):
    gateway, _ = witnessed
    cosigned(gateway, 1)
    gateway.stop()
    backup = gateway.folder / "backup"
    shutil.copytree(gateway.data, backup, ignore=lambda _, names: [name for name in names if name.endswith(".sock")])
    for _ in range(3):
        gateway.start()
        cosigned(gateway, len(gateway.entries()))
        gateway.stop()
    shutil.rmtree(gateway.data)
    backup.rename(gateway.data)
    gateway.start()
    alert = until("an alert", lambda: [body for body in gateway.bodies("alert") if body["code"] == "log-rolled-back"])
    assert WITNESS in alert[0]["text"]


FOREIGN_LOG = """
import json, sys
from aics_tlog import Checkpoint, MerkleTree, sign_checkpoint, vkey_from_ed25519, format_vkey
from aics_witness.feeder import FeederError, WitnessClient
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

origin, url, witness, leaves = sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4].split(",")
key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
if not url:
    print(format_vkey(vkey_from_ed25519(origin, key.public_key())))
    sys.exit()
tree = MerkleTree([leaf.encode() for leaf in leaves])
note = sign_checkpoint(Checkpoint(origin, tree.size, tree.root()), key, origin)
note = note.to_bytes() if hasattr(note, "to_bytes") else str(note)
try:
    line = WitnessClient(url, witness, max_attempts=1).submit(note, tree.consistency_proof)
    print(json.dumps({"cosigned": line}))
except FeederError as error:
    print(json.dumps({"refused": type(error).__name__, "status": getattr(error, "status", None)}))
"""


class ForeignLog:
    """A log that signs and asks with aics-tlog and aics-witness."""

    origin = "st-berta.example/log"

    def __init__(self, tools: Path):
        self.python = tools / "python"
        self.key = self.call("", "", "").stdout.strip()

    def call(self, url: str, witness: str, leaves: str):
        return run(self.python, "-c", FOREIGN_LOG, self.origin, url, witness, leaves)

    def submit(self, port: int, witness: str, *leaves: str) -> dict:
        return json.loads(self.call(f"http://127.0.0.1:{port}", witness, ",".join(leaves)).stdout)


def test_we_cosign_a_foreign_log_and_convict_it_when_it_tells_two_stories(stage, tools, tmp_path):
    log, port = ForeignLog(tools), free_port()
    gateway = stage.gateway(config(port, {"log_key": log.key}))
    key = keys(gateway)["witness"]
    story = [f"leaf {number}" for number in range(20)]
    # The client begins with size 0 each time: it follows our 409 to the size that we hold.
    for size in (3, 7, 8, 20):
        assert "cosigned" in log.submit(port, key, *story[:size])
    # Its own checkpoint as we hold it, read by the foreign verifier.
    origin = hashlib.sha256(log.origin.encode()).hexdigest()
    held = tmp_path / "held"
    held.write_bytes(urllib.request.urlopen(f"http://127.0.0.1:{port}/{origin}/checkpoint").read())
    verify(tools, held, log.key, key)
    # Rolled back, and then forked.
    assert log.submit(port, key, *story[:12])["refused"] == "WitnessAhead"
    assert gateway.bodies("equivocated") == []
    assert "refused" in log.submit(port, key, "another", *story[1:20])
    convicted = until("a conviction", lambda: gateway.bodies("equivocated"))
    assert convicted[0]["institution"] == OTHER and convicted[0]["key"] == log.key
    proofs = list((gateway.data / "witnessed").glob(f"{origin}.20.proof"))
    assert len(proofs) == 1
    for name in ("first", "second"):
        note = tmp_path / name
        note.write_text(json.loads(proofs[0].read_text())[name])
        words = ["--note", note, "--origin", log.origin, "--log-key", log.key]
        run(tools / "aics-tlog", "verify-checkpoint", *words)
    assert "refused" in log.submit(port, key, "another", *story[1:20], "more")
    gateway.verify()
