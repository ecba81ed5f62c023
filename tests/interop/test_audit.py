"""Audits that leave the house: what DCMTK did, exported, verified by us, by sha256sum and by openssl."""

import csv
import hashlib
import json
import os
import shutil
import signal
import subprocess
from datetime import UTC
from datetime import datetime
from datetime import timedelta
from pathlib import Path
from xml.etree import ElementTree

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from rig import dcmtk
from rig import images
from rig.gateway import OTHER
from rig.gateway import OWN
from rig.gateway import binary
from rig.listener import Listener
from rig.process import wait_until
from test_audit_dicom import jing
from test_audit_dicom import messages_file
from test_audit_fhir import faults

FORMATS = [word for name in ("jsonl", "csv", "dicom", "fhir", "html") for word in ("--format", name)]
PATIENT, NAME = "CANARY-7", "Canary^Seven"


@pytest.fixture
def house(stage, tmp_path):
    return stage.store_gateway(stage.keep(Listener()).port)


def past(gateway, folder: Path) -> str:
    """A study is stored, and its patient grants a consent; the study's UID."""
    made = images.study(folder / "made", 3, patient=PATIENT, study=71)
    assert dcmtk.storescu(gateway.port, [one.path for one in made], "-xe", called="CREDENCE").returncode == 0
    gateway.grant(PATIENT, OTHER)
    return images.uid(71)


def export(gateway, out: Path, *words, check=True):
    return gateway.command(
        "audit", "export", "--config", gateway.file, "--out", out, "--by", "mayer", *words, check=check,
    )


def verify(gateway, out: Path, *words, check=True):
    return gateway.command("audit", "verify", out, *words, check=check)


def files(out: Path) -> list[Path]:
    return sorted(path for path in out.rglob("*") if path.is_file())


def rows(out: Path) -> list[dict]:
    with open(out / "audit.csv", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def told(house, tmp_path):
    study = past(house, tmp_path)
    return house, study, tmp_path / "audit"


def test_an_export_is_verified_by_us_and_by_tools_that_we_did_not_write(told):
    gateway, _, out = told
    export(gateway, out, *FORMATS)
    verified = verify(gateway, out, "--key", (gateway.data / "ledger.vkey").read_text().strip())
    assert "verified: entries 0 to" in verified.stdout and "all there" in verified.stdout
    manifest = json.loads((out / "manifest.json").read_text())
    sums = "".join(f"{one['sha256']}  {one['name']}\n" for one in manifest["files"])
    subprocess.run(["sha256sum", "--check", "--quiet", "-"], cwd=out, input=sums, text=True, check=True)
    openssl = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", "key.pem", "-rawin", "-in", "manifest.json", "-sigfile", "manifest.sig"]
    done = subprocess.run(openssl, cwd=out, capture_output=True, text=True)
    assert done.returncode == 0 and "Verified" in done.stdout, done.stderr
    # It is in the ledger: who, what of, and which.
    (recorded,) = gateway.bodies("audit-exported")
    assert recorded["by"] == "mayer" and not recorded["identified"]
    assert recorded["manifest_sha256"] == hashlib.sha256((out / "manifest.json").read_bytes()).hexdigest()
    assert (recorded["records"], recorded["until"]) == (manifest["records"], manifest["range"]["until"])
    gateway.verify()


def test_formats_tell_the_same_and_the_canary_stays_in(told):
    gateway, study, out = told
    export(gateway, out, *FORMATS)
    lines = [json.loads(line) for line in (out / "audit.jsonl").read_text().splitlines()]
    entries = [line["entry"] for line in lines]
    assert [int(row["entry"]) for row in rows(out)] == [entry["seq"] for entry in entries]
    assert [row["kind"] for row in rows(out)] == [entry["event"]["body"]["kind"] for entry in entries]
    page = (out / "audit.html").read_text()
    assert page.count("<tr>") == len(lines) + 1
    events = [json.loads(line) for line in (out / "AuditEvent.ndjson").read_text().splitlines()]
    assert [entry["resource"] for entry in json.loads((out / "bundle.json").read_text())["entry"]] == events
    assert [name for event in events for name in faults(event)] == []
    valid = jing(messages_file(out))
    assert valid.returncode == 0, valid.stdout
    messages = ElementTree.parse(messages_file(out)).getroot()
    codes = [message.find("EventIdentification/EventID").get("csd-code") for message in messages]
    assert {"110100", "110102", "110104", "110110"} <= set(codes), codes
    (stored,) = [row for row in rows(out) if row["kind"] == "decision"]
    assert (stored["verdict"], stored["verb"], stored["purpose"]) == ("permit", "store", "TREATMENT")
    closed = [row for row in rows(out) if row["kind"] == "transfer-closed"]
    assert sum(int(row["instances"]) for row in closed) == 3
    assert {row["decision"] for row in closed} == {stored["entry"]}
    for path in files(out):
        for secret in (PATIENT, NAME, study):
            assert secret.encode() not in path.read_bytes(), path


def test_who_may_open_the_keys_is_told_whose_images_they_are(told):
    gateway, study, out = told
    export(gateway, out, "--format", "csv", "--identified")
    (stored,) = [row for row in rows(out) if row["kind"] == "decision"]
    assert (stored["patient_id"], stored["study_instance_uid"]) == (PATIENT, study)
    assert "not verified: patients" in verify(gateway, out).stdout
    (recorded,) = gateway.bodies("audit-exported")
    assert recorded["identified"]
    # Without the keys there is no such export, and nothing is left of it.
    keys = gateway.data.parent / "keys"
    keys.rename(keys.with_name("away"))
    refused = export(gateway, out.with_name("second"), "--format", "csv", "--identified", check=False)
    keys.with_name("away").rename(keys)
    assert refused.returncode == 1 and not list(out.parent.glob("second*")), refused.stderr


def test_a_filter_is_told_by_the_ledgers_names_and_leaves_nothing_out_unseen(told):
    gateway, study, out = told
    export(gateway, out, "--format", "csv", "--patient", PATIENT)
    kinds = {row["kind"] for row in rows(out)}
    # The last is the export's own question by which pseudonym the ledger knows the patient.
    assert kinds == {"decision", "transfer-closed", "consent-granted", "details-shown"}, kinds
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["records"] == len(rows(out)) < manifest["range"]["until"]
    assert PATIENT not in (out / "manifest.json").read_text()
    assert PATIENT not in json.dumps(gateway.bodies("audit-exported"))
    verify(gateway, out)
    export(gateway, out.with_name("study"), "--format", "csv", "--study", study, "--kind", "decision")
    assert len(rows(out.with_name("study"))) == 1
    nobody = export(gateway, out.with_name("nobody"), "--format", "csv", "--patient", "UNMET", check=False)
    assert nobody.returncode == 1 and "has not met" in nobody.stderr


def test_a_range_that_begins_in_the_middle_carries_what_it_follows_from(told):
    gateway, _, out = told
    entries = gateway.entries()
    decision = next(one for one in entries if one["event"]["body"]["kind"] == "decision")
    after = entries[decision["seq"] + 1]
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=after["ledger_time"])
    at = at.isoformat().replace("+00:00", "Z")
    export(gateway, out, "--format", "csv", "--from", at)
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["range"]["from"] == after["seq"]
    assert (out / "earlier" / f"{decision['seq']}.json").exists()
    closed = [row for row in rows(out) if row["kind"] == "transfer-closed"]
    assert closed and {row["verdict"] for row in closed} == {"permit"}
    verify(gateway, out)


def test_whatever_is_changed_left_out_or_added_is_found(told, tmp_path):
    gateway, _, out = told
    export(gateway, out, "--format", "csv", "--format", "html")
    names = [path.relative_to(out) for path in files(out)]
    for number, name in enumerate(names):
        copy = tmp_path / f"changed-{number}"
        shutil.copytree(out, copy)
        content = bytearray((copy / name).read_bytes())
        if content:
            content[len(content) // 2] ^= 1
        else:
            content += b"x"
        (copy / name).write_bytes(content)
        refused = verify(gateway, copy, check=False)
        assert refused.returncode == 1 and "NOT verified" in refused.stdout, name
        shutil.copytree(out, copy, dirs_exist_ok=True)
        verify(gateway, copy)
        (copy / name).unlink()
        assert verify(gateway, copy, check=False).returncode == 1, name
    copy = tmp_path / "added"
    shutil.copytree(out, copy)
    (copy / "note.txt").write_text("also true")
    assert "note.txt does not belong" in verify(gateway, copy, check=False).stdout
    # A pipe is not waited for.
    for name in ("audit.csv", "manifest.json"):
        copy = tmp_path / f"pipe-{name}"
        shutil.copytree(out, copy)
        (copy / name).unlink()
        os.mkfifo(copy / name)
        assert verify(gateway, copy, check=False).returncode == 1


def test_an_export_that_its_own_gateway_signed_and_that_leaves_an_entry_out_is_found(told):
    """Whoever has the gateway's key can sign what they like: not that it is complete."""
    gateway, _, out = told
    export(gateway, out, "--format", "csv")
    kept = (out / "audit.csv").read_bytes().split(b"\r\n")
    denied = next(number for number, row in enumerate(kept) if b",decision," in row)
    (out / "audit.csv").write_bytes(b"\r\n".join(kept[:denied] + kept[denied + 1 :]))
    manifest = json.loads((out / "manifest.json").read_text())
    for one in manifest["files"]:
        content = (out / one["name"]).read_bytes()
        one["bytes"], one["sha256"] = len(content), hashlib.sha256(content).hexdigest()
    text = json.dumps(manifest, sort_keys=True, separators=(",", ":"), ensure_ascii=False) + "\n"
    (out / "manifest.json").write_text(text)
    # PKCS #8 with an Ed25519 key (RFC 8410): the 32 bytes after OCTET STRING within OCTET STRING.
    der = (gateway.data.parent / "keys" / "statement.pk8").read_bytes()
    seed = der.split(bytes.fromhex("04220420"), 1)[1][:32]
    signature = Ed25519PrivateKey.from_private_bytes(seed).sign(text.encode())
    (out / "manifest.sig").write_bytes(signature)
    refused = verify(gateway, out, check=False)
    assert refused.returncode == 1 and "audit.csv is not what the entries say" in refused.stdout, refused.stdout


def test_formulas_are_defused_and_nothing_is_overwritten(house, tmp_path):
    gateway, out = house, tmp_path / "audit"
    made = images.study(tmp_path / "made", 1, patient="P1")
    assert dcmtk.storescu(gateway.port, [made[0].path], "-xe", called="CREDENCE").returncode == 0
    gateway.command("hold", "place", "--config", gateway.file, "--patient", "P1", "--reference", "=HYPERLINK(1)", "--by", "@SUM(A1)")
    export(gateway, out, "--format", "csv", "--kind", "hold-placed")
    (row,) = rows(out)
    assert row["person"] == "'@SUM(A1)"
    again = export(gateway, out, "--format", "csv", check=False)
    assert again.returncode == 1 and "is there already" in again.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_export_that_is_stopped_leaves_nothing(told, number):
    gateway, _, out = told
    partial = out.with_name(out.name + ".partial")
    # strace makes the first file take two seconds to be synced.
    slow = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=fsync", "-e", "inject=fsync:delay_enter=2s:when=1"]
    words = ["audit", "export", "--config", gateway.file, "--out", out, *FORMATS]
    process = subprocess.Popen([*slow, binary(), *words], stderr=subprocess.PIPE, text=True, cwd=gateway.folder)
    wait_until(partial.exists, 10, "the export to begin")
    (credence,) = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    os.kill(int(credence), number)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 1 and "stopped: nothing is left of it" in said, said
    assert not out.exists() and not partial.exists()
    assert gateway.bodies("audit-exported") == []
    # It can be made anew.
    export(gateway, out, "--format", "csv")
    verify(gateway, out)


def test_an_export_that_was_killed_does_not_verify(told):
    gateway, _, out = told
    partial = out.with_name(out.name + ".partial")
    slow = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=fsync", "-e", "inject=fsync:signal=SIGKILL:when=3"]
    words = ["audit", "export", "--config", gateway.file, "--out", out, *FORMATS]
    subprocess.run([*slow, binary(), *words], capture_output=True, timeout=30, cwd=gateway.folder)
    assert not out.exists() and partial.exists()
    assert verify(gateway, partial, check=False).returncode == 1


def listed(gateway, *words) -> list[dict]:
    text = gateway.command(*words, "--config", gateway.file, "--format", "csv").stdout
    return list(csv.DictReader(text.splitlines()))


def test_compliance_asks_and_the_ledger_answers(told):
    """A study's story, a patient's accesses, what was refused and what could not wait."""
    gateway, study, _ = told
    story = listed(gateway, "trace", "--study", study)
    assert [row["kind"] for row in story][0] == "decision" and {row["kind"] for row in story} == {"decision", "transfer-closed"}
    accesses = listed(gateway, "report", "access", "--patient", PATIENT)
    assert {row["kind"] for row in accesses} == {"decision", "transfer-closed", "consent-granted", "details-shown"}
    assert listed(gateway, "report", "denied") == listed(gateway, "report", "break-glass") == []
    # Another hospital asks without a consent, and one that cannot wait does.
    made = images.study(gateway.folder / "more", 1, patient="P2", study=72)
    assert dcmtk.storescu(gateway.port, [made[0].path], "-xe", called="CREDENCE_ER").returncode == 0
    (emergency, *followed) = listed(gateway, "report", "break-glass")
    assert (emergency["kind"], emergency["purpose"], emergency["verdict"]) == ("decision", "EMERGENCY", "permit")
    assert {row["decision"] for row in followed} == {emergency["entry"]}
    table = gateway.command("trace", "--config", gateway.file, "--study", study).stdout
    assert len(table.splitlines()) == len(story) + 1 and study not in table
    page = gateway.command("report", "institution", OWN, "--config", gateway.file, "--format", "html").stdout
    assert page.startswith("<!doctype html>")
