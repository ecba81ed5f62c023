"""Modality Performed Procedure Steps (PS3.4 Annex F) passed through: what arrives, what is answered, what is recorded."""

import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import generate_uid
from pynetdicom import AE
from pynetdicom import evt

from rig import pynet
from rig.gateway import OTHER
from rig.gateway import Config
from rig.gateway import Peer
from rig.process import free_port
from rig.process import wait_until

MPPS = "1.2.840.10008.3.1.2.3.3"
EXPLICIT, IMPLICIT = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2"
NAME = "CANARY-88213^ADA"


class Ris:
    """Keeps procedure steps as data sets; answers as it is told."""

    def __init__(self, syntaxes=(EXPLICIT, IMPLICIT), status: int = 0x0000, name_steps: bool = False):
        self.steps: dict[str, Dataset] = {}
        self.created: list[Dataset] = []
        self.set: list[tuple[str, Dataset]] = []
        self.status = status
        self.name_steps = name_steps
        self.port = free_port()
        ae = AE(ae_title="RIS")
        ae.add_supported_context(MPPS, list(syntaxes))
        handlers = [(evt.EVT_N_CREATE, self._create), (evt.EVT_N_SET, self._set)]
        self.server = ae.start_server(("127.0.0.1", self.port), block=False, evt_handlers=handlers)

    def _create(self, event):
        data = event.attribute_list
        self.created.append(data)
        if self.status:
            return self.status, None
        uid = event.request.AffectedSOPInstanceUID or "1.2.3.99"
        answer = Dataset()
        if event.request.AffectedSOPInstanceUID is None:
            # pynetdicom moves it into the response's command set.
            answer.AffectedSOPInstanceUID = uid
        answer.PerformedStationName = "AS-THE-RIS-SAYS"
        self.steps[uid] = data
        return 0x0000, answer

    def _set(self, event):
        uid = event.request.RequestedSOPInstanceUID
        if uid not in self.steps:
            return 0x0112, None
        self.set.append((uid, event.modification_list))
        return 0x0001 if self.status == 1 else 0x0000, None

    def stop(self):
        """Listens no more, and aborts what is open; once is enough."""
        if self.server is not None:
            server, self.server = self.server, None
            for standing in list(server.active_associations):
                standing.abort()
            server.shutdown()


@pytest.fixture
def house(stage):
    def make(ris, may=("echo", "mpps"), institution: str | None = None, **options):
        more = {"purpose": "TREATMENT"}
        modality = {"institution": institution} if institution else {}
        peers = [Peer("MODALITY", may=list(may), more=more, **modality), Peer("RIS", port=ris.port if ris else free_port(), more=more)]
        gateway = stage.gateway(Config(peers, [(["CREDENCE"], ["mpps"], "ris")], **options))
        return gateway

    return make


@pytest.fixture
def ris(stage):
    return stage.serve(Ris)


def associate(gateway, syntax: str = EXPLICIT):
    return pynet.associate(gateway.port, [(MPPS, [syntax])], calling="MODALITY")


def step(patient: str = "P1", study: str = "1.2.840.1.5") -> Dataset:
    scheduled = Dataset()
    scheduled.StudyInstanceUID = study
    scheduled.AccessionNumber = "A1"
    data = Dataset()
    data.PatientName, data.PatientID = NAME, patient
    data.Modality = "CT"
    data.PerformedProcedureStepStatus = "IN PROGRESS"
    data.PerformedProcedureStepID = "STEP-1"
    data.ScheduledStepAttributesSequence = Sequence([scheduled])
    data.PerformedSeriesSequence = Sequence([])
    return data


def done() -> Dataset:
    data = Dataset()
    data.PerformedProcedureStepStatus = "COMPLETED"
    return data


def steps(gateway, count: int) -> list[dict]:
    wait_until(lambda: len(gateway.bodies("procedure-step")) >= count, what=f"{count} entries")
    return gateway.bodies("procedure-step")


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT])
def test_a_step_is_created_and_completed(house, ris, syntax):
    gateway, uid = house(ris), generate_uid()
    association = associate(gateway, syntax)
    status, answer = association.send_n_create(step(), MPPS, uid)
    assert status.Status == 0x0000
    assert answer.PerformedStationName == "AS-THE-RIS-SAYS", "the destination's attributes come back"
    status, _ = association.send_n_set(done(), MPPS, uid)
    assert status.Status == 0x0000
    association.release()
    assert ris.created == [step()], "untouched"
    assert ris.set == [(uid, done())]
    told = steps(gateway, 2)
    assert [(body["act"], body["status"]) for body in told] == [("created", 0), ("set", 0)]
    assert told[0]["step"] == told[1]["step"]
    decisions = gateway.bodies("decision")
    assert [body["request"]["verb"] for body in decisions] == ["store", "store"]
    assert decisions[0]["request"]["patient"] and decisions[0]["request"]["study"]["modalities"] == ["CT"]
    closed = gateway.bodies("transfer-closed")
    assert [(body["instances"], body["final"], body["outcome"]) for body in closed] == [(0, True, "completed")] * 2
    everything = b"".join(path.read_bytes() for path in gateway.folder.rglob("*") if path.is_file())
    for canary in (NAME, "CANARY-88213", uid):
        assert canary.encode() not in everything
    gateway.verify()


def test_the_destination_may_name_the_step(house, ris):
    gateway = house(ris)
    association = associate(gateway)
    status, answer = association.send_n_create(step(), MPPS, None)
    assert status.Status == 0x0000
    assert "1.2.3.99" in ris.steps
    association.release()
    assert len(steps(gateway, 1)) == 1


@pytest.mark.parametrize("status", [0x0110, 0x0111, 0x0213])
def test_the_destinations_status_is_the_modalitys(house, stage, status):
    ris = stage.serve(Ris, status=status)
    gateway = house(ris)
    association = associate(gateway)
    answered, _ = association.send_n_create(step(), MPPS, generate_uid())
    assert answered.Status == status
    answered, _ = association.send_n_set(done(), MPPS, "1.2.3.4")
    assert answered.Status == 0x0112
    association.release()
    assert [body["status"] for body in steps(gateway, 2)] == [status, 0x0112]
    assert [body["outcome"] for body in gateway.bodies("transfer-closed")] == ["failed", "failed"]


def test_who_may_not_is_not_accepted(house, ris):
    gateway = house(ris, may=["echo", "store"])
    association = associate(gateway)
    assert not association.is_established
    assert ris.created == []


def test_what_the_contract_denies_goes_nowhere(house, ris):
    gateway = house(ris, institution=OTHER)
    association = associate(gateway)
    status, _ = association.send_n_create(step(), MPPS, generate_uid())
    assert status.Status == 0x0124
    association.release()
    assert ris.created == []
    assert [body["decision"]["verdict"] for body in gateway.bodies("decision")] == ["deny"]


def test_a_destination_that_is_down(house):
    gateway = house(None)
    association = associate(gateway)
    assert not association.is_established


def test_a_destination_that_dies_in_between(house, ris):
    gateway = house(ris)
    association = associate(gateway)
    assert association.send_n_create(step(), MPPS, generate_uid())[0].Status == 0x0000
    ris.stop()
    status, _ = association.send_n_set(done(), MPPS, "1.2.3.4")
    assert status.Status == 0x0110
    association.release()
    assert [body["status"] for body in steps(gateway, 2)] == [0, 0x0110]


def test_other_operations_are_not_recognised(house, ris):
    gateway = house(ris)
    association = associate(gateway)
    status, _ = association.send_n_get([0x00100010], MPPS, "1.2.3.4")
    assert status.Status == 0x0211
    association.release()
