"""DCMTK's programs as peers: storescp, dcmqrscp and wlmscpfs served, the SCUs run."""

import re
import subprocess
from pathlib import Path

from rig.process import Process
from rig.process import free_port
from rig.process import peer_environment

HOST = "127.0.0.1"


class StoreScp(Process):
    """storescp that keeps data sets exactly as it read them; with `again`, one that comes again beside the first.

    DCMTK does not do both: with `again` it writes what it understood, which for plain data sets is the same.
    """

    def __init__(self, folder: Path, aet: str, *, port: int | None = None, args=(), nodelay=True, ignore=False, again=False):
        self.aet = aet
        self.port = port or free_port()
        self.received_in = Path(folder) / f"{aet}-received"
        self.received_in.mkdir(parents=True, exist_ok=True)
        argv = ["storescp", "-q", "-aet", aet, "-pdu", "131072", "-dhl", "--fork"]
        argv += ["--ignore"] if ignore else ["+uf" if again else "+B", "-od", self.received_in]
        super().__init__(f"storescp-{aet}", [*argv, *args, self.port], folder, peer_environment(nodelay))
        self.wait_for_port(self.port)

    def files(self) -> list[Path]:
        return sorted(path for path in self.received_in.iterdir() if path.is_file())


class QrScp(Process):
    """dcmqrscp: an archive with C-FIND, C-MOVE and C-GET. `hosts` are (AE title, port) it may move to."""

    def __init__(self, folder: Path, aet: str, hosts=(), *, port: int | None = None, args=()):
        self.aet = aet
        self.port = port or free_port()
        folder = Path(folder)
        self.storage = folder / f"{aet}-archive"
        self.storage.mkdir(parents=True, exist_ok=True)
        table = "\n".join(f"h{n} = ({host}, {HOST}, {at})" for n, (host, at) in enumerate(hosts))
        config = folder / f"{aet}.cfg"
        config.write_text(
            f"NetworkTCPPort = {self.port}\nMaxPDUSize = 131072\nMaxAssociations = 80\n"
            f"HostTable BEGIN\n{table}\nHostTable END\nVendorTable BEGIN\nVendorTable END\n"
            f"AETable BEGIN\n{aet} {self.storage} RW (1000, 4096mb) ANY\nAETable END\n"
        )
        argv = ["dcmqrscp", "-c", config, "-dhl", "+B", *args]
        super().__init__(f"dcmqrscp-{aet}", argv, folder)
        self.wait_for_port(self.port)

    def fill(self, files: list[Path]) -> None:
        """Copies the files into the archive's folder and indexes them, without the network."""
        copies = []
        for file in files:
            copy = self.storage / Path(file).name
            copy.write_bytes(Path(file).read_bytes())
            copies.append(copy)
        for start in range(0, len(copies), 100):
            subprocess.run(
                ["dcmqridx", self.storage, *copies[start : start + 100]], check=True, timeout=300, capture_output=True
            )


class WorklistScp(Process):
    """wlmscpfs, serving the .wl files of its one folder."""

    def __init__(self, folder: Path, aet: str, *, args=()):
        self.aet = aet
        self.port = free_port()
        self.items = Path(folder) / "worklists" / aet
        self.items.mkdir(parents=True, exist_ok=True)
        (self.items / "lockfile").touch()
        argv = ["wlmscpfs", "-dfp", self.items.parent, "-dfr", "-csk", "-dhl", *args, self.port]
        super().__init__(f"wlmscpfs-{aet}", argv, folder)
        self.wait_for_port(self.port)


def run(program: str, *words, timeout_s: float = 60, nodelay: bool = True, cwd=None) -> subprocess.CompletedProcess:
    """Runs one of DCMTK's SCUs to its end; `stdout` holds both of its streams."""
    return subprocess.run(
        [program, *(str(word) for word in words)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=timeout_s,
        env=peer_environment(nodelay),
        cwd=cwd,
    )


def echoscu(port: int, *words, calling="MODALITY", called="CREDENCE"):
    return run("echoscu", "-aet", calling, "-aec", called, *words, HOST, port)


def storescu(port: int, files, *words, calling="MODALITY", called="CREDENCE", timeout_s=120, nodelay=True):
    return run(
        "storescu", "-v", "-aet", calling, "-aec", called, *words, HOST, port, *files,
        timeout_s=timeout_s, nodelay=nodelay,
    )


def dcmsend(port: int, files, *words, calling="MODALITY", called="CREDENCE"):
    return run("dcmsend", "-v", "-aet", calling, "-aec", called, *words, HOST, port, *files)


def keys(pairs: dict) -> list[str]:
    """Matching keys as DCMTK's SCUs take them."""
    words = []
    for name, value in pairs.items():
        words += ["-k", f"{name}={value}" if value else str(name)]
    return words


def findscu(port: int, pairs: dict, *words, calling="WS1", called="CREDENCE"):
    return run("findscu", "-v", "-aet", calling, "-aec", called, *words, *keys(pairs), HOST, port)


def movescu(port: int, to: str, pairs: dict, *words, calling="WS1", called="CREDENCE", timeout_s=120):
    return run(
        "movescu", "-v", "-aet", calling, "-aec", called, "-aem", to, *words, *keys(pairs), HOST, port,
        timeout_s=timeout_s,
    )


def getscu(port: int, into: Path, pairs: dict, *words, calling="WS1", called="CREDENCE", timeout_s=120):
    Path(into).mkdir(parents=True, exist_ok=True)
    return run(
        "getscu", "-v", "-aet", calling, "-aec", called, "+B", "-od", into, *words, *keys(pairs), HOST, port,
        timeout_s=timeout_s,
    )


def suboperations(done: subprocess.CompletedProcess) -> dict[str, int]:
    """The counts of the final response, by their names, as movescu (-d) and getscu (-v) print them; none without one."""
    _, *finals = re.split("Received Final Move Response|Final status report", done.stdout)
    counts = re.findall(r"(Completed|Failed|Warning) Suboperations *: (\d+)$", finals[-1], re.MULTILINE) if finals else []
    return {kind: int(count) for kind, count in counts}
