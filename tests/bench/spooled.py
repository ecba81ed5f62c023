"""By way of the spool: from the sender to the destination, and from a full spool to the destination."""

import statistics
import time

import data
import roads
from rig.process import wait_until

MEGABYTE = 1_000_000
MEBIBYTE = 1 << 20
DELIVERED_S = 600


class Spooled(roads.Credence):
    """Every instance is sealed and synced before its sender hears Success."""

    route = {"delivery": "spool"}

    def waiting(self) -> int:
        """Instances in the spool; asks the disk, so that the gateway notices nothing."""
        folder = self.gateway.folder / "spool" / "queues" / "dest" / "waiting"
        return sum(1 for _ in folder.iterdir()) if folder.exists() else 0

    def drained(self) -> None:
        wait_until(lambda: self.waiting() == 0, DELIVERED_S, "an empty spool")

    def command(self, word: str) -> None:
        self.gateway.command("queue", word, "dest", "--config", self.gateway.file, "--by", "bench")


def spooled(bench) -> None:
    files = data.ct(bench.data / "ct-500k", 500, 512 * 1024, 1)
    files = files[:20] if bench.short else files
    names = ["direct", "spooled", "draining"]
    seconds: dict[str, list[float]] = {name: [] for name in names}
    cpu: dict[str, list[float]] = {name: [] for name in names}
    peak = dict.fromkeys(names, 0)
    for turn in range(bench.rounds):
        for name in data.shuffled(names, bench.random):
            place = bench.folder / f"spooled-{turn}-{name}"
            sink = roads.sink(place)
            road = roads.Road(place, sink.port) if name == "direct" else Spooled(place, sink.port)
            try:
                if name == "draining":
                    road.command("pause")
                    roads.store(road, [files])
                    assert road.waiting() == len(files), "something left a paused queue"
                before = road.cpu_seconds()
                seconds[name].append(drain(road) if name == "draining" else roads.sent(road, [files]))
                cpu[name].append(road.cpu_seconds() - before)
                peak[name] = max(peak[name], road.peak_memory_bytes())
            finally:
                road.stop()
                sink.stop()
    volume = sum(path.stat().st_size for path in files)
    rates = {}
    for name in names:
        median = statistics.median(seconds[name])
        rates[name] = len(files) / median
        bench.row(
            scenario="500 CT of 0.5 MB by way of the spool", road=name, images_per_s=round(rates[name], 1), mb_per_s=round(volume / median / MEGABYTE, 1),
            cpu_s_per_gb=round(statistics.median(cpu[name]) / (volume / 1e9), 2) if name != "direct" else None,
            peak_mib=round(peak[name] / MEBIBYTE, 1) if name != "direct" else None,
            seconds=[round(value, 3) for value in seconds[name]],
        )
        print(f"  spool: {name}: {rates[name]:.1f} images/s {[round(value, 2) for value in seconds[name]]}", flush=True)
    bench.bar("draining the spool: rate, of storescu's without a gateway", rates["draining"] / rates["direct"], at_least=0.7)


def drain(road: Spooled) -> float:
    """Seconds from the word to go on until the spool is empty."""
    started = time.monotonic()
    road.command("resume")
    road.drained()
    return time.monotonic() - started
