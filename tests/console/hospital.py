"""St. Anna with what a hospital has around its gateway, and a day's work done: images filed, asked for, refused, taken
in an emergency, and waiting for an archive that is down. Everything by DCMTK's programs.
"""

import os
from pathlib import Path

from rig import dcmtk
from rig import images
from rig.console import COMPLIANCE
from rig.console import Console
from rig.console import console_rows
from rig.gateway import Config
from rig.gateway import Gateway
from rig.gateway import OTHER
from rig.gateway import Peer
from rig.gateway import destination
from rig.process import free_port
from rig.process import wait_until

# The long forms of what has two.
LONG = bool(os.environ.get("CREDENCE_LONG"))
# Whom the day was about: no page, log or address says so to whom it may not.
MARIA, JOSEF = "ANNA-4711", "ANNA-0815"
NAMES = {MARIA: "Berger^Maria", JOSEF: "Huber^Josef"}
STUDIES = {MARIA: images.uid(1), JOSEF: images.uid(2)}
SECOND = "cora"
SPOOL = [("[spool]", {"retry_first_s": 1, "retry_max_s": 2, "free_bytes_min": 0})]
AES = {"CREDENCE": "TREATMENT", "CREDENCE_ER": "EMERGENCY", "CRED_ARCHIVE": "TREATMENT", "CRED_SLOW": "TREATMENT"}


def gateway_with_console(folder: Path, config: Config, port: int | None = None, before=None, within_s: float = 20.0, **more) -> Console:
    """A gateway that has started, and its console. `before` is called with its folder before that; `more`: keys of
    [console]."""
    console_port = free_port()
    config.more = [*config.more, *console_rows(console_port, **more)]
    gateway = Gateway(folder, config, port)
    if before:
        before(gateway.folder)
    gateway.start(within_s=within_s)
    wait_until(lambda: "the console is open" in gateway.process.output(), what="the console", timeout_s=120)
    return Console(gateway, console_port)


class Hospital:
    """The peers, the gateway, its console with an account of each role, and the day."""

    def __init__(self, folder: Path):
        self.folder = folder
        self._started: list = []
        try:
            self._open()
            self._day()
        except BaseException:
            self.stop()
            raise

    def _open(self) -> None:
        port = free_port()
        self.ws1 = self.keep(dcmtk.StoreScp(self.folder, "WS1"))
        self.wsb = self.keep(dcmtk.StoreScp(self.folder, "WSB"))
        # Files one image a second: long enough to be looked at.
        self.slow = self.keep(dcmtk.StoreScp(self.folder, "SLOW", args=["--sleep-after", "1"]))
        self.pacs = self.keep(dcmtk.QrScp(self.folder, "PACS", [("CRED_WS1", port), ("CRED_WSB", port)]))
        self.archive_port = free_port()
        peers = [
            Peer("MODALITY", may=["echo", "store"]),
            Peer("PACS", port=self.pacs.port),
            destination("WS1", self.ws1.port),
            destination("WSB", self.wsb.port, institution=OTHER),
            Peer("SLOW", port=self.slow.port),
            Peer("ARCHIVE", port=self.archive_port),
        ]
        routes = [
            (["CREDENCE", "CREDENCE_ER"], ["query-retrieve", "storage"], "pacs"),
            (["CRED_SLOW"], ["storage"], "slow"),
            (["CRED_ARCHIVE"], ["storage"], "archive", {"delivery": "spool"}),
        ]
        config = Config(peers, routes, aes=AES, more=SPOOL)
        self.console = gateway_with_console(self.folder / "gateway", config, port)
        self.gateway = self.keep(self.console.gateway)
        self.port = self.gateway.port
        self.console.open_for_everybody()
        # The second of two persons.
        self.console.add(SECOND, COMPLIANCE)

    def keep(self, started):
        self._started.append(started)
        return started

    def _day(self) -> None:
        held = self.study(1, MARIA, 3) + self.study(2, JOSEF, 2)
        self.send(held)
        assert self.move(MARIA, "WS1").returncode == 0
        # Another hospital without a consent, then with one, then in an emergency.
        self.refused = self.move(MARIA, "WSB")
        assert self.refused.returncode != 0, self.refused.stdout
        assert self.move(JOSEF, "WSB", called="CREDENCE_ER").returncode == 0
        # An archive that is down: what is for it waits.
        self.send(self.study(3, MARIA, 2), called="CRED_ARCHIVE")

    def study(self, number: int, patient: str, count: int) -> list[images.Instance]:
        folder = self.folder / "made"
        return images.study(folder, count, study=number, patient=patient, name=NAMES[patient])

    def send(self, made: list[images.Instance], called: str = "CREDENCE") -> None:
        """Images from the modality."""
        done = dcmtk.storescu(self.port, [one.path for one in made], calling="MODALITY", called=called)
        assert done.returncode == 0, done.stdout

    def move(self, patient: str, to: str, called: str = "CREDENCE"):
        """A workstation pulls the patient's study to itself."""
        wanted = {"QueryRetrieveLevel": "STUDY", "StudyInstanceUID": STUDIES[patient]}
        return dcmtk.movescu(self.port, to, wanted, "-S", "-d", calling=to, called=called)

    def decision(self, verdict: str) -> int:
        """Number of the newest decision of this kind."""
        kinds = [entry for entry in self.gateway.entries() if entry["event"]["body"]["kind"] == "decision"]
        return next(entry["seq"] for entry in reversed(kinds) if verdict in str(entry["event"]["body"]))

    def stop(self) -> None:
        for started in reversed(self._started):
            started.stop()
