"""What must be true of a disk after a power cut."""

import json
import subprocess
from pathlib import Path

from powercut.disk import Cut
from powercut.disk import Mounted
from powercut.disk import run
from powercut.load import Book
from powercut.load import Told
from powercut.load import study_digest
from powercut.serving import serve
from rig import spool
from rig.gateway import Config
from rig.gateway import Gateway

# Leaves most of a small disk to the journal.
SPOOL_BYTES_MAX = 40 << 20


def gateway_on(folder: Path, root: Path, config_of, port: int | None = None) -> Gateway:
    """A gateway whose data, keys and spool are on the disk mounted at `root`; the rest is in `folder`."""
    config: Config = config_of({"data_dir": str(root / "data"), "keys_dir": str(root / "keys")})
    config.more.append(("[spool]", {"dir": str(root / "spool"), "bytes_max": SPOOL_BYTES_MAX, "free_bytes_min": 0}))
    gateway = Gateway(folder, config, port)
    gateway.data = root / "data"
    return gateway


def lines_of(gateway: Gateway) -> list[str]:
    """The ledger's lines as they are, oldest first; none when there is no ledger."""
    if not (gateway.data / "journal").is_dir():
        return []
    return gateway.command("ledger", "show", gateway.data, "--json").stdout.splitlines()


def verified_anew(gateway: Gateway) -> subprocess.CompletedProcess:
    """`ledger verify --replay`, which takes its time in a build that is not optimised."""
    return gateway.command("ledger", "verify", "--replay", gateway.data, check=False, timeout_s=600)


def in_common(some: list[str], others: list[str]) -> int:
    """How many lines both begin with."""
    for number, (one, other) in enumerate(zip(some, others)):
        if one != other:
            return number
    return min(len(some), len(others))


class Check:
    """Looks at one cut with a gateway of its own."""

    def __init__(self, folder: Path, config_of):
        self.folder = folder
        self.config_of = config_of
        self.entries = self.spooled = 0

    def faults(self, cut: Cut, book: Book, live: list[str]) -> list[str]:
        """What is wrong with it. `live` are the lines that the gateway has written until later."""
        told = book.before(cut.time_ns)
        self.spooled = sum(1 for one in told if one.kind == "spooled")
        try:
            with Mounted(cut.file, self.folder / "root") as root:
                faults = self._faults(gateway_on(self.folder, root, self.config_of), cut, book, told, live)
        except (RuntimeError, AssertionError, TimeoutError, OSError, ValueError, KeyError, IndexError, subprocess.SubprocessError) as fault:
            faults = [f"{type(fault).__name__}: {fault}"]
        sound = run("e2fsck", "-fn", cut.file, check=False)
        if sound.returncode != 0:
            # Then the disk is at fault, not the gateway: it broke a promise that the file system rests on.
            faults.append(f"the file system is damaged:\n{sound.stdout}")
        return faults

    def _faults(self, gateway: Gateway, cut: Cut, book: Book, told: list[Told], live: list[str]) -> list[str]:
        # Before a start could have changed it.
        faults = unkept(gateway.data.parent, told)
        if told or (gateway.data / "ledger.vkey").exists() and (gateway.data / "checkpoint.0").exists():
            verified = verified_anew(gateway)
            if verified.returncode != 0:
                faults.append(f"what the cut left does not verify: {verified.stdout}{verified.stderr}")
        if not serve(gateway):
            return [*faults, f"the folder does not open: {gateway.process.output()[-1000:]}"]
        try:
            lines = lines_of(gateway)
            self.entries = len(lines)
            faults += lost(told, lines, live, (gateway.data.parent / "keys" / "lookup.key").read_bytes())
            faults += consents_wrong(gateway, told, book, cut)
            faults += patients_mistaken(gateway, told, lines)
            faults += unkept(gateway.data.parent, told)
            faults += [f"in the spool, {path.name} was left" for path in (gateway.data.parent / "spool").rglob("*.draft")]
        finally:
            code = gateway.stop()
        if code != 0:
            faults.append(f"the gateway ended with {code}")
        verified = verified_anew(gateway)
        if verified.returncode != 0:
            faults.append(f"after a restart it does not verify: {verified.stdout}{verified.stderr}")
        return faults


def lost(told: list[Told], lines: list[str], live: list[str], lookup_key: bytes) -> list[str]:
    """Acknowledged entries that are not there, or not as they were."""
    faults = []
    common = in_common(lines, live)
    for one in told:
        if one.entry is not None and one.entry >= common:
            faults.append(f"lost: {one.kind} was acknowledged as entry {one.entry}; {common} of the entries before the cut are there")
            break
    bodies = [json.loads(line)["event"]["body"] for line in lines[:common]]
    permitted = {
        body["request"]["study"]["uid_digest"] for body in bodies
        if body["kind"] == "decision" and body["decision"]["verdict"] == "permit" and body["request"].get("study")
    }
    gone = [one for one in told if one.kind in ("stored", "spooled") and study_digest(lookup_key, one.study) not in permitted]
    if gone:
        faults.append(f"lost: {len(gone)} images were acknowledged whose decision is not there")
    for one in told:
        if one.kind in ("grant", "deny") and one.entry < common:
            consent = bodies[one.entry].get("consent") or {}
            if consent.get("study_uid_digest") != study_digest(lookup_key, one.study) or consent.get("effect") != one.kind:
                faults.append(f"entry {one.entry} is not the consent that it was acknowledged for")
        if one.kind == "revoke" and one.entry < common and bodies[one.entry].get("consent") != one.consent:
            faults.append(f"entry {one.entry} is not the revocation that it was acknowledged for")
    return faults


def unkept(root: Path, told: list[Told]) -> list[str]:
    """Objects that were acknowledged and do not lie in each of their queues, as they were sent; and files that are none."""
    kept = [one for one in told if one.kind == "spooled"]
    if not kept:
        return []
    found = spool.objects(root / "spool", (root / "keys" / "spool.key").read_bytes())
    lying = {(one.queue, one.digest) for one in found if one.data is not None}
    gone = [one for one in kept if any((queue, one.digest) not in lying for queue in one.queues)]
    faults = [f"lost: {len(gone)} of {len(kept)} objects were acknowledged that are not in the spool"] if gone else []
    faults += [f"in the spool, {one.queue}/{one.place}/{one.number} is no object: {one.why}" for one in found if one.data is None][:1]
    return faults


def consents_wrong(gateway: Gateway, told: list[Told], book: Book, cut: Cut) -> list[str]:
    """Consents that were acknowledged and do not stand, or were revoked and do."""
    stand = {consent["consent"] for consent in gateway.consents()}
    ending = {consent for consent, asked_ns in book.revoking.items() if asked_ns < cut.time_ns}
    # Of those who are to be forgotten, at whatever moment, no consent need stand.
    granted = {one.entry for one in told if one.kind in ("grant", "deny") and not one.patient.startswith("E")}
    revoked = {one.consent for one in told if one.kind == "revoke"}
    faults = [f"lost: consent {consent} does not stand" for consent in sorted(granted - ending - stand)[:1]]
    return faults + [f"lost: consent {consent} stands, and was revoked" for consent in sorted(revoked & stand)[:1]]


def patients_mistaken(gateway: Gateway, told: list[Told], lines: list[str]) -> list[str]:
    """Whether the keyring still knows the patient of the last acknowledged consent as the same one, and a
    patient whose erasure was acknowledged no more."""
    granted = {one.patient: one for one in told if one.kind in ("grant", "deny") and one.entry < len(lines)}
    erased = [one.patient for one in told if one.kind == "erased"]
    kept = [patient for patient in granted if not patient.startswith("E")]
    faults = []
    for patient in kept[-1:] + erased[-1:]:
        again = gateway.grant(patient)["entry"]
        entries = lines_of(gateway)
        then, now = (json.loads(entries[entry])["event"]["body"]["consent"]["patient"] for entry in (granted[patient].entry, again))
        if then == now and patient in erased:
            faults.append(f"not forgotten: the patient of entry {granted[patient].entry}, though the erasure was acknowledged")
        if then != now and patient not in erased:
            faults.append(f"lost: the patient of entry {granted[patient].entry} has another pseudonym now")
    return faults
