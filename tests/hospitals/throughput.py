"""A study pulled through both gateways, against the same pull over the same line by a TLS tunnel without any."""

import statistics
import time

from hospitals.houses import ANNA
from hospitals.houses import LAKESIDE
from hospitals.houses import house_peer
from hospitals.parts import PATIENT
from hospitals.parts import WHOLE_STUDY
from hospitals.tunnel import Tunnel
from rig import dcmtk
from rig import images

AT_LEAST = 0.85
OPERATIONS = ("move", "get")
ONE_IMAGE = {
    **WHOLE_STUDY, "QueryRetrieveLevel": "IMAGE", "SeriesInstanceUID": images.uid("500.1", 1),
    "SOPInstanceUID": images.uid("500.1", 1, 1),
}


class Pulls:
    """Both ways from dcmqrscp in St. Anna to storescp in Lakeside."""

    def __init__(self, hospitals, files, retrieve: str):
        anna, lakeside = hospitals.anna, hospitals.lakeside
        self.lakeside, self.count = lakeside, len(files)
        # Keeps nothing, and says of each image that it comes.
        self.sink = hospitals.serve(lakeside, dcmtk.StoreScp, lakeside.folder, "WS1", ignore=True, args=["-v"])
        to_sink = Tunnel(hospitals, anna, lakeside, self.sink.port, 5001)
        pacs = hospitals.archive(anna, files, [("WS1", to_sink.port), (anna.titles.own, anna.port)])
        self.tunnel = Tunnel(hospitals, lakeside, anna, pacs.port, 5002)
        hospitals.configure(
            ([house_peer("PACS", ANNA, pacs.port, retrieve=retrieve)], "pacs"), ([house_peer("WS1", LAKESIDE, self.sink.port)],)
        )
        hospitals.grant(PATIENT)
        self.gateways = [anna.gateway, lakeside.gateway]

    def pull(self, operation: str, through: bool, wanted: dict = WHOLE_STUDY, count: int | None = None) -> float:
        """Seconds; fails unless as many images came as are wanted, and all of them are said to have."""
        port, called = (self.lakeside.port, self.lakeside.titles.other) if through else (self.tunnel.port, "PACS")
        before = self.stored()
        with self.lakeside.site:
            started = time.monotonic()
            if operation == "move":
                done = dcmtk.movescu(port, "WS1", wanted, "-S", "-d", called=called, timeout_s=1800)
            else:
                done = dcmtk.run(
                    "getscu", "-v", "-aet", "WS1", "-aec", called, "-pdu", 131072, "--ignore", "-S",
                    *dcmtk.keys(wanted), dcmtk.HOST, port, timeout_s=1800,
                )
            took = time.monotonic() - started
        count = count or self.count
        came = self.stored() - before if operation == "move" else done.stdout.count("Sending C-STORE Response (Success)")
        told = dcmtk.suboperations(done)
        assert (done.returncode, came) == (0, count), f"exit {done.returncode}, {came} of {count} came: {done.stdout[-800:]}"
        assert told == {"Completed": count, "Failed": 0, "Warning": 0}, f"{count} came, told are {told}"
        return took

    def stored(self) -> int:
        return self.sink.output().count("Received Store Request")


def measured(run, name: str, one_way_ms: float, retrieve: str, files, rounds: int) -> None:
    checks = run.checks
    with run.hospitals("throughput", one_way_ms) as hospitals:
        pulls = Pulls(hospitals, files, retrieve)
        seconds: dict[tuple[str, bool], list[float]] = {}
        for turn in range(rounds):
            for operation in OPERATIONS:
                # Whoever is second in a round has the warmer machine: they take turns.
                for through in (False, True) if turn % 2 == 0 else (True, False):
                    seconds.setdefault((operation, through), []).append(pulls.pull(operation, through))
        one = {through: statistics.median(pulls.pull("move", through, ONE_IMAGE, 1) for _ in range(3)) for through in (False, True)}
        checks.told(f"{name}: movescu of one image, ms", by_the_tunnel=round(one[False] * 1000), through_both_gateways=round(one[True] * 1000))
        medians = {key: statistics.median(values) for key, values in seconds.items()}
        for (operation, through), median in medians.items():
            checks.told(
                f"{name}: {operation}scu {'through both gateways' if through else 'by the tunnel'}",
                images_per_s=round(pulls.count / median, 1), seconds=[round(value, 2) for value in seconds[operation, through]],
            )
        checks.told(
            f"{name}: peak memory of the gateways, MiB",
            **{key: round(gateway.process.peak_memory_bytes() / (1 << 20), 1) for key, gateway in zip(("st_anna", "lakeside"), pulls.gateways)},
        )
        for operation in OPERATIONS:
            ratio = medians[operation, False] / medians[operation, True]
            checks.bar(f"{name}: {operation}scu through both gateways, of the rate by the tunnel", ratio, at_least=AT_LEAST)


def run(run) -> None:
    files = run.study(None if run.long else 120)
    forms = [("20 ms, fetched by C-GET", 10, "get")]
    if run.long:
        forms += [("20 ms, fetched by C-MOVE", 10, "move"), ("40 ms, fetched by C-GET", 20, "get")]
    for name, one_way_ms, retrieve in forms:
        with run.checks.check(f"{name}: {len(files)} images of 0.5 MB are pulled"):
            measured(run, name, one_way_ms, retrieve, files, rounds=3 if run.long else 2)
