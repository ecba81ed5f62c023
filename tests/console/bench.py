#!/usr/bin/env python3
"""What the console costs: how long the overview takes above a large ledger, how much CPU a page takes, and whether
images notice that people look.

    tests/console/bench.py [--long] [--entries N] [--rounds N] [--json FILE] [--keep DIR]

The ledger has 50,000 entries, with --long a million (12 GB, written in some minutes), all of the last fourteen hours.
Prints "N passed, N failed" over the bars; without --long, times may be four times as long, since the machine may be
busy, and the images' rate is told but not judged: ratios of a few images say nothing.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

# In place of this folder, where this file would be taken for the package that has its name.
sys.path[0] = str(Path(__file__).resolve().parents[1])

from bench import data
from console import matrix
from console.hospital import gateway_with_console
from console.walk import Read
from console.walk import pattern
from rig import dcmtk
from rig.checks import Checks
from rig.console import COMPLIANCE
from rig.console import ROLES
from rig.console import Console
from rig.console import Session
from rig.gateway import Config
from rig.gateway import OWN
from rig.gateway import Peer
from rig.gateway import ROOT
from rig.gateway import cache

MILLION = 1_000_000
SHORT_ENTRIES = 50_000
RENDER_MS = 100
CPU_MS = 30
# A clock tick of /proc/PID/stat is 10 ms: so many requests make a tick a tenth of a millisecond each.
REQUESTS = 100
REQUESTS_A_SECOND = 5
IMAGE_BYTES = 512 * 1024
# The first start above a ledger that others wrote reads and indexes all of it.
START_S = 1_800
# What rounds without anybody looking differ among themselves on a quiet machine.
NOISE = 0.03


def written_ledger(entries: int):
    """What writes the ledger below a gateway's folder before its first start, as the bench of audits does."""

    def write(folder: Path) -> None:
        given = os.environ.get("CREDENCE_LEDGER_WRITER")
        writer = [given] if given else ["cargo", "bench", "--locked", "-q", "--bench", "audit", "--"]
        subprocess.run([*writer, str(entries), "--write", str(folder)], check=True, cwd=ROOT, stdout=subprocess.DEVNULL)

    return write


class Bench:
    """A gateway with a large ledger, a sink for images, and somebody of each role."""

    def __init__(self, folder: Path, chosen):
        self.checks = Checks()
        self.long = chosen.long
        self.slack = 1 if chosen.long else 4
        self.rounds = chosen.rounds or (7 if chosen.long else 2)
        self.images = data.ct(cache() / "bench-data" / "ct-500k", 500, IMAGE_BYTES, 1)[: None if chosen.long else 60]
        self.sink = dcmtk.StoreScp(folder, "DEST", ignore=True)
        peers = [Peer("MODALITY", may=["echo", "store"]), Peer("DEST", port=self.sink.port)]
        names = {OWN: "St. Anna Hospital", "lakeside": "Lakeside Clinic", "riverside": "Riverside"}
        config = Config(peers, [(["CREDENCE"], ["storage"], "dest")], names=names)
        began = time.monotonic()
        before = written_ledger(chosen.entries)
        self.console: Console = gateway_with_console(folder / "gateway", config, before=before, within_s=START_S, request_s=60)
        self.gateway = self.console.gateway
        self.console.open_for_everybody()
        self.sessions = {role: self.console.session(role) for role in ROLES}
        self.checks.told("a ledger written and served", entries=chosen.entries, seconds=round(time.monotonic() - began, 1))

    def stop(self) -> None:
        self.gateway.stop()
        self.sink.stop()

    # Pages.

    def seen(self) -> None:
        """The console has read the last day of the ledger."""
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            text = self.sessions["auditor"].get("/").text
            if f"{self.entries():,}".replace(",", "") in text.replace(",", "").replace("\u202f", ""):
                return
            time.sleep(0.5)
        raise TimeoutError("the overview does not tell how many entries the ledger has")

    def entries(self) -> int:
        metrics = self.console.ask("GET", "/metrics", role="auditor").text
        line = next(line for line in metrics.splitlines() if line.startswith("credence_ledger_entries"))
        return int(float(line.split()[1]))

    def measured(self, session: Session, path: str, count: int) -> tuple[float, float, float]:
        """Median and 95th percentile of the milliseconds, and the process's CPU milliseconds, for each request."""
        session.get(path)
        process, times = self.gateway.process, []
        before = process.cpu_seconds()
        for _ in range(count):
            began = time.perf_counter()
            reply = session.get(path)
            times.append((time.perf_counter() - began) * 1000)
            assert reply.status == 200, (path, reply.status)
        cpu = (process.cpu_seconds() - before) * 1000 / count
        times.sort()
        return statistics.median(times), times[int(len(times) * 0.95)], cpu

    def one_of_each(self) -> dict[str, Session]:
        """Each page of the menu as the first role that sees it, one of each kind behind it, and searches: what is not
        there at all costs most to look for."""
        pages = {path: self.sessions[roles[0]] for path, roles in matrix.PAGES.items()}
        reader = self.sessions[COMPLIANCE]
        for page in ("/decisions", "/transfers", "/audit", "/institutions", "/policy", "/reviews", "/peers"):
            read = Read(page)
            read.feed(reader.get(page).text)
            behind = {pattern(link): link for link in reversed(read.links) if link.startswith(f"{page}/")}
            pages |= {link: reader for kind, link in behind.items() if kind.endswith("/*")}
        for search in ("/decisions?verdict=deny", "/decisions?purpose=RESEARCH", "/transfers?outcome=failed", "/audit?verdict=deny", "/audit?purpose=RESEARCH"):
            pages[search] = reader
        return pages

    def pages(self) -> None:
        count = REQUESTS if self.long else REQUESTS // 2
        for path, session in self.one_of_each().items():
            median, late, cpu = self.measured(session, path, count)
            self.checks.told(path, median_ms=round(median, 2), p95_ms=round(late, 2), cpu_ms=round(cpu, 2))
            if path == "/":
                self.checks.bar("the overview, ms for 95 of 100", late, at_most=RENDER_MS * self.slack)
            self.checks.bar(f"CPU of {path}, ms", cpu, at_most=CPU_MS * self.slack)

    # Images.

    def rate(self) -> float:
        """Images a second, from the modality to the sink."""
        began = time.monotonic()
        # So many times that a round has some seconds, and some dozens of pages in it.
        repeats = 8 if self.long else 1
        done = dcmtk.storescu(self.gateway.port, self.images, "-xe", "--repeat", str(repeats), timeout_s=600)
        assert done.returncode == 0, done.stdout[-2000:]
        return repeats * len(self.images) / (time.monotonic() - began)

    def rate_while_people_look(self) -> float:
        with Looking(self) as looking:
            rate = self.rate()
        self.checks.told("looked meanwhile", requests=looking.count, a_second=round(looking.count / looking.seconds, 1))
        assert not looking.faults, looking.faults[:3]
        return rate

    def image_path(self) -> None:
        self.rate()
        without, looked = [], []
        for turn in range(self.rounds):
            # Which comes first changes, so that what else the machine does falls on both alike.
            for measure, rates in ((self.rate, without), (self.rate_while_people_look, looked))[:: 1 if turn % 2 else -1]:
                rates.append(measure())
        ratio = statistics.median(looked) / statistics.median(without)
        spread = (max(without) - min(without)) / statistics.median(without) / 2
        self.checks.told(
            "images a second", without=[round(rate, 1) for rate in without], looked=[round(rate, 1) for rate in looked],
            ratio=round(ratio, 4), spread=round(spread, 4),
        )
        if self.long:
            self.checks.bar("images while five requests a second are answered, of those without", ratio, at_least=1 - max(NOISE, spread))


class Looking:
    """Five requests a second, on all pages in turn, by people who are signed in."""

    def __init__(self, bench: Bench):
        self.asked = [(bench.sessions[roles[0]], path) for path, roles in matrix.PAGES.items()]
        self.count, self.seconds, self.faults = 0, 0.0, []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def _look(self) -> None:
        began = time.monotonic()
        while not self._over.wait(max(0.0, began + self.count / REQUESTS_A_SECOND - time.monotonic())):
            session, path = self.asked[self.count % len(self.asked)]
            self.count += 1
            try:
                reply = session.get(path)
                if reply.status != 200:
                    self.faults.append((path, reply.status))
            except OSError as fault:
                self.faults.append((path, str(fault)))
        self.seconds = time.monotonic() - began

    def __enter__(self) -> "Looking":
        self._thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._over.set()
        self._thread.join()


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--long", action="store_true")
    arguments.add_argument("--entries", type=int)
    arguments.add_argument("--rounds", type=int)
    arguments.add_argument("--json", type=Path)
    arguments.add_argument("--keep", type=Path, help="work in this folder and leave it there")
    chosen = arguments.parse_args()
    chosen.entries = chosen.entries or (MILLION if chosen.long else SHORT_ENTRIES)
    # On the cache's disk: the temporary folder may be memory.
    with tempfile.TemporaryDirectory(prefix="console-bench-", dir=cache()) as temporary:
        bench = Bench(chosen.keep or Path(temporary), chosen)
        checks = bench.checks
        try:
            for what, part in (("the overview tells of the whole ledger", bench.seen), ("pages", bench.pages), ("images", bench.image_path)):
                with checks.check(what):
                    part()
        finally:
            bench.stop()
    if chosen.json:
        chosen.json.write_text(json.dumps(checks.rows, indent=1, ensure_ascii=False) + "\n")
    print(f"\n{checks.total()}")
    return 1 if checks.failed else 0


if __name__ == "__main__":
    sys.exit(main())
