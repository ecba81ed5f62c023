"""What real senders make of a refusal: whether one denied study stops the batch that follows it.

Each sends three studies of two images; the first patient has not consented, the others have. What is
observed must be what the table of docs/refusals.md says.
"""

import json
import subprocess
import sys
import urllib.error
from dataclasses import dataclass
from pathlib import Path

import pytest

from rig import dcmtk
from rig import images
from rig import pynet
from rig.gateway import OTHER
from rig.gateway import OWN
from rig.gateway import Peer
from rig.gateway import ROOT
from rig.orthanc import Orthanc
from rig.process import peer_environment
from rig.process import wait_until

DENIED_STORE = ["not-authorised", "out-of-resources", "abort"]
STATUS = {"not-authorised": 0x0124, "out-of-resources": 0xA700}


class Clinic:
    """Another hospital before our gateway, and its three studies, the refused one first."""

    def __init__(self, stage, folder: Path, denied_store: str):
        self.stage = stage
        self.dest = stage.serve(pynet.Destination, "DEST")
        sender = Peer("CLINIC", institution=OTHER, may=["echo", "store"])
        self.gateway = stage.store_gateway(self.dest.port, peers=[sender], route={"denied_store": denied_store})
        self.folder = folder / "batch"
        self.studies = [
            # CT all of them: a sender that sorts by SOP class sends them in this order too.
            [
                images.write(self.folder, images.data_set(study=n, patient=f"P{n}", number=k), name=f"{n}-{k}.dcm")
                for k in (1, 2)
            ]
            for n in (1, 2, 3)
        ]
        for patient in ("P2", "P3"):
            self.gateway.grant(patient, to=OWN)

    @property
    def files(self) -> list[Path]:
        return [image.path for study in self.studies for image in study]

    def arrived(self) -> set[str]:
        return set(self.dest.instances())

    def permitted(self) -> set[str]:
        return {image.sop_instance for study in self.studies[1:] for image in study}


@dataclass
class Outcome:
    """How a sender ended. `failed`: it told whoever started it that something did; its output may tell anyway."""

    failed: bool
    output: str


def storescu(*words):
    def send(clinic: Clinic) -> Outcome:
        done = dcmtk.storescu(clinic.gateway.port, clinic.files, *words, calling="CLINIC")
        return Outcome(done.returncode != 0, done.stdout)

    return send


def dcmsend(*words):
    def send(clinic: Clinic) -> Outcome:
        done = dcmtk.dcmsend(clinic.gateway.port, clinic.files, *words, calling="CLINIC")
        return Outcome(done.returncode != 0, done.stdout)

    return send


def pynetdicom(clinic: Clinic) -> Outcome:
    words = ["-v", "-cx", "-aet", "CLINIC", "-aec", "CREDENCE", "127.0.0.1", str(clinic.gateway.port), str(clinic.folder)]
    done = subprocess.run(
        [sys.executable, "-m", "pynetdicom", "storescu", *words],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120, env=peer_environment(),
    )
    return Outcome(done.returncode != 0, done.stdout)


def orthanc(permissive: bool):
    def send(clinic: Clinic) -> Outcome:
        sender = clinic.stage.start(Orthanc, "CLINIC", {"gateway": ("CREDENCE", clinic.gateway.port)})
        ids = sender.fill(clinic.files)
        job = {"Resources": ids, "Synchronous": True, "Permissive": permissive}
        try:
            answer = sender.post("/modalities/gateway/store", job)
        except urllib.error.HTTPError as error:
            return Outcome(True, error.read().decode(errors="replace"))
        return Outcome(answer.get("FailedInstancesCount", 0) > 0, json.dumps(answer))

    return send


SENDERS = {
    "DCMTK `storescu`": storescu(),
    "DCMTK `storescu --no-halt`": storescu("--no-halt"),
    "DCMTK `dcmsend`": dcmsend(),
    "DCMTK `dcmsend --no-halt`": dcmsend("--no-halt"),
    "pynetdicom `storescu`": pynetdicom,
    "Orthanc, modality store": orthanc(False),
    "Orthanc, modality store, `Permissive`": orthanc(True),
}


def documented() -> dict[tuple[str, str], str]:
    """What the page says, by sender and `denied_store`."""
    said = {}
    columns: list[str] = []
    for line in (ROOT / "docs" / "refusals.md").read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if cells[0] == "sender":
            columns = [cell.strip("`") for cell in cells[1:]]
        elif columns and cells[0] in SENDERS:
            said.update({(cells[0], column): cell for column, cell in zip(columns, cells[1:], strict=True)})
    return said


def observed(clinic: Clinic, outcome: Outcome) -> str:
    arrived = clinic.arrived()
    if arrived == clinic.permitted():
        batch = "goes on"
    elif not arrived:
        batch = "stops"
    else:
        batch = f"sends {len(arrived)} of 4"
    return f"{batch}, {'fails' if outcome.failed else 'ends well'}"


@pytest.mark.parametrize("denied_store", DENIED_STORE)
@pytest.mark.parametrize("sender", SENDERS)
def test_a_sender_does_after_a_refusal_what_the_page_says(stage, tmp_path, sender, denied_store):
    clinic = Clinic(stage, tmp_path, denied_store)
    outcome = SENDERS[sender](clinic)
    # Whatever the sender makes of it: nothing of the refused study arrived, and the denial is told.
    refused = {image.sop_instance for image in clinic.studies[0]}
    assert not refused & clinic.arrived()
    wait_until(lambda: "deny" in verdicts(clinic), what="a denial in the ledger")
    assert observed(clinic, outcome) == documented()[sender, denied_store], outcome.output


def verdicts(clinic: Clinic) -> set[str]:
    return {body["decision"]["verdict"].lower() for body in clinic.gateway.bodies("decision")}


def test_the_page_speaks_of_every_sender_and_answer():
    assert set(documented()) == {(sender, answer) for sender in SENDERS for answer in DENIED_STORE}


@pytest.mark.parametrize("denied_store", ["not-authorised", "out-of-resources"])
def test_the_refusal_is_answered_with_its_status_and_the_rest_is_taken(stage, tmp_path, denied_store):
    clinic = Clinic(stage, tmp_path, denied_store)
    sent = [image for study in clinic.studies for image in study]
    expected = [STATUS[denied_store]] * 2 + [0] * 4
    assert pynet.store_all(clinic.gateway.port, sent, calling="CLINIC") == expected


def test_out_of_resources_lets_a_sender_come_again_when_the_consent_is_there(stage, tmp_path):
    clinic = Clinic(stage, tmp_path, "out-of-resources")
    refused = clinic.studies[0]
    assert pynet.store_all(clinic.gateway.port, refused, calling="CLINIC") == [0xA700] * 2
    clinic.gateway.grant("P1", to=OWN)
    assert pynet.store_all(clinic.gateway.port, refused, calling="CLINIC") == [0] * 2


def test_after_an_abort_nothing_more_of_the_association_is_taken(stage, tmp_path):
    clinic = Clinic(stage, tmp_path, "abort")
    sent = clinic.studies[1] + clinic.studies[0] + clinic.studies[2]
    association = pynet.associate(clinic.gateway.port, pynet.contexts_for(sent), calling="CLINIC")
    assert [pynet.store_raw(association, image) for image in sent[:2]] == [0, 0]
    assert pynet.store_raw(association, sent[2]) is None
    wait_until(lambda: association.is_aborted, what="the abort")
    assert clinic.arrived() == {image.sop_instance for image in clinic.studies[1]}
    assert pynet.store_all(clinic.gateway.port, clinic.studies[2], calling="CLINIC") == [0, 0]
