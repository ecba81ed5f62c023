"""The ledger, the command line, and starting and stopping, as an operator meets them."""

import json
import shutil
import signal
import subprocess
import threading
import time

import pytest

from rig import dcmtk
from rig import images
from rig import pynet
from rig.gateway import Config
from rig.gateway import OTHER
from rig.gateway import OWN
from rig.gateway import Peer
from rig.gateway import binary
from rig.process import free_port

SECRETS = ["Invented^Patient", "MRN-PATIENT-4711", images.uid(1)]


@pytest.fixture
def dest(stage):
    return stage.serve(pynet.Destination, "DEST")


@pytest.fixture
def gateway(stage, dest):
    return stage.store_gateway(dest.port, peers=[Peer("CLINIC", institution=OTHER, may=["echo", "store"])])


@pytest.fixture
def used(gateway, study):
    """A gateway that has permitted, refused, granted and revoked."""
    sent = study(3, patient="MRN-PATIENT-4711")
    assert pynet.store_all(gateway.port, sent) == [0] * 3
    assert pynet.store_all(gateway.port, sent, calling="CLINIC") == [0x0124] * 3
    granted = gateway.grant("MRN-PATIENT-4711", to=OWN)
    assert pynet.store_all(gateway.port, sent, calling="CLINIC") == [0] * 3
    gateway.revoke(next(granted[key] for key in ("consent", "id", "seq", "entry") if key in granted))
    return gateway


def kinds(gateway) -> list[str]:
    return [body["kind"] for body in gateway.bodies()]


def test_everything_that_happened_is_in_the_ledger(used):
    used.stop()
    told = kinds(used)
    assert told[0] == "genesis"
    for kind in ("policy-activated", "decision", "transfer-closed", "consent-granted", "consent-revoked"):
        assert kind in told, told
    verdicts = [body["decision"]["verdict"].lower() for body in used.bodies("decision")]
    assert "permit" in verdicts and "deny" in verdicts
    closed = used.bodies("transfer-closed")
    assert sum(body["instances"] for body in closed) == 6
    assert sum(body["failed"] for body in closed) == 0


def test_entries_are_chained_numbered_and_in_order(used):
    used.stop()
    entries = used.entries()
    assert [entry["seq"] for entry in entries] == list(range(entries[0]["seq"], entries[0]["seq"] + len(entries)))
    times = [entry["ledger_time"] for entry in entries]
    assert times == sorted(times)


def test_one_entry_can_be_shown(used):
    used.stop()
    shown = used.command("ledger", "show", used.data, "--entry", 1, "--json").stdout
    assert json.loads(shown)["seq"] == 1
    assert used.command("ledger", "show", used.data, "--entry", 10_000, check=False).returncode != 0


def test_the_ledger_can_be_shown_and_verified_while_the_gateway_runs(used):
    assert "decision" in kinds(used)
    assert used.verify().returncode == 0


def test_a_copied_ledger_verifies_with_only_the_public_key(used, tmp_path):
    used.stop()
    used.command("ledger", "export", used.data, "--out", tmp_path / "exported")
    keys = used.folder / "keys"
    shutil.move(keys, tmp_path / "hidden")
    try:
        assert used.verify(tmp_path / "exported").returncode == 0
    finally:
        shutil.move(tmp_path / "hidden", keys)


def test_one_flipped_bit_is_found_and_named(used, tmp_path):
    used.stop()
    copy = tmp_path / "copy"
    shutil.copytree(used.data, copy)
    assert used.verify(copy).returncode == 0
    segment = max((path for path in copy.rglob("*") if path.is_file() and b'"kind":"decision"' in path.read_bytes()), key=lambda path: path.stat().st_size)
    raw = bytearray(segment.read_bytes())
    at = raw.index(b'"kind":"decision"') + 10
    raw[at] ^= 1
    segment.write_bytes(raw)
    done = used.verify(copy, check=False)
    assert done.returncode == 1
    assert any(word in (done.stdout + done.stderr).lower() for word in ("entry", "batch"))


def test_a_removed_tail_is_found(used, tmp_path):
    used.stop()
    copy = tmp_path / "copy"
    shutil.copytree(used.data, copy)
    segment = next(path for path in sorted(copy.rglob("*")) if path.is_file() and b'"kind":"genesis"' in path.read_bytes())
    raw = segment.read_bytes()
    at = raw.rindex(b'"prev"')
    segment.write_bytes(raw[: at - 200] + bytes(len(raw) - at + 200))
    assert used.verify(copy, check=False).returncode == 1


def test_no_patient_data_stands_in_the_ledger_or_the_logs(used):
    log = used.process.output()
    used.stop()
    for secret in SECRETS:
        assert secret not in log
        for path in used.data.rglob("*"):
            if path.is_file():
                assert secret.encode() not in path.read_bytes(), f"{secret} in {path}"


def test_log_lines_may_be_json(stage, dest, study):
    peers = [Peer("MODALITY", may=["echo", "store"]), Peer("DEST", port=dest.port)]
    config = Config(peers, [(["CREDENCE"], ["storage"], "dest")])
    plain = config.text
    config.text = lambda port: plain(port).replace('format = "text"', 'format = "json"')
    gateway = stage.gateway(config)
    pynet.store_all(gateway.port, study(1))
    lines = [line for line in gateway.process.output().splitlines() if line]
    assert lines
    for line in lines:
        json.loads(line)


def test_consents_are_listed_as_json(gateway):
    assert gateway.consents() == []
    first = gateway.grant("P1")
    gateway.grant("P2", purposes=["TREATMENT", "RESEARCH"])
    assert len(gateway.consents()) == 2
    gateway.revoke(next(first[key] for key in ("consent", "id", "seq", "entry") if key in first))
    listed = gateway.consents()
    in_force = [row for row in listed if not row.get("revoked") and row.get("status") != "revoked"]
    assert len(in_force) == 1


def test_consents_may_be_granted_while_no_gateway_runs(gateway, dest, study):
    gateway.stop()
    gateway.grant("P1", to=OWN)
    gateway.start()
    assert pynet.store_all(gateway.port, study(1), calling="CLINIC") == [0]


def test_a_restart_gives_the_same_state(gateway, dest, study):
    gateway.grant("P1", to=OWN)
    gateway.grant("P2", to=OWN)
    assert pynet.store_all(gateway.port, study(2), calling="CLINIC") == [0, 0]
    before = gateway.consents()
    roots = [body["decision"]["state_root"] for body in gateway.bodies("decision")]
    gateway.restart()
    assert gateway.consents() == before
    assert pynet.store_all(gateway.port, study(2), calling="CLINIC") == [0, 0]
    assert [body["decision"]["state_root"] for body in gateway.bodies("decision")][: len(roots)] == roots
    assert gateway.verify().returncode == 0


def test_the_index_is_rebuilt_when_it_is_missing(gateway, dest, study):
    gateway.grant("P1", to=OWN)
    pynet.store_all(gateway.port, study(2))
    gateway.stop()
    entries = gateway.entries()
    for name in ("index", "sled"):
        for folder in gateway.data.rglob(name):
            shutil.rmtree(folder)
    gateway.start()
    assert gateway.entries()[: len(entries)] == entries
    assert pynet.store_all(gateway.port, study(1), calling="CLINIC") == [0]


# Starting and stopping.


def test_sigterm_drains_what_is_under_way(stage, study):
    dest = stage.serve(pynet.Destination, "DEST", delay_s=0.4)
    gateway = stage.store_gateway(dest.port)
    sent = study(4)
    statuses: list = []
    thread = threading.Thread(target=lambda: statuses.extend(pynet.store_all(gateway.port, sent)))
    thread.start()
    dest.wait_for(1)
    gateway.process.signal(signal.SIGTERM)
    time.sleep(0.2)
    newcomer = pynet.associate(gateway.port, [(pynet.VERIFICATION, ["1.2.840.10008.1.2"])], timeout_s=3)
    assert not newcomer.is_established
    thread.join(20)
    assert statuses == [0] * 4
    assert gateway.process.wait(15) == 0
    assert len(dest.arrivals) == 4
    assert gateway.verify().returncode == 0


def test_an_idle_gateway_stops_at_once(gateway):
    started = time.monotonic()
    gateway.process.signal(signal.SIGTERM)
    assert gateway.process.wait(10) == 0
    assert time.monotonic() - started < 3


def test_a_second_sigterm_stops_now(stage, study):
    dest = stage.serve(pynet.Destination, "DEST", delay_s=8)
    gateway = stage.store_gateway(dest.port)
    association = pynet.associate(gateway.port, pynet.contexts_for(study(1)), timeout_s=20)
    thread = threading.Thread(target=lambda: pynet.store_raw(association, study(1)[0]), daemon=True)
    thread.start()
    time.sleep(0.7)
    gateway.process.signal(signal.SIGTERM)
    time.sleep(0.5)
    assert gateway.process.alive()
    started = time.monotonic()
    gateway.process.signal(signal.SIGTERM)
    gateway.process.wait(10)
    assert time.monotonic() - started < 3
    assert gateway.verify().returncode == 0


def test_a_second_gateway_on_the_folder_is_refused(gateway):
    second = gateway.folder / "second.toml"
    second.write_text(gateway.config.text(free_port()))
    done = gateway.command("serve", "--config", second, check=False, timeout_s=20)
    assert done.returncode != 0
    assert "lock" in done.stderr.lower() or "another" in done.stderr.lower() or "in use" in done.stderr.lower()
    assert dcmtk.echoscu(gateway.port).returncode == 0


def test_check_config_names_every_fault_and_exits_with_two(gateway, tmp_path):
    assert gateway.command("check-config", gateway.file).returncode == 0
    text = gateway.file.read_text()
    broken = gateway.folder / "broken.toml"
    broken.write_text(
        text.replace('mode = "enforce"', 'mode = "enfroce"').replace('may = ["echo", "store"]', 'may = ["echo", "stor"]', 1)
        + '\n[[route]]\ncalled = ["CREDENCE"]\nsop_classes = ["storage"]\nto = "nobody"\n'
    )
    done = gateway.command("check-config", broken, check=False)
    assert done.returncode == 2
    told = done.stdout + done.stderr
    assert "broken.toml" in told and "mode" in told and "enforce" in told
    unknown = gateway.folder / "unknown.toml"
    unknown.write_text(text.replace("[limits]", "[limits]\nassociatons_max = 3"))
    done = gateway.command("check-config", unknown, check=False)
    assert done.returncode == 2
    assert "associatons_max" in done.stdout + done.stderr
    dangling = gateway.folder / "dangling.toml"
    dangling.write_text(text.replace('to = "dest"', 'to = "nobody"'))
    done = gateway.command("check-config", dangling, check=False)
    assert done.returncode == 2
    assert "nobody" in done.stdout + done.stderr


def test_help_and_version_exit_with_zero_and_nonsense_with_two():
    for words in (["--help"], ["--version"], ["ledger", "--help"], ["consent", "--help"], ["serve", "--help"]):
        done = subprocess.run([binary(), *words], capture_output=True, text=True, timeout=10)
        assert done.returncode == 0 and done.stdout, words
    assert subprocess.run([binary(), "frobnicate"], capture_output=True, timeout=10).returncode == 2
