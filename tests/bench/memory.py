"""The gateway's peak memory while several large objects pass at once."""

import subprocess
import time

import data
import roads
from rig.process import peer_environment

MEBIBYTE = 1 << 20
GIBIBYTE = 1 << 30


def memory(bench) -> None:
    size = 256 * MEBIBYTE if bench.short else 2 * GIBIBYTE - 2 * MEBIBYTE
    for associations, limit_mib, limit_s in ((4, 64, 600), (64, 256, 5 if bench.short else 40)):
        place = bench.folder / f"memory-{associations}"
        # Written as it comes, to /dev/null: storescp would otherwise hold whole objects in memory itself.
        sink = roads.sink(place, args=["+B"])
        road = roads.Credence(place, sink.port)
        files = [data.multi_frame(bench.data / "multi-frame", number, size) for number in range(1, associations + 1)]
        senders = [
            subprocess.Popen(
                ["storescu", "-q", "-R", "-aet", "MODALITY", "-aec", road.called, "127.0.0.1", str(road.port), str(file)],
                env=peer_environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            )
            for file in files
        ]
        started = time.monotonic()
        try:
            whole = finished(senders, limit_s)
            took = time.monotonic() - started
            peak = road.peak_memory_bytes() / MEBIBYTE
        finally:
            for sender in senders:
                sender.kill()
                sender.wait()
            road.stop()
            sink.stop()
        if associations == 4 and whole != 4:
            raise RuntimeError(f"{whole} of 4 objects of {size} bytes were sent")
        bench.row(
            scenario=f"{associations} associations, objects of {size / GIBIBYTE:.2f} GiB" + ("" if whole == associations else f", stopped after {limit_s} s"),
            road="credence", peak_mib=round(peak, 1), mb_per_s=round(whole * size / took / 1e6, 1) if whole == associations else None,
        )
        print(f"  memory, {associations} associations: peak {peak:.1f} MiB, {whole} objects whole in {took:.1f} s", flush=True)
        bench.bar(f"peak memory with {associations} associations, MiB", peak, at_most=limit_mib, always=True)


def finished(senders: list, limit_s: float) -> int:
    """How many ended well within the time; those that failed are an error."""
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline and any(sender.poll() is None for sender in senders):
        time.sleep(0.05)
    for sender in senders:
        if sender.poll() not in (None, 0):
            raise RuntimeError(f"storescu: exit {sender.returncode}: {sender.stdout.read()[-500:]!r}")
    return sum(1 for sender in senders if sender.poll() == 0)
