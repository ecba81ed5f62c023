"""Fixtures of the interoperability tests: everything on loopback, in the test's own folder."""

import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from rig import images
from rig.gateway import Config
from rig.gateway import Gateway
from rig.gateway import OTHER
from rig.gateway import Peer
from rig.gateway import cache
from rig.gateway import destination
from rig.process import free_port

STORAGE_ONLY = ["storage"]
ALL_SERVICES = ["storage", "query-retrieve"]


class Stage:
    """Starts peers and gateways for one test, and stops them after it, last first."""

    def __init__(self, folder: Path):
        self.folder = folder
        self._started: list = []

    def keep(self, started):
        """`started` has a `stop()`, called when the test ends."""
        self._started.append(started)
        return started

    def start(self, kind, *words, **options):
        """A process peer (DCMTK, Orthanc): its class takes the folder first."""
        return self.keep(kind(self.folder, *words, **options))

    def serve(self, kind, *words, **options):
        """A pynetdicom peer."""
        return self.keep(kind(*words, **options))

    def gateway(self, config: Config, name: str = "gateway", port: int | None = None) -> Gateway:
        made = Gateway(self.folder / name, config, port)
        self.keep(made)
        return made.start()

    def store_gateway(self, to_port: int, **options) -> Gateway:
        """Modalities store through it to one destination, called DEST."""
        peers = [
            Peer("MODALITY", may=["echo", "store"], more=options.pop("modality", {})),
            Peer("DEST", port=to_port, more=options.pop("destination", {})),
            *options.pop("peers", []),
        ]
        route = (["CREDENCE", "CREDENCE_ER"], STORAGE_ONLY, "dest", options.pop("route", {}))
        return self.gateway(Config(peers, [route], **options))

    def stop(self) -> None:
        for started in reversed(self._started):
            started.stop()


@pytest.fixture
def stage(tmp_path):
    made = Stage(tmp_path)
    yield made
    made.stop()


@pytest.fixture(scope="session")
def wheel() -> Path:
    """The pydicom wheel, whose test images are the corpus; downloaded once."""
    folder = cache() / "wheels"
    found = sorted(folder.glob("pydicom-3.0.2-*.whl")) if folder.exists() else []
    if not found:
        subprocess.run(
            [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", str(folder), "pydicom==3.0.2"], check=True
        )
        found = sorted(folder.glob("pydicom-3.0.2-*.whl"))
    return found[0]


@pytest.fixture
def study(tmp_path):
    """Makes studies in this test's folder: `study(3, patient="P1", study=1)`."""

    def make(count: int = 3, **facts) -> list[images.Instance]:
        return images.study(tmp_path / "images", count, **facts)

    return make


def hospital_peers(pacs_port: int, ports: dict[str, int], pacs: dict, foreign: str = "WSB") -> list[Peer]:
    """A PACS called PACS, its modality, workstations of the house, and one of another institution."""
    peers = [
        Peer("MODALITY", may=["echo", "store"]),
        Peer("PACS", port=pacs_port, more=pacs),
    ]
    for aet, port in ports.items():
        institution = {"institution": OTHER} if aet == foreign else {}
        peers.append(destination(aet, port, **institution))
    return peers


@pytest.fixture
def ports():
    """Ports for the workstations WS1 and WS2 and the other hospital's WSB, and the gateway."""
    return {"WS1": free_port(), "WS2": free_port(), "WSB": free_port()}
