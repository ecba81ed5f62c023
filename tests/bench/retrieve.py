"""C-MOVE of 500 CT images from dcmqrscp to storescp, directly and through Credence; and its first image."""

import statistics
import time

import data
import roads
from rig import dcmtk
from rig import images
from rig import pynet
from rig.process import free_port

KINDS = ["direct", "move", "get"]


def retrieve(bench) -> None:
    files = data.ct(bench.data / "ct-500k", 500, 512 * 1024, 1)
    files = files[:20] if bench.short else files
    place = bench.folder / "retrieve"
    sink = roads.sink(place)
    ports = {kind: free_port() for kind in ("move", "get")}
    watched = pynet.Destination("WATCH")
    watch_ports = {kind: free_port() for kind in ("move", "get")}
    # Each road has a PACS of its own: one AE title for Credence means another port on each.
    archives = {}
    credences = {}
    try:
        for kind in KINDS:
            hosts = [("DIRECT", sink.port), ("WATCH", watched.port)]
            hosts += [("CRED_WS1", ports.get(kind, 1)), ("CRED_WATCH", watch_ports.get(kind, 1))]
            archives[kind] = dcmtk.QrScp(place / kind, "PACS", hosts)
            archives[kind].fill(files)
        for kind in ("move", "get"):
            credences[kind] = roads.Credence(place / f"to-sink-{kind}", sink.port, archives[kind].port, kind, ports[kind])
        throughput(bench, files, archives, credences)
        for kind in credences:
            credences[kind].stop()
        first_image(bench, place, archives, watched, watch_ports)
    finally:
        for started in (*credences.values(), *archives.values(), sink, watched):
            started.stop()


def throughput(bench, files, archives, credences) -> None:
    study = images.uid("500.1")
    volume = sum(path.stat().st_size for path in files)
    seconds = {kind: [] for kind in KINDS}
    cpu = {kind: [] for kind in credences}
    for _ in range(bench.rounds):
        for kind in data.shuffled(KINDS, bench.random):
            port, called, to = (archives[kind].port, "PACS", "DIRECT") if kind == "direct" else (credences[kind].port, "CREDENCE", "WS1")
            before = 0 if kind == "direct" else credences[kind].cpu_seconds()
            started = time.monotonic()
            done = dcmtk.movescu(port, to, {"QueryRetrieveLevel": "STUDY", "StudyInstanceUID": study}, "-S", called=called, calling="WS1", timeout_s=900)
            seconds[kind].append(time.monotonic() - started)
            if done.returncode != 0 or "Final Move Response (Success)" not in done.stdout:
                raise RuntimeError(f"movescu by {kind}: exit {done.returncode}: {done.stdout[-600:]}")
            if kind != "direct":
                cpu[kind].append(credences[kind].cpu_seconds() - before)
    rates = {kind: len(files) / statistics.median(values) for kind, values in seconds.items()}
    for kind in KINDS:
        bench.row(
            scenario="C-MOVE of 500 CT of 0.5 MB", road="direct" if kind == "direct" else f"credence, fetching by C-{kind.upper()}",
            images_per_s=round(rates[kind], 1), mb_per_s=round(volume / len(files) * rates[kind] / 1e6, 1),
            cpu_s_per_gb=round(statistics.median(cpu[kind]) / (volume / 1e9), 2) if kind in cpu else None,
            peak_mib=round(credences[kind].peak_memory_bytes() / (1 << 20), 1) if kind in credences else None,
            seconds=[round(value, 3) for value in seconds[kind]],
        )
        print(f"  C-MOVE {kind}: {rates[kind]:.1f} images/s {[round(value, 2) for value in seconds[kind]]}", flush=True)
    bench.bar("C-MOVE of 500 CT, fetching by C-MOVE: rate, of the same directly", rates["move"] / rates["direct"], at_least=0.7)
    bench.bar("C-MOVE of 500 CT, fetching by C-GET: rate, of the same directly", rates["get"] / rates["direct"], at_least=0.7)


def first_image(bench, place, archives, watched, ports) -> None:
    """How long the first image takes, from the C-MOVE-RQ to the last byte of it at the destination."""
    study = images.uid("500.1")
    wanted = pynet.identifier(
        "IMAGE", StudyInstanceUID=study, SeriesInstanceUID=images.uid("500.1", 1), SOPInstanceUID=images.uid("500.1", 1, 1)
    )
    times = {kind: [] for kind in KINDS}
    watching = {}
    try:
        for kind in ("move", "get"):
            config_port = ports[kind]
            watching[kind] = roads.Gateway(
                place / f"to-watch-{kind}",
                roads.Config(
                    [roads.Peer("PACS", port=archives[kind].port, more={"retrieve": kind}), roads.destination("WATCH", watched.port)],
                    [(["CREDENCE"], ["query-retrieve", "storage"], "pacs")],
                ),
                config_port,
            ).start(log="credence=warn")
        for _ in range(3 if bench.short else 21):
            for kind in data.shuffled(KINDS, bench.random):
                port, called = (archives[kind].port, "PACS") if kind == "direct" else (watching[kind].port, "CREDENCE")
                association = pynet.associate(port, [(pynet.MOVE["S"], ["1.2.840.10008.1.2"])], calling="WATCH", called=called)
                if not association.is_established:
                    raise RuntimeError(f"no association for the first image by {kind}")
                before = len(watched.arrivals)
                started = time.monotonic()
                answer = pynet.gathered(association.send_c_move(wanted, "WATCH", pynet.MOVE["S"]))
                association.release()
                if answer.final != 0 or len(watched.arrivals) != before + 1:
                    raise RuntimeError(f"the first image by {kind}: status {answer.final!r}, {len(watched.arrivals) - before} came")
                times[kind].append(watched.arrivals[-1].at - started)
    finally:
        for gateway in watching.values():
            gateway.stop()
    medians = {kind: statistics.median(values) * 1000 for kind, values in times.items()}
    print(f"  first image, ms: {({kind: round(value, 1) for kind, value in medians.items()})}", flush=True)
    for kind in ("move", "get"):
        bench.bar(f"C-MOVE, fetching by C-{kind.upper()}: first image later than directly, ms", medians[kind] - medians["direct"], at_most=10)
