#!/usr/bin/env python3
"""Destinations that fail in every way while senders store by way of the spool, and a gateway killed among it.

After each run: every instance that a sender was told is stored is at the destination, with its bytes, in its
study's order, or among the dead letters with its reason; nothing came twice but for what was under way when
something died; the spool is empty again; no patient is named where instances wait. A run is one check.

    tests/spool/run.py [--runs 20] [--long] [--jobs 3] [--seed N] [--keep DIR]

--long: 500 runs.
"""

import argparse
import json
import queue
import random
import shutil
import sys
import tempfile
import threading
import time
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from rig import images
from rig.gateway import Config
from rig.gateway import Gateway
from rig.gateway import Peer
from rig.process import wait_until
from spool.destination import Destination
from spool.senders import CANARY_ID
from spool.senders import CANARY_NAME
from spool.senders import Sender
from spool.senders import study

# After the destination returns, all goes on within this.
BACK_TO_WORK_S = 30
MODES = {"CREDENCE": "spool", "CREDENCE_D": "direct-then-spool"}
# A gateway's folder is used for so many runs.
RUNS_PER_GATEWAY = 25


def config(port: int, spool: dict, associations: int = 2) -> Config:
    more = {"queue_associations": associations, "dimse_response_s": 1, "connect_s": 1}
    return Config(
        [Peer("MODALITY", may=["echo", "store"]), Peer("DEST", port=port, more=more)],
        [([called], ["storage"], "dest", {"delivery": delivery}) for called, delivery in MODES.items()],
        aes={called: "TREATMENT" for called in MODES},
        more=[("[spool]", {"free_bytes_min": 0, **spool})],
    )


class Site:
    """A gateway and its destination; one for several runs."""

    def __init__(self, folder: Path, spool: dict, associations: int = 2):
        self.destination = Destination()
        self.associations = associations
        self.gateway = Gateway(folder, config(self.destination.port, spool, associations))
        self.kills = 0

    def kill(self) -> None:
        self.gateway.kill()
        self.kills += 1
        self.check_canaries()
        self.gateway.start()

    def check_canaries(self) -> None:
        """Nothing that names a patient, a study or an instance lies in the clear, but in the destination."""
        searched = 0
        for folder in ("spool", "data"):
            for file in (self.gateway.folder / folder).rglob("*"):
                if file.is_file():
                    searched += 1
                    check_file(file, [CANARY_NAME, CANARY_ID, images.ARC + "."])
        check_file(self.gateway.folder / "credence.log", [CANARY_NAME, CANARY_ID])
        assert searched > 3, "the rig searches the wrong folder"

    def waiting(self) -> list[Path]:
        queues = self.gateway.folder / "spool" / "queues"
        return [file for file in queues.glob("*/waiting/*") if file.is_file()]

    def dead(self) -> list[dict]:
        """The dead letters, as `credence queue list` tells of them."""
        words = ["queue", "list", "dest", "--objects", "--json", "--config", self.gateway.file]
        listed = json.loads(self.gateway.command(*words).stdout)["objects"]
        return [one for one in listed if one["place"] == "dead"]

    def drop(self, number: int) -> None:
        words = ["queue", "drop", "dest", "--object", number, "--reason", "the rig", "--by", "rig"]
        self.gateway.command(*words, "--config", self.gateway.file)

    def stop(self) -> None:
        if self.gateway.process is not None:
            self.gateway.stop()
        self.destination.silence(False)
        self.destination.down()


def check_file(file: Path, words: list[str]) -> None:
    try:
        data = file.read_bytes()
    except FileNotFoundError:
        return
    for word in words:
        assert word.encode() not in data, f"{word} stands in {file}"


class Weather(threading.Thread):
    """What happens to the destination and to the gateway while senders send."""

    def __init__(self, site: Site, acts: list[tuple], randomness: random.Random):
        super().__init__(daemon=True)
        self.site, self.acts, self.randomness = site, acts, randomness
        self.breaks = 0
        self.fault: BaseException | None = None

    def run(self) -> None:
        try:
            for act, seconds in self.acts:
                time.sleep(self.randomness.uniform(0, 0.25))
                getattr(self, act)(seconds)
        except BaseException as fault:
            self.fault = fault

    def down(self, seconds: float) -> None:
        self.site.destination.down()
        self.breaks += 1
        time.sleep(seconds)
        self.site.destination.up()

    def dies(self, seconds: float) -> None:
        self.site.destination.dies_after = self.randomness.randrange(1, 8)
        deadline = time.monotonic() + 2
        while self.site.destination.is_up and time.monotonic() < deadline:
            time.sleep(0.005)
        self.site.destination.dies_after = None
        self.breaks += 1
        time.sleep(seconds)
        self.site.destination.up()

    def busy(self, seconds: float) -> None:
        self.site.destination.busy = True
        time.sleep(seconds)
        self.site.destination.busy = False

    def hangs(self, seconds: float) -> None:
        self.site.destination.silence(True)
        self.breaks += 1
        # Some outlast the time that we wait for a response.
        time.sleep(seconds * 1.5)
        self.site.destination.silence(False)

    def kill(self, seconds: float) -> None:
        time.sleep(seconds / 2)
        self.breaks += 1
        self.site.kill()


def one_run(site: Site, number: int, seed: int) -> str:
    """One run; what happened, in words. An AssertionError is a fault."""
    randomness = random.Random(seed)
    destination, gateway = site.destination, site.gateway
    called = randomness.choice(list(MODES))
    sizes = lambda _: randomness.choice([2_000, 2_000, 20_000, 150_000])
    senders = []
    for sender in range(randomness.randrange(1, 4)):
        objects = []
        for place in range(randomness.randrange(1, 3)):
            objects += study(number * 100 + sender * 10 + place, randomness.randrange(2, 9), sizes)
        pause = randomness.choice([0, 0, 0.02])
        senders.append(Sender(gateway.port, called, objects, randomness.choice([0, 0, 1, 2]), randomness.choice([2, 100]), pause))
    everything = [made for sender in senders for made in sender.objects]
    destination.refuses = {randomness.choice(everything).instance} if randomness.random() < 0.15 else set()
    whole = randomness.random() < 0.25
    choice = ["kill"] if whole else ["down", "dies", "busy", "hangs", "kill"]
    count = randomness.randrange(0, 3) if whole else randomness.randrange(1, 4)
    acts = [(randomness.choice(choice), randomness.uniform(0, 1)) for _ in range(count)]
    before, kills = len(destination.arrivals), site.kills
    if whole or randomness.random() < 0.2:
        destination.down()
    else:
        destination.up()
    weather = Weather(site, acts, randomness)
    for thread in (*senders, weather):
        thread.start()
    for thread in (*senders, weather):
        thread.join(90)
        assert not thread.is_alive(), "a sender or the weather does not end"
    if weather.fault:
        raise weather.fault
    assert not any(sender.given_up for sender in senders), f"a sender gave up: {[sender.refusals[-3:] for sender in senders]}"
    told = {made.instance: made for sender in senders for made in sender.acknowledged.values()}
    refused = {instance for sender in senders for instance in sender.refused}
    assert refused <= destination.refuses, f"refused: {[sender.refused for sender in senders]}"
    assert len(told) + len(refused) == len(everything), "the senders ended without being done"
    returned = time.monotonic()
    destination.up()
    expected = set(told) - destination.refuses
    arrived = lambda: {arrival.instance for arrival in destination.arrivals[before:] if arrival.taken}
    try:
        wait_until(lambda: expected <= arrived(), BACK_TO_WORK_S, "what was acknowledged arrives")
    except TimeoutError:
        missing = sorted(expected - arrived())
        raise AssertionError(f"{len(missing)} of {len(told)} acknowledged instances are not at the destination, first {missing[0]}")
    back_s = time.monotonic() - returned
    wait_until(lambda: len(site.waiting()) == 0, 10, "an empty spool")
    check_arrivals(destination.arrivals[before:], everything)
    breaks = weather.breaks
    taken = [arrival for arrival in destination.arrivals[before:] if arrival.taken]
    twice = len(taken) - len({arrival.instance for arrival in taken})
    under_way = site.associations + len(senders)
    assert twice <= breaks * under_way, f"{twice} came twice, after {breaks} breaks with {under_way} under way"
    died = check_dead(site, destination, told)
    what = " ".join(act for act, _ in acts) or "nothing"
    return (
        f"{MODES[called]}, {len(senders)} senders, {len(told)} instances, {'down throughout' if whole else what}"
        f"{' and kills' if whole and acts else ''}: {twice} twice{died}, {back_s:.1f} s"
    )


def check_arrivals(arrivals: list, objects: list) -> None:
    """Bytes identical, and each study in its order."""
    sent = {made.instance: made for made in objects}
    order: dict[str, list[int]] = {}
    seen = set()
    for arrival in arrivals:
        made = sent.get(arrival.instance)
        assert made is not None, f"nobody sent {arrival.instance}"
        assert arrival.digest == made.digest, f"other bytes of {arrival.instance}"
        if arrival.taken and arrival.instance not in seen:
            seen.add(arrival.instance)
            order.setdefault(made.study, []).append(made.number)
    for name, numbers in order.items():
        assert numbers == sorted(numbers), f"study {name} came as {numbers}"


def check_dead(site: Site, destination: Destination, told: dict) -> str:
    """What the destination refused lies among the dead letters, once, with its reason."""
    expected = len(destination.refuses & set(told))
    if expected == 0:
        return ""
    # A gateway that was killed may have kept twice what its sender sent twice.
    dead = wait_until(lambda: site.dead() if len(site.waiting()) == 0 else None, 10, "a dead letter")
    assert len(dead) >= expected, "a refused instance is nowhere"
    for one in dead:
        assert (one["failure"], one["status"], one["tries"]) == ("refused", 0xC001, 2), f"told as {one}"
        assert one["reason"] and one["study"] and one["patient"], f"told as {one}"
        site.drop(one["object"])
    assert not site.dead(), "a dropped letter is still there"
    return f", {len(dead)} dead"


class Jobs:
    """Runs on several sites at once."""

    def __init__(self, runs: int, jobs: int, seed: int, folder: Path):
        self.numbers: queue.Queue = queue.Queue()
        for number in range(1, runs + 1):
            self.numbers.put(number)
        self.seed, self.folder = seed, folder
        self.passed = self.failed = self.arrived = self.acknowledged = self.kills = 0
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self._work, args=(job,), daemon=True) for job in range(jobs)]

    def run(self) -> None:
        for thread in self.threads:
            thread.start()
        for thread in self.threads:
            thread.join()

    def _work(self, job: int) -> None:
        site, used = None, 0
        while self.failed < 5:
            try:
                number = self.numbers.get_nowait()
            except queue.Empty:
                break
            try:
                if site is None:
                    settings = {"retry_first_s": 1, "retry_max_s": 1, "tries_max": 1000, "tries_refused_max": 2}
                    site = Site(self.folder / f"site-{job}-{number}", settings)
                    site.gateway.start()
                    used = 0
                said = one_run(site, number, self.seed * 10_000 + number)
                used += 1
                self._tell(number, said, True)
                if used == RUNS_PER_GATEWAY:
                    self._retire(site)
                    site = None
            except Exception as fault:
                detail = "" if isinstance(fault, AssertionError) else "\n" + traceback.format_exc()
                self._tell(number, f"FAULT {type(fault).__name__}: {fault}{detail}\n  folder: {site and site.gateway.folder}", False)
                if site is not None:
                    site.stop()
                site = None
        if site is not None:
            self._retire(site)

    def _retire(self, site: Site) -> None:
        try:
            site.check_canaries()
            site.gateway.verify()
            with self.lock:
                self.kills += site.kills
                self.arrived += len(site.destination.taken())
            site.stop()
            shutil.rmtree(site.gateway.folder)
        except Exception as fault:
            self._tell(0, f"FAULT {type(fault).__name__}: {fault}\n  folder: {site.gateway.folder}", False)
            site.stop()

    def _tell(self, number: int, said: str, is_good: bool) -> None:
        with self.lock:
            self.passed, self.failed = self.passed + is_good, self.failed + (not is_good)
            print(f"run {number}: {said}", flush=True)


def dies_at_250(folder: Path, called: str) -> str:
    """A destination that accepts 500 instances and dies at instance 250."""
    settings = {"retry_first_s": 1, "retry_max_s": 15}
    site = Site(folder, settings, associations=1)
    try:
        site.gateway.start()
        destination = site.destination
        destination.up()
        destination.dies_after = 250
        sender = Sender(site.gateway.port, called, study(1, 500, lambda _: 20_000), per_association=500)
        sender.start()
        wait_until(lambda: not destination.is_up, 60, "the death of the destination")
        time.sleep(1)
        destination.up()
        returned = time.monotonic()
        sender.join(120)
        assert len(sender.acknowledged) == 500, f"{len(sender.acknowledged)} acknowledged"
        wait_until(lambda: len(destination.taken()) >= 500, 60, "500 arrivals")
        wait_until(lambda: len(site.waiting()) == 0, 10, "an empty spool")
        first = next(arrival.at for arrival in destination.arrivals if arrival.at > returned)
        back_s = first - returned
        assert back_s <= BACK_TO_WORK_S
        taken = destination.taken()
        check_arrivals(destination.arrivals, sender.objects)
        assert len(taken) == 500, f"{len(taken) - 500} came twice"
        site.check_canaries()
        return f"{MODES[called]}: 500 instances, none twice, back to work after {back_s:.1f} s"
    finally:
        site.stop()


def long_night(folder: Path, down_s: float) -> str:
    """Down long enough for the waits to be as long as they get by default: back to work within the limit."""
    site = Site(folder, {}, associations=1)
    try:
        site.gateway.start()
        sender = Sender(site.gateway.port, "CREDENCE", study(1, 20, lambda _: 20_000))
        sender.start()
        sender.join(30)
        assert len(sender.acknowledged) == 20
        time.sleep(down_s)
        site.destination.up()
        returned = time.monotonic()
        wait_until(lambda: len(site.destination.taken()) >= 20, BACK_TO_WORK_S + 30, "20 arrivals")
        back_s = site.destination.taken()[0].at - returned
        assert back_s <= BACK_TO_WORK_S, f"back to work after {back_s:.1f} s"
        return f"down for {down_s:.0f} s with the default waits: back to work after {back_s:.1f} s"
    finally:
        site.stop()


class Fixed(threading.Thread):
    """A case that is always the same, beside the others."""

    def __init__(self, case, *arguments):
        super().__init__(daemon=True)
        self.case, self.arguments = case, arguments
        self.said: str | None = None

    def run(self) -> None:
        try:
            self.said = f"{self.case.__name__}: {self.case(*self.arguments)}"
            self.passed = True
        except Exception as fault:
            self.said = f"{self.case.__name__}: FAULT {type(fault).__name__}: {fault}"
            self.passed = False
        print(self.said, flush=True)


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--runs", type=int, default=20)
    arguments.add_argument("--long", action="store_true")
    arguments.add_argument("--jobs", type=int, default=3)
    arguments.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 20))
    arguments.add_argument("--keep", type=Path, help="work in this folder and leave it there")
    chosen = arguments.parse_args()
    runs = 500 if chosen.long else chosen.runs
    print(f"spool: {runs} runs, seed {chosen.seed}", flush=True)
    folder = chosen.keep or Path(tempfile.mkdtemp(prefix="credence-spool-"))
    fixed = [
        Fixed(dies_at_250, folder / "at-250-spool", "CREDENCE"),
        Fixed(dies_at_250, folder / "at-250-direct", "CREDENCE_D"),
        Fixed(long_night, folder / "night", 60.0 if chosen.long else 20.0),
    ]
    for case in fixed:
        case.start()
    jobs = Jobs(runs, chosen.jobs, chosen.seed, folder)
    jobs.run()
    for case in fixed:
        case.join(300)
    passed = jobs.passed + sum(case.passed for case in fixed)
    failed = jobs.failed + sum(not case.passed for case in fixed)
    print(f"{jobs.arrived} arrivals, {jobs.kills} kills")
    if runs >= 20 and not (jobs.arrived and jobs.kills):
        print("FAULT nothing arrived, or nothing was killed: the rig shows nothing")
        failed += 1
    if chosen.keep is None and failed == 0:
        shutil.rmtree(folder)
    else:
        print(f"folder: {folder}, seed {chosen.seed}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
