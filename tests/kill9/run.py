#!/usr/bin/env python3
"""kill -9 at random moments while images and consents are stored; then restart and hold it to its word.

After every restart: each instance that a sender was told is stored is at the destination, with its bytes;
each ledger entry that was ever seen, and each consent that was acknowledged, is still there; the chain
verifies; every transfer that was open is closed, as interrupted. A round is one check.

    tests/kill9/run.py [--rounds 100] [--seed N] [--keep DIR]
"""

import argparse
import hashlib
import random
import shutil
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from rig import images
from rig import wire
from rig.gateway import Config
from rig.gateway import Gateway
from rig.gateway import Peer
from rig.listener import Listener

SENDERS = 3


class Sender(threading.Thread):
    """Stores images until the gateway is gone, a new study every few of them; remembers what it was told."""

    def __init__(self, port: int, number: int, round_number: int, randomness: random.Random):
        super().__init__(daemon=True)
        self.port = port
        self.key = round_number * 1000 + number * 100
        self.randomness = randomness
        self.acknowledged: dict[str, str] = {}
        self.fault: str | None = None

    def run(self) -> None:
        study = self.key
        try:
            while True:
                study += 1
                self._association(study)
        except (OSError, EOFError, AssertionError, KeyError):
            return

    def _association(self, study: int) -> None:
        with wire.Wire(self.port) as connection:
            answered = connection.associate(contexts=wire.context(1, wire.CT, [wire.EXPLICIT]))
            if answered[:1] != bytes([wire.ASSOCIATE_AC]):
                raise EOFError
            for number in range(self.randomness.randrange(1, 12)):
                made = images.data_set(study=study, number=number + 1, patient=f"P{study % 7}", pixel_bytes=self.randomness.choice([2000, 20_000, 300_000]))
                self._store(connection, made, number)
            connection.release()

    def _store(self, connection: wire.Wire, made, message_id: int) -> None:
        data = images.encoded(made)
        instance = str(made.SOPInstanceUID)
        connection.send(wire.p_data(wire.pdv(1, wire.c_store_rq(wire.CT, instance.encode(), message_id), command=True)))
        for start in range(0, len(data), 16_000):
            connection.send(wire.p_data(wire.pdv(1, data[start : start + 16_000], command=False, last=start + 16_000 >= len(data))))
        status = wire.status_of(connection.read_command()[1])
        if status == 0:
            self.acknowledged[instance] = hashlib.sha256(data).hexdigest()
        else:
            self.fault = f"status {status:04X}H for an image of the own institution"


class Granter(threading.Thread):
    """Grants consents by the command line, as long as the gateway answers."""

    def __init__(self, gateway: Gateway, round_number: int):
        super().__init__(daemon=True)
        self.gateway = gateway
        self.round_number = round_number
        self.acknowledged = 0
        self.stopped = False

    def run(self) -> None:
        while not self.stopped:
            done = self.gateway.command(*self.gateway.grant_words(f"P{self.round_number % 7}"), check=False)
            if done.returncode == 0:
                self.acknowledged += 1
            time.sleep(0.05)


def received(listener: Listener) -> dict[str, set[str]]:
    """Digests of what came, by SOP Instance UID; whole data sets only."""
    found: dict[str, set[str]] = {}
    for heard in listener.heard:
        for (_, command), (_, data) in zip(heard.commands, heard.data_sets):
            instance = command[0x1000].rstrip(b"\0").decode()
            found.setdefault(instance, set()).add(hashlib.sha256(data).hexdigest())
    return found


def faults_after_restart(gateway: Gateway, told: dict[str, str], arrived: dict[str, set[str]], seen: list, granted: int) -> tuple[list[str], list]:
    faults = []
    lost = [instance for instance, digest in told.items() if digest not in arrived.get(instance, set())]
    if lost:
        faults.append(f"{len(lost)} acknowledged instances are not at the destination, first {lost[0]}")
    verified = gateway.verify(check=False)
    if verified.returncode != 0:
        faults.append(f"the ledger does not verify: {verified.stdout}{verified.stderr}")
    entries = gateway.entries()
    if entries[: len(seen)] != seen:
        faults.append("entries that were there before are gone or changed")
    bodies = [(entry["seq"], entry["event"]["body"]) for entry in entries]
    grants = sum(1 for _, body in bodies if body["kind"] == "consent-granted")
    if grants < granted:
        faults.append(f"{granted} consents were acknowledged, {grants} are in the ledger")
    permitted = {seq for seq, body in bodies if body["kind"] == "decision" and body["decision"]["verdict"].lower() == "permit" and body["request"]["verb"].lower() == "store"}
    closed = {body["decision"] for _, body in bodies if body["kind"] == "transfer-closed"}
    if permitted - closed:
        faults.append(f"{len(permitted - closed)} transfers are still open after the restart, first of entry {min(permitted - closed)}")
    studies = {instance.rsplit(".", 2)[0] for instance in told}
    if len(permitted) < len(studies):
        faults.append(f"{len(studies)} studies were acknowledged on {len(permitted)} decisions")
    return faults, entries


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--rounds", type=int, default=100)
    arguments.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    arguments.add_argument("--keep", type=Path, help="work in this folder and leave it there")
    chosen = arguments.parse_args()
    print(f"kill -9: {chosen.rounds} rounds, seed {chosen.seed}", flush=True)
    randomness = random.Random(chosen.seed)
    folder = chosen.keep or Path(tempfile.mkdtemp(prefix="credence-kill9-"))
    listener = Listener()
    peers = [Peer("MODALITY", may=["echo", "store"]), Peer("DEST", port=listener.port)]
    gateway = Gateway(folder, Config(peers, [(["CREDENCE"], ["storage"], "dest")]))
    told: dict[str, str] = {}
    seen: list = []
    granted = passed = failed = interrupted = 0
    for round_number in range(1, chosen.rounds + 1):
        faults = []
        try:
            gateway.start()
            senders = [Sender(gateway.port, n, round_number, random.Random(randomness.random())) for n in range(SENDERS)]
            granter = Granter(gateway, round_number)
            for thread in (*senders, granter):
                thread.start()
            time.sleep(randomness.uniform(0.05, 1.5))
            gateway.kill()
            granter.stopped = True
            for thread in (*senders, granter):
                thread.join(30)
            for sender in senders:
                told.update(sender.acknowledged)
                faults += [sender.fault] if sender.fault else []
            granted += granter.acknowledged
            gateway.start()
            time.sleep(0.1)
            found, seen = faults_after_restart(gateway, told, received(listener), seen, granted)
            faults += found
            gateway.stop()
            interrupted = sum(1 for entry in seen if str(entry["event"]["body"].get("outcome", "")).lower() == "interrupted")
        except (AssertionError, RuntimeError, TimeoutError, OSError, KeyError, IndexError) as fault:
            faults.append(f"{type(fault).__name__}: {fault}")
            if gateway.process is not None:
                gateway.kill()
        passed, failed = (passed, failed + 1) if faults else (passed + 1, failed)
        print(f"round {round_number}: {len(told)} instances acknowledged, {granted} consents, {len(seen)} entries, {interrupted} interrupted" + "".join(f"\n  FAULT {fault}" for fault in faults), flush=True)
        if failed >= 5:
            print("giving up after five failed rounds")
            break
    if chosen.rounds >= 5 and not (told and interrupted):
        print("FAULT nothing was acknowledged, or no kill met an open transfer: the rig shows nothing")
        failed += 1
    listener.stop()
    if chosen.keep is None and failed == 0:
        shutil.rmtree(folder)
    else:
        print(f"folder: {folder}, seed {chosen.seed}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
