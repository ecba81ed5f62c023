"""Two hospitals on two sites, a gateway in each: St. Anna and Lakeside.

Everything of a house speaks plain DICOM on the site's loopback; between the sites there is TLS only, with
certificates that `credence keys init` made in each house, and each gateway's row is what the other's
`credence link show` printed.
"""

from dataclasses import dataclass
from pathlib import Path

from rig import dcmtk
from rig.gateway import Config
from rig.gateway import Gateway
from rig.gateway import Peer
from rig.gateway import toml
from rig.process import free_port
from rig.sites import Line

ANNA, LAKESIDE = "st-anna", "lakeside"
NAMES = {ANNA: "St. Anna Hospital", LAKESIDE: "Lakeside Clinic"}
# Of DICOM and of HTTPS, where a site has an address of its own.
PORTS = (11112, 11443)
EVERYTHING = ["echo", "store", "find", "move", "get"]


@dataclass(frozen=True)
class Titles:
    """What a gateway calls itself, and which of its AE titles stand for the other hospital: always, and in emergencies."""

    own: str
    other: str
    emergency: str


TITLES = {ANNA: Titles("CREDENCE", "LAKESIDE", "LAKESIDE_ER"), LAKESIDE: Titles("CRED_B", "HOSPITAL_A", "HOSPITAL_A_ER")}


def house_peer(aet: str, slug: str, port: int | None = None, **more) -> Peer:
    """A system of the hospital itself, on its loopback."""
    return Peer(aet, institution=slug, port=port, may=EVERYTHING, more={"plain": True, **more})


class Hospital:
    """One site's gateway with its certificates; it serves once it knows the other."""

    def __init__(self, folder: Path, site, slug: str, ports: tuple[int, int]):
        self.folder = Path(folder) / slug
        self.site = site
        self.slug = slug
        self.dicom_port, self.https_port = ports
        self.titles = TITLES[slug]
        self.tls = self.folder / "tls"
        # Users whom the gateway verifies, and their passcodes.
        self.users: dict[str, str] = {}
        with site:
            self.port = free_port()
            self.gateway = Gateway(self.folder / "gateway", self._config(tls=False), self.port)
        self.command("keys", "init", "--config", self.gateway.file, "--out", self.tls)
        self.certificate, self.key, self.authority = (self.tls / name for name in ("gateway.pem", "gateway.key", "authority.pem"))
        self._write(self._config())
        self.shown = self.command("link", "show", "--config", self.gateway.file)

    def _config(self, *, tls=True, peers=(), routes=(), pasted="") -> Config:
        listening = {"address": f"{self.site.address}:{self.dicom_port}"}
        more = []
        if tls:
            listening["tls"] = True
            own = {"certificate": str(self.certificate), "key": str(self.key), "authorities": [str(self.authority)]}
            more = [("[tls]", own), ("[exchange]", {"listen": f"{self.site.address}:{self.https_port}"})]
        if self.users:
            more.append(("[identity]", {"passcodes": "passcodes"}))
        return Config(
            list(peers), list(routes), own=self.slug, names={self.slug: NAMES[self.slug]},
            aes={self.titles.own: "TREATMENT"}, more=[("[[listener]]", listening), *more], pasted=pasted,
        )

    def _write(self, config: Config) -> None:
        self.gateway.config = config
        self.gateway.write()

    def command(self, *words) -> str:
        return self.gateway.command(*words).stdout

    def link_row(self, other: "Hospital", **more) -> str:
        """What our `link show` printed, filled in as it says for the other hospital, with more keys of the row."""
        text = self.shown
        for marked, filled in {
            '# ae = "..."': f'ae = "{other.titles.other}"',
            "# authorities = [": f'authorities = ["{self.authority}"]  # [',
        }.items():
            assert marked in text, f"link show prints no {marked}:\n{text}"
            text = text.replace(marked, filled, 1)
        # The row is the last table of what is printed.
        return text.rstrip() + toml([("", {"emergency_ae": other.titles.emergency, **more})]).rstrip() + "\n"

    def configure(self, other: "Hospital", peers: list[Peer], pacs: str | None = None, **link) -> None:
        """Writes the configuration. `pacs` names the peer that answers for this hospital; `link`: more keys of the
        other gateway's row."""
        routes = [([self.titles.own], ["storage", "query-retrieve"], pacs)] if pacs else []
        self._write(self._config(peers=peers, routes=routes, pasted=other.link_row(self, **link)))

    def start(self) -> None:
        for user, passcode in self.users.items():
            self.gateway.set_passcode(user, passcode)
        with self.site:
            self.gateway.start()

    def stop(self) -> None:
        self.gateway.stop()


class Hospitals:
    """Both of them at the ends of a line, and everything that was started there."""

    def __init__(self, folder: Path, line: Line, ports: tuple = (PORTS, PORTS)):
        self.folder = Path(folder)
        self.line = line
        self.anna = Hospital(self.folder, line.sites[0], ANNA, ports[0])
        self.lakeside = Hospital(self.folder, line.sites[1], LAKESIDE, ports[1])
        self._started: list = []

    def other(self, hospital: Hospital) -> Hospital:
        return self.lakeside if hospital is self.anna else self.anna

    def serve(self, hospital: Hospital, kind, *words, **options):
        """Starts `kind` in the hospital; stopped with everything else."""
        with hospital.site:
            started = kind(*words, **options)
        self._started.append(started)
        return started

    def archive(self, hospital: Hospital, files: list[Path], hosts=()) -> dcmtk.QrScp:
        """dcmqrscp in the hospital, filled."""
        made = self.serve(hospital, dcmtk.QrScp, hospital.folder, "PACS", hosts)
        made.fill(files)
        return made

    def configure(self, anna: tuple, lakeside: tuple, **link) -> None:
        """Each with its peers and, if it has one, the name of its PACS; then starts both."""
        self.anna.configure(self.lakeside, *anna, **link)
        self.lakeside.configure(self.anna, *lakeside, **link)
        for hospital in (self.anna, self.lakeside):
            hospital.start()

    def grant(self, patient: str, custodian: Hospital | None = None) -> int:
        """The patient's consent that the other hospital gets the images, recorded where they are; its number."""
        custodian = custodian or self.anna
        return custodian.gateway.grant(patient, self.other(custodian).slug)["consent"]

    def close(self) -> None:
        for started in reversed(self._started):
            started.stop()
        for hospital in (self.lakeside, self.anna):
            hospital.stop()

    def __enter__(self) -> "Hospitals":
        return self

    def __exit__(self, *_) -> None:
        self.close()
