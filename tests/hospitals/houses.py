"""Two hospitals on two sites: St. Anna with the PACS, Lakeside with the workstation, a gateway in each.

Everything of a house speaks plain DICOM on the site's loopback; between the sites there is TLS only, with
certificates that `credence keys init` made in each house.
"""

from dataclasses import dataclass
from pathlib import Path

from rig import dcmtk
from rig.gateway import Config
from rig.gateway import Gateway
from rig.gateway import Peer
from rig.process import free_port
from rig.sites import Line

ANNA, LAKESIDE = "st-anna", "lakeside"
NAMES = {ANNA: "St. Anna Hospital", LAKESIDE: "Lakeside Clinic"}
# DICOM by TLS between the sites; its registered port would do as well.
DICOM_PORT = 11112
EVERYTHING = ["echo", "store", "find", "move", "get"]


@dataclass
class Side:
    """What distinguishes one hospital's gateway from the other's."""

    slug: str
    # What it calls itself, and which of its AE titles stands for the other.
    aet: str
    stands_for_other: str


SIDES = {
    ANNA: Side(ANNA, "CREDENCE", "LAKESIDE"),
    LAKESIDE: Side(LAKESIDE, "CRED_B", "HOSPITAL_A"),
}


def house_peer(aet: str, slug: str, port: int | None = None, **more) -> Peer:
    """A system of the hospital itself, on its loopback."""
    return Peer(aet, institution=slug, port=port, may=EVERYTHING, more={"plain": True, **more})


class Hospital:
    """One site's gateway, with its certificates; configured once the other's certificates are known."""

    def __init__(self, folder: Path, site, slug: str):
        self.folder = Path(folder) / slug
        self.folder.mkdir(parents=True, exist_ok=True)
        self.site = site
        self.side = SIDES[slug]
        self.slug = slug
        with site:
            self.port = free_port()
        self.gateway: Gateway | None = None
        self.tls = self.folder / "tls"
        self._certify()

    def _certify(self) -> None:
        """`credence keys init`, with a configuration that knows only where the gateway listens."""
        first = self._config([], [], None)
        gateway = Gateway(self.folder / "first", first, self.port)
        gateway.command("keys", "init", "--config", gateway.file, "--out", self.tls)
        shown = gateway.command("keys", "show", "--config", gateway.file, self.tls / "gateway.pem").stdout
        self.pin = next(word for line in shown.splitlines() for word in line.split() if word.startswith("sha256:"))

    @property
    def pair(self) -> tuple[Path, Path, Path]:
        """Certificate, key, and the authority that made them."""
        return self.tls / "gateway.pem", self.tls / "gateway.key", self.tls / "authority.pem"

    def _config(self, peers, routes, other: "Hospital | None", **options) -> Config:
        listening = {"address": f"{self.site.address}:{DICOM_PORT}"}
        certified = []
        institutions = {}
        if other:
            certificate, key, authority = self.pair
            listening["tls"] = True
            certified = [("[tls]", {"certificate": str(certificate), "key": str(key), "authorities": [str(authority)]})]
            institutions = {other.slug: {"authorities": [str(other.pair[2])]}}
        return Config(
            peers, routes, own=self.slug, names=NAMES, institutions=institutions,
            aes={self.side.aet: "TREATMENT", self.side.stands_for_other: "TREATMENT"},
            more=[("[[listener]]", listening), *certified, *options.pop("more", [])], **options,
        )

    def other_gateway(self, other: "Hospital", **more) -> Peer:
        """The other hospital's gateway as an ordinary peer."""
        tls = {"tls": True, "certificates": [other.pin], "connect": f"{other.site.address}:{DICOM_PORT}", "retrieve": "get"}
        made = Peer(other.side.aet, institution=other.slug, may=EVERYTHING, addresses=[other.site.address], more={**tls, **more})
        made.more |= {"name": f"{other.slug}-gateway", "calling_ae": self.side.aet}
        return made

    def configure(self, other: "Hospital", peers: list[Peer], pacs: str | None = None, **options) -> Gateway:
        """Writes the configuration. `pacs` names the peer that answers for this hospital, if it has one."""
        routes = [([self.side.stands_for_other], ["storage", "query-retrieve"], f"{other.slug}-gateway")]
        if pacs:
            routes.append(([self.side.aet], ["storage", "query-retrieve"], pacs))
        config = self._config([self.other_gateway(other), *peers], routes, other, **options)
        with self.site:
            self.gateway = Gateway(self.folder / "gateway", config, self.port)
        return self.gateway

    def start(self, log: str = "credence=info") -> "Hospital":
        with self.site:
            self.gateway.start(log)
        return self

    def stop(self) -> None:
        if self.gateway:
            self.gateway.stop()


class Hospitals:
    """Both of them at the ends of a line, and everything that was started there."""

    def __init__(self, folder: Path, line: Line):
        self.folder = Path(folder)
        self.line = line
        self.anna = Hospital(self.folder, line.sites[0], ANNA)
        self.lakeside = Hospital(self.folder, line.sites[1], LAKESIDE)
        self._started: list = []

    def serve(self, hospital: Hospital, kind, *words, **options):
        """Starts `kind` in the hospital; stopped with everything else."""
        with hospital.site:
            started = kind(*words, **options)
        self._started.append(started)
        return started

    def archive(self, files: list[Path], hosts=()) -> dcmtk.QrScp:
        """dcmqrscp in St. Anna, filled."""
        made = self.serve(self.anna, dcmtk.QrScp, self.anna.folder, "PACS", hosts)
        made.fill(files)
        return made

    def start(self, log: str = "credence=info") -> None:
        for hospital in (self.anna, self.lakeside):
            hospital.start(log)

    def grant(self, patient: str, **options) -> dict:
        """The patient's consent that Lakeside gets it, recorded in St. Anna."""
        return self.anna.gateway.grant(patient, LAKESIDE, **options)

    def close(self) -> None:
        for started in reversed(self._started):
            started.stop()
        for hospital in (self.lakeside, self.anna):
            hospital.stop()

    def __enter__(self) -> "Hospitals":
        return self

    def __exit__(self, *_) -> None:
        self.close()
