"""Downtime: two persons let images go by without contract and ledger; the next start records it."""

import subprocess
import time

import pytest

from rig import dcmtk
from rig import images
from rig.gateway import Config
from rig.gateway import Gateway
from rig.gateway import OTHER
from rig.gateway import Peer
from rig.gateway import binary
from rig.process import free_port
from rig.process import listening
from rig.process import peer_environment
from rig.process import wait_until

PASSCODES = {"anna": "correct horse battery", "bert": "staple of the archive"}


class Bypass:
    """`credence bypass run`, told the passcodes on standard input."""

    def __init__(self, gateway: Gateway, *words, passcodes=PASSCODES, first="anna", second="bert", minutes=1):
        self.log = gateway.folder / "bypass.log"
        self.sink = open(self.log, "ab")
        argv = [binary(), "bypass", "run", "--config", gateway.file, "--first", first, "--second", second, "--reason", "the ledger's disk is dead", "--minutes", minutes, *words]
        self.popen = subprocess.Popen([str(word) for word in argv], stdin=subprocess.PIPE, stdout=self.sink, stderr=subprocess.STDOUT, cwd=gateway.folder, env={**peer_environment(), "RUST_LOG": "credence=info"})
        self.popen.stdin.write("".join(f"{passcodes.get(name, 'nothing of this kind')}\n" for name in (first, second)).encode())
        self.popen.stdin.close()

    def output(self) -> str:
        return self.log.read_text()

    def stop(self) -> int:
        if self.popen.poll() is None:
            self.popen.terminate()
        code = self.popen.wait(20)
        self.sink.close()
        return code


def hospital(stage) -> tuple[Gateway, object]:
    pacs = stage.start(dcmtk.QrScp, "DEST", [("WS1", free_port())])
    peers = [
        Peer("MODALITY", may=["echo", "store"]),
        Peer("WS1"),
        Peer("FOREIGN", institution=OTHER, more={"plain": True}),
        Peer("DEST", port=pacs.port),
    ]
    more = [("[identity]", {"passcodes": "passcodes"}), ("[bypass]", {"persons": list(PASSCODES), "minutes_max": 5})]
    gateway = stage.keep(Gateway(stage.folder / "gateway", Config(peers, [(["CREDENCE"], ["storage", "query-retrieve"], "dest")], more=more)))
    for name, passcode in PASSCODES.items():
        done = subprocess.run([str(binary()), "user", "passcode", name, "--config", str(gateway.file)], input=f"{passcode}\n", text=True, capture_output=True, cwd=gateway.folder)
        assert done.returncode == 0, done.stderr
    return gateway.start(), pacs


def test_the_drill(stage, tmp_path):
    gateway, pacs = hospital(stage)
    before = images.study(tmp_path / "before", 2, study=1, patient="P1")
    assert dcmtk.storescu(gateway.port, [one.path for one in before]).returncode == 0
    gateway.kill()
    # The ledger is out of order: the gateway does not start.
    segment = gateway.data / "journal" / "00000001.segment"
    whole = segment.read_bytes()
    segment.write_bytes(b"\0" * 4096 + whole[4096:])
    refused = subprocess.run([str(binary()), "serve", "--config", str(gateway.file)], capture_output=True, text=True, timeout=30, cwd=gateway.folder)
    assert refused.returncode != 0 and "damaged" in refused.stderr
    bypass = Bypass(gateway)
    try:
        wait_until(lambda: listening(gateway.port), what="the bypass to listen")
        said = "BYPASS: images go by without contract and ledger"
        wait_until(lambda: said in bypass.output(), what="the bypass to say so")
        made = images.study(tmp_path / "during", 3, study=2, patient="P2")
        sent = dcmtk.storescu(gateway.port, [one.path for one in made])
        assert sent.returncode == 0, sent.stdout
        found = dcmtk.findscu(gateway.port, {"QueryRetrieveLevel": "STUDY", "StudyInstanceUID": "", "PatientID": "P2"}, "-S")
        assert made[0].study in found.stdout
        into = tmp_path / "got"
        into.mkdir()
        got = dcmtk.getscu(gateway.port, into, {"QueryRetrieveLevel": "STUDY", "StudyInstanceUID": made[0].study}, "-S")
        assert got.returncode == 0
        assert {images.data_set_bytes(path) for path in into.iterdir()} == {one.data_set() for one in made}
        # Another hospital gets nothing without a contract, nor does somebody unknown.
        for calling in ("FOREIGN", "NOBODY"):
            assert dcmtk.findscu(gateway.port, {"QueryRetrieveLevel": "STUDY", "PatientID": "P2"}, "-S", calling=calling).returncode != 0
    finally:
        assert bypass.stop() == 0
    listed = gateway.command("bypass", "list", "--config", gateway.file)
    assert "3 associations" in listed.stdout and "anna" in listed.stdout and "bert" in listed.stdout
    # Nothing of the patient is in what was written down.
    for path in (gateway.folder / "bypass").rglob("*.jsonl"):
        assert b"P2" not in path.read_bytes() and made[0].study.encode() not in path.read_bytes()
    # The disk is mended: the first thing that the gateway does is to record it.
    segment.write_bytes(whole)
    gateway.start()
    entries = gateway.bodies()
    kinds = [body["kind"] for body in entries]
    began = len(kinds) - 1 - kinds[::-1].index("started")
    [recorded] = [body for body in entries if body["kind"] == "bypassed"]
    assert kinds.index("bypassed") > began - 2
    assert "decision" not in kinds[began : kinds.index("bypassed")]
    assert (recorded["first"], recorded["second"], recorded["associations"]) == ("anna", "bert", 3)
    assert recorded["reason"] == "the ledger's disk is dead" and recorded["until"] > recorded["from"]
    assert any(body["kind"] == "alert" and body["code"] == "bypassed" for body in entries)
    assert gateway.command("bypass", "list", "--config", gateway.file, "--unrecorded").stdout == "no bypass\n"
    gateway.restart()
    assert len(gateway.bodies("bypassed")) == 1, "recorded once"
    gateway.stop()
    gateway.verify()


@pytest.mark.parametrize(
    ("words", "options"),
    [
        ((), {"second": "anna"}),
        ((), {"second": "carl"}),
        ((), {"passcodes": {"anna": PASSCODES["anna"], "bert": "not the right one"}}),
        ((), {"minutes": 6}),
    ],
    ids=["one person twice", "somebody who may not", "a wrong passcode", "too long"],
)
def test_it_takes_two_who_may_and_are_who_they_say(stage, words, options):
    gateway, _ = hospital(stage)
    gateway.stop()
    bypass = Bypass(gateway, *words, **options)
    assert bypass.popen.wait(20) == 1, bypass.output()
    assert not listening(gateway.port)
    assert not (gateway.folder / "bypass").exists()
    bypass.sink.close()


def test_not_beside_a_gateway_that_runs(stage):
    gateway, _ = hospital(stage)
    bypass = Bypass(gateway)
    assert bypass.popen.wait(20) == 1
    assert "is a gateway running?" in bypass.output()
    bypass.sink.close()


def test_it_ends_when_its_time_is_over(stage):
    gateway, _ = hospital(stage)
    gateway.stop()
    began = time.monotonic()
    bypass = Bypass(gateway, minutes=1)
    assert bypass.popen.wait(90) == 0, bypass.output()
    assert 55 < time.monotonic() - began < 75
    assert not listening(gateway.port)
    bypass.sink.close()
