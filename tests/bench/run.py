#!/usr/bin/env python3
"""How much the gateway costs: directly, by a plain relay, by Credence, by Orthanc; the same peers on all roads.

    tests/bench/run.py [--short] [--rounds 5] [--json FILE] [--only SCENARIO] [--keep DIR]

Rounds are interleaved and medians compared, so that what else the machine does falls on all alike. Prints a
Markdown table with the bars, and "N passed, N failed" over the bars. --short sends little and holds only
that everything arrives and that memory stays bounded: ratios of a few images say nothing.
"""

import argparse
import json
import os
import platform
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parent))

import data
import retrieve
import roads
import spooled
from memory import memory
from rig.gateway import cache

MEGABYTE = 1_000_000
MEBIBYTE = 1 << 20


# Orthanc forwards some 80 small images a second on two cores: of 2,000 it gets each tenth image, or each
# tenth association, and rates are compared.
ORTHANC_SHARE = 10


class Bench:
    """What was measured, which bars it met, and how to tell it."""

    def __init__(self, chosen, folder: Path):
        self.short = chosen.short
        self.rounds = 1 if chosen.short else chosen.rounds
        self.folder = folder
        self.data = cache() / "bench-data"
        self.random = random.Random(1963)
        self.rows: list[dict] = []
        self.bars: list[dict] = []

    def bar(self, what: str, value: float, at_least: float | None = None, at_most: float | None = None, always: bool = False) -> None:
        """Judged in the full form; in the short one only if it holds there too."""
        met = (at_least is None or value >= at_least) and (at_most is None or value <= at_most)
        bound = f"≥ {at_least:g}" if at_least is not None else f"≤ {at_most:g}"
        self.bars.append({"what": what, "value": round(value, 3), "bar": bound, "met": met, "judged": always or not self.short})

    def row(self, **told) -> None:
        self.rows.append(told)

    def measure(self, scenario: str, names: list[str], batches: list[list[Path]], nodelay: bool = True, rounds: int | None = None, orthanc_share: int = 1) -> dict[str, float]:
        """Images a second by road (medians); one row for each road."""
        loads = {name: every(batches, orthanc_share if name == "orthanc" else 1) for name in names}
        seconds: dict[str, list[float]] = {name: [] for name in names}
        cpu: dict[str, list[float]] = {name: [] for name in names}
        peak = dict.fromkeys(names, 0)
        for turn in range(rounds or self.rounds):
            for name in data.shuffled(names, self.random):
                place = self.folder / f"{scenario}-{turn}-{name}".replace(" ", "-").replace(",", "")
                words = roads.Certificates.of(place).sink_words() if name in roads.BY_TLS else ()
                sink = roads.sink(place, nodelay=nodelay, args=words)
                road = roads.ROADS[name](place, sink.port)
                try:
                    before = road.cpu_seconds()
                    seconds[name].append(roads.sent(road, loads[name], nodelay))
                    time.sleep(0.3)  # A forked relay's time is counted when it has been waited for.
                    cpu[name].append(road.cpu_seconds() - before)
                    peak[name] = max(peak[name], road.peak_memory_bytes())
                finally:
                    road.stop()
                    sink.stop()
        rates = {}
        for name in names:
            median = statistics.median(seconds[name])
            count = sum(map(len, loads[name]))
            volume = sum(path.stat().st_size for batch in loads[name] for path in batch)
            rates[name] = count / median
            self.row(
                scenario=scenario, road=name, images_per_s=round(count / median, 1), mb_per_s=round(volume / median / MEGABYTE, 1),
                cpu_s_per_gb=round(statistics.median(cpu[name]) / (volume / 1e9), 2) if name != "direct" else None,
                peak_mib=round(peak[name] / MEBIBYTE, 1) if name != "direct" else None,
                seconds=[round(value, 3) for value in seconds[name]],
            )
            print(f"  {scenario}: {name}: {rates[name]:.1f} images/s {[round(value, 2) for value in seconds[name]]}", flush=True)
        return rates


def every(batches: list[list[Path]], share: int) -> list[list[Path]]:
    """Each n-th file of one batch, or each n-th of several batches."""
    return [batches[0][::share]] if len(batches) == 1 else batches[::share]


ALL = ["direct", "socat", "credence", "orthanc"]


def large(bench: Bench) -> None:
    files = data.ct(bench.data / "ct-500k", 500, 512 * 1024, 1)
    rates = bench.measure("500 CT of 0.5 MB", ALL, [files[:20] if bench.short else files])
    bench.bar("500 CT of 0.5 MB: rate, of the plain relay's", rates["credence"] / rates["socat"], at_least=0.75)
    bench.bar("500 CT of 0.5 MB: rate, of Orthanc's", rates["credence"] / rates["orthanc"], at_least=5)


def small(bench: Bench) -> None:
    files = data.ct(bench.data / "ct-20k", 2000, 20_000, 10)
    rates = bench.measure("2,000 of 20 KB, ten studies, one association", ALL, [files[::40] if bench.short else files], orthanc_share=ORTHANC_SHARE)
    bench.bar("2,000 of 20 KB, one association: rate, of the plain relay's", rates["credence"] / rates["socat"], at_least=0.65)
    bench.bar("2,000 of 20 KB, one association: rate, of Orthanc's", rates["credence"] / rates["orthanc"], at_least=5)


def each_study_its_association(bench: Bench) -> None:
    files = data.ct(bench.data / "ct-20k-200-studies", 2000, 20_000, 200)
    batches = [files[start : start + 10] for start in range(0, len(files), 10)]
    rates = bench.measure("2,000 of 20 KB, an association for each ten", ALL, batches[:4] if bench.short else batches, orthanc_share=ORTHANC_SHARE)
    bench.bar("2,000 of 20 KB, an association for each study: rate, of the plain relay's", rates["credence"] / rates["socat"], at_least=0.5)


def without_nodelay(bench: Bench) -> None:
    files = data.ct(bench.data / "ct-500k", 500, 512 * 1024, 1)
    rates = bench.measure(
        "500 CT of 0.5 MB, TCP_NODELAY unset", ["direct", "credence"], [files[:20] if bench.short else files], nodelay=False,
        rounds=min(bench.rounds, 3),
    )
    bench.bar("TCP_NODELAY unset: rate, of no gateway at all", rates["credence"] / rates["direct"], at_least=20)


def encrypted(bench: Bench) -> None:
    files = data.ct(bench.data / "ct-500k", 500, 512 * 1024, 1)
    relay, gateway = roads.TlsRelay.name, roads.TlsCredence.name
    rates = bench.measure("500 CT of 0.5 MB, TLS to the destination", [relay, gateway], [files[:20] if bench.short else files])
    bench.bar("500 CT of 0.5 MB, TLS to the destination: rate, of the relay's that begins TLS", rates[gateway] / rates[relay], at_least=0.75)


SCENARIOS = {
    "large": large,
    "small": small,
    "associations": each_study_its_association,
    "nodelay": without_nodelay,
    "tls": encrypted,
    "spooled": spooled.spooled,
    "retrieve": retrieve.retrieve,
    "memory": memory,
}


def markdown(bench: Bench) -> str:
    def cell(value) -> str:
        return "" if value is None else str(value)

    lines = ["", "| what | road | images/s | MB/s | CPU s/GB | peak MiB |", "|---|---|---:|---:|---:|---:|"]
    lines += [
        "| " + " | ".join(cell(row.get(key)) for key in ("scenario", "road", "images_per_s", "mb_per_s", "cpu_s_per_gb", "peak_mib")) + " |"
        for row in bench.rows
    ]
    lines += ["", "| bar | measured | asked | |", "|---|---:|---:|---|"]
    for bar in bench.bars:
        verdict = ("met" if bar["met"] else "**missed**") if bar["judged"] else "not judged"
        lines.append(f"| {bar['what']} | {bar['value']:g} | {bar['bar']} | {verdict} |")
    return "\n".join(lines)


def machine() -> str:
    model = next((line.split(":", 1)[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")), platform.machine())
    return f"{os.cpu_count()} × {model}, Linux {platform.release()}"


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--short", action="store_true")
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--json", type=Path)
    arguments.add_argument("--only", choices=SCENARIOS, action="append")
    arguments.add_argument("--keep", type=Path, help="work in this folder and leave it there")
    chosen = arguments.parse_args()
    failed = passed = 0
    with tempfile.TemporaryDirectory(prefix="credence-bench-") as temporary:
        bench = Bench(chosen, chosen.keep or Path(temporary))
        for name in chosen.only or SCENARIOS:
            try:
                SCENARIOS[name](bench)
                passed += 1
            except (RuntimeError, TimeoutError, AssertionError, OSError) as fault:
                failed += 1
                print(f"FAULT {name}: {type(fault).__name__}: {fault}", flush=True)
    judged = [bar for bar in bench.bars if bar["judged"]]
    passed += sum(1 for bar in judged if bar["met"])
    failed += sum(1 for bar in judged if not bar["met"])
    print(f"\nMachine: {machine()}")
    print(markdown(bench))
    if chosen.json:
        chosen.json.parent.mkdir(parents=True, exist_ok=True)
        chosen.json.write_text(json.dumps({"machine": machine(), "short": chosen.short, "rows": bench.rows, "bars": bench.bars}, indent=1, ensure_ascii=False) + "\n")
    print(f"\n{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
