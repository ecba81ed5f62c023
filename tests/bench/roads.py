"""The roads from the sender to storescp: directly, by a plain relay, by Credence, by Orthanc."""

import time
from pathlib import Path

from rig import dcmtk
from rig.gateway import Config
from rig.gateway import Gateway
from rig.gateway import Peer
from rig.gateway import destination
from rig.orthanc import Orthanc
from rig.process import Process
from rig.process import free_port
from rig.process import wait_until
from rig.x509 import Authority
from rig.x509 import Pair

FORWARD = """
function OnStoredInstance(instanceId, tags, metadata)
   Delete(SendToModality(instanceId, 'dest'))
end
"""


class Road:
    """Where the sender connects to, and the process in between whose cost is measured."""

    name = "direct"
    called = "DEST"

    def __init__(self, folder: Path, sink_port: int):
        self.port = sink_port
        self.process: Process | None = None

    def drained(self) -> None:
        """Returns when everything that was sent is at the destination."""

    def cpu_seconds(self) -> float:
        return self.process.cpu_seconds() if self.process else 0.0

    def peak_memory_bytes(self) -> int:
        return self.process.peak_memory_bytes() if self.process else 0

    def stop(self) -> None:
        if self.process:
            self.process.stop()


class Relay(Road):
    """socat: what a relay costs that looks at nothing."""

    name = "socat"

    def __init__(self, folder: Path, sink_port: int):
        super().__init__(folder, sink_port)
        self.port = free_port()
        self.process = Process(
            "socat",
            ["socat", "-b", "131072", f"TCP-LISTEN:{self.port},bind=127.0.0.1,reuseaddr,fork,nodelay,backlog=128", f"TCP:127.0.0.1:{sink_port},nodelay"],
            folder,
        )
        self.process.wait_for_port(self.port)


class Credence(Road):
    name = "credence"
    called = "CREDENCE"
    # More keys of the route to the destination.
    route: dict = {}

    def __init__(self, folder: Path, sink_port: int, pacs_port: int | None = None, retrieve: str = "move", port: int | None = None):
        super().__init__(folder, sink_port)
        peers = [Peer("MODALITY", may=["echo", "store"]), Peer("DEST", port=sink_port, may=["echo"])]
        routes = [(["CREDENCE"], ["storage"], "dest", self.route)]
        if pacs_port:
            peers += [Peer("PACS", port=pacs_port, more={"retrieve": retrieve}), destination("WS1", sink_port)]
            routes = [(["CREDENCE"], ["query-retrieve"], "pacs"), *routes]
        self.gateway = Gateway(folder / "credence", Config(peers, routes), port).start(log="credence=warn")
        self.process = self.gateway.process
        self.port = self.gateway.port

    def stop(self) -> None:
        self.gateway.stop()


class Certificates:
    """An authority, the gateway's certificate and the destination's, made once in a folder."""

    _made: dict[Path, "Certificates"] = {}

    def __init__(self, folder: Path):
        self.authority = Authority(folder / "pki", "authority")
        self.gateway: Pair = self.authority.issue("gateway", ips=["127.0.0.1"])
        self.dest: Pair = self.authority.issue("dest", ips=["127.0.0.1"])

    @classmethod
    def of(cls, folder: Path) -> "Certificates":
        if folder not in cls._made:
            cls._made[folder] = cls(folder)
        return cls._made[folder]

    def sink_words(self) -> list:
        """storescp by TLS, which requires a certificate."""
        return ["+tls", self.dest.key, self.dest.certificate, "+cf", self.authority.certificate]


class TlsRelay(Road):
    """socat that begins TLS (OpenSSL) towards the destination, with certificates on both sides."""

    name = "socat, TLS out"

    def __init__(self, folder: Path, sink_port: int):
        super().__init__(folder, sink_port)
        self.port = free_port()
        made = Certificates.of(folder)
        to = f"OPENSSL:127.0.0.1:{sink_port},nodelay,cert={made.gateway.certificate},key={made.gateway.key},cafile={made.authority.certificate}"
        self.process = Process(
            "socat",
            ["socat", "-b", "131072", f"TCP-LISTEN:{self.port},bind=127.0.0.1,reuseaddr,fork,nodelay,backlog=128", to],
            folder,
        )
        self.process.wait_for_port(self.port)


class TlsCredence(Road):
    """Credence that connects to the destination by TLS."""

    name = "credence, TLS out"
    called = "CREDENCE"

    def __init__(self, folder: Path, sink_port: int):
        super().__init__(folder, sink_port)
        made = Certificates.of(folder)
        peers = [Peer("MODALITY", may=["echo", "store"]), Peer("DEST", port=sink_port, may=[], more={"tls": True})]
        tls = {"certificate": str(made.gateway.certificate), "key": str(made.gateway.key), "authorities": [str(made.authority.certificate)]}
        config = Config(peers, [(["CREDENCE"], ["storage"], "dest", {"delivery": "direct"})], more=[("[tls]", tls)])
        self.gateway = Gateway(folder / "credence", config).start(log="credence=warn")
        self.process = self.gateway.process
        self.port = self.gateway.port

    def stop(self) -> None:
        self.gateway.stop()


class ByOrthanc(Road):
    """Orthanc with the Lua script of its own manual; it answers before it forwards."""

    name = "orthanc"
    called = "ORTHANC"

    def __init__(self, folder: Path, sink_port: int):
        super().__init__(folder, sink_port)
        self.process = Orthanc(
            folder, "ORTHANC", {"dest": ("DEST", sink_port)}, lua=FORWARD, MaximumPduLength=131072,
            SyncStorageArea=False, OrthancExplorerEnabled=False, StableAge=60,
        )
        self.port = self.process.port

    def drained(self) -> None:
        wait_until(lambda: self.process.instance_count() == 0, 900, "Orthanc's forwarding")


ROADS = {road.name: road for road in (Road, Relay, Credence, TlsRelay, TlsCredence, ByOrthanc)}
BY_TLS = {TlsRelay.name, TlsCredence.name}


def sink(folder: Path, **options) -> dcmtk.StoreScp:
    """`storescp --ignore`, one process for each association."""
    return dcmtk.StoreScp(folder, "DEST", ignore=True, **options)


def sent(road: Road, batches: list[list[Path]], nodelay: bool = True) -> float:
    """Seconds until every batch, one association each, is at the destination."""
    started = time.monotonic()
    store(road, batches, nodelay)
    road.drained()
    return time.monotonic() - started


def store(road: Road, batches: list[list[Path]], nodelay: bool = True) -> None:
    """Sends every batch, one association each."""
    for batch in batches:
        done = dcmtk.run(
            "storescu", "-q", "-R", "-aet", "MODALITY", "-aec", road.called, "127.0.0.1", road.port, *batch,
            timeout_s=1800, nodelay=nodelay,
        )
        if done.returncode != 0:
            raise RuntimeError(f"storescu by {road.name}: exit {done.returncode}: {done.stdout[-500:]}")
