"""C-FIND through the gateway: Patient Root, Study Root and Modality Worklist."""

import time

import pytest
from pydicom.dataset import Dataset

from conftest import hospital_peers
from rig import dcmtk
from rig import images
from rig import pynet
from rig.gateway import Config
from rig.gateway import OTHER
from rig.gateway import Peer
from rig.orthanc import Orthanc
from rig.process import free_port
from rig.process import wait_until

CYRILLIC = "Люкceмбypг"
MUELLER = "M\u00fcller^J\u00f6rg"


@pytest.fixture
def archive(stage, tmp_path):
    """A dcmqrscp with three patients, and the gateway in front of it."""
    pacs = stage.start(dcmtk.QrScp, "PACS")
    made = [
        image
        for number in range(1, 4)
        for image in images.study(tmp_path / "archive", 2, series_count=2, study=number, patient=f"P{number}")
    ]
    pacs.fill([image.path for image in made])
    return pacs


def front(stage, pacs_port: int, classes=("query-retrieve", "worklist", "storage"), **options):
    peers = hospital_peers(pacs_port, {"WS1": 1, "WSB": 1}, {"retrieve": "move"})
    return stage.gateway(Config(peers, [(["CREDENCE", "CREDENCE_ER"], list(classes), "pacs")], **options))


LEVELS = [
    ("P", "PATIENT", {"PatientID": ""}, 3),
    ("P", "STUDY", {"PatientID": "P1", "StudyInstanceUID": ""}, 1),
    ("P", "SERIES", {"PatientID": "P1", "StudyInstanceUID": images.uid(1), "SeriesInstanceUID": ""}, 2),
    ("S", "STUDY", {"StudyInstanceUID": "", "PatientID": ""}, 3),
    ("S", "STUDY", {"StudyInstanceUID": "", "PatientID": "P2"}, 1),
    ("S", "SERIES", {"StudyInstanceUID": images.uid(1), "SeriesInstanceUID": ""}, 2),
    ("S", "IMAGE", {"StudyInstanceUID": images.uid(1), "SeriesInstanceUID": images.uid(1, 1), "SOPInstanceUID": ""}, 2),
    ("S", "STUDY", {"StudyInstanceUID": "", "PatientID": "NOBODY"}, 0),
]


@pytest.mark.parametrize("model, level, keys, count", LEVELS)
def test_a_query_finds_through_the_gateway_what_it_finds_directly(stage, archive, model, level, keys, count):
    gateway = front(stage, archive.port)
    wanted = pynet.identifier(level, **keys)
    directly = pynet.find(archive.port, wanted, model=model, called="PACS", calling="WS1")
    through = pynet.find(gateway.port, wanted, model=model, calling="WS1")
    assert (through.final, len(through.matches())) == (0, count)
    for ours, theirs in zip(through.matches(), directly.matches()):
        assert ours.RetrieveAETitle == "CREDENCE"
        theirs.RetrieveAETitle = "CREDENCE"
        assert ours == theirs


def test_findscu_sees_the_gateway_as_the_place_to_retrieve_from(stage, archive):
    gateway = front(stage, archive.port)
    done = dcmtk.findscu(gateway.port, {"QueryRetrieveLevel": "STUDY", "StudyInstanceUID": "", "PatientName": ""}, "-S")
    assert done.returncode == 0, done.stdout
    assert done.stdout.count("RetrieveAETitle") == 3
    assert "[CREDENCE]" in done.stdout and "[PACS" not in done.stdout


def test_orthanc_queries_through_the_gateway(stage, archive):
    gateway = front(stage, archive.port)
    asker = stage.start(Orthanc, "WS1", {"gateway": ("CREDENCE", gateway.port)})
    query = asker.post("/modalities/gateway/query", {"Level": "Study", "Query": {"PatientID": ""}})
    assert len(asker.get(f"/queries/{query['ID']}/answers")) == 3


def test_orthanc_is_queried_through_the_gateway(stage, study):
    pacs = stage.start(Orthanc, "PACS", {"cred": ("CREDENCE", 1)})
    pacs.fill([image.path for number in range(1, 4) for image in study(2, study=number, patient=f"P{number}")])
    gateway = front(stage, pacs.port)
    answer = pynet.find(gateway.port, pynet.identifier("STUDY", PatientID="", StudyInstanceUID=""), calling="WS1")
    assert (answer.final, len(answer.matches())) == (0, 3)
    assert {match.RetrieveAETitle for match in answer.matches()} == {"CREDENCE"}


def test_the_character_set_of_each_answer_is_left_alone(stage):
    held = [
        images.data_set(study=1, patient="P1", name=MUELLER, charset="ISO_IR 100"),
        images.data_set(study=2, patient="P2", name=CYRILLIC, charset="ISO_IR 144"),
        images.data_set(study=3, patient="P3", name=MUELLER, charset="ISO_IR 192"),
    ]
    pacs = stage.serve(pynet.Pacs, "PACS", held, {})
    gateway = front(stage, pacs.port)
    wanted = pynet.identifier("STUDY", StudyInstanceUID="", PatientID="", PatientName="")
    answer = pynet.find(gateway.port, wanted, calling="WS1")
    assert [(match.SpecificCharacterSet, str(match.PatientName)) for match in answer.matches()] == [
        (image.SpecificCharacterSet, str(image.PatientName)) for image in held
    ]


def test_both_kinds_of_pending_are_kept(stage):
    held = [images.data_set(study=number, patient=f"P{number}") for number in range(1, 4)]
    pacs = stage.serve(pynet.Pacs, "PACS", held, {}, find_statuses={images.uid(2): 0xFF01})
    gateway = front(stage, pacs.port)
    answer = pynet.find(gateway.port, pynet.identifier("STUDY", StudyInstanceUID="", PatientID=""), calling="WS1")
    assert answer.statuses == [0xFF00, 0xFF01, 0xFF00, 0x0000]


def test_a_c_cancel_reaches_the_pacs_and_ends_the_query(stage):
    held = [images.data_set(study=number, patient=f"P{number}") for number in range(1, 101)]
    pacs = stage.serve(pynet.Pacs, "PACS", held, {}, pending_delay_s=0.05)
    gateway = front(stage, pacs.port)
    association = pynet.associate(gateway.port, [(pynet.FIND["S"], ["1.2.840.10008.1.2"])], calling="WS1")
    statuses = []
    wanted = pynet.identifier("STUDY", StudyInstanceUID="", PatientID="")
    for status, _ in association.send_c_find(wanted, pynet.FIND["S"], msg_id=11):
        statuses.append(status.Status)
        if len(statuses) == 3:
            association.send_c_cancel(11, query_model=pynet.FIND["S"])
    association.release()
    assert statuses[-1] == 0xFE00
    assert len(statuses) < 60
    assert pacs.cancelled == 1


def test_more_matches_than_the_cap_end_with_out_of_resources(stage):
    held = [images.data_set(study=number, patient=f"P{number}") for number in range(1, 31)]
    pacs = stage.serve(pynet.Pacs, "PACS", held, {})
    gateway = front(stage, pacs.port, limits={"matches_max": 10})
    answer = pynet.find(gateway.port, pynet.identifier("STUDY", StudyInstanceUID="", PatientID=""), calling="WS1")
    assert answer.final == 0xA700
    assert len(answer.matches()) == 10


def test_a_pacs_that_is_down_is_an_answer_in_time(stage, ports):
    gateway = front(stage, free_port())
    started = time.monotonic()
    association = pynet.associate(gateway.port, [(pynet.FIND["S"], ["1.2.840.10008.1.2"])], calling="WS1")
    if association.is_established:
        answer = pynet.gathered(association.send_c_find(pynet.identifier("STUDY", StudyInstanceUID=""), pynet.FIND["S"]))
        assert answer.final == 0xA700 or answer.final >> 12 == 0xC
        association.release()
    else:
        assert pynet.rejection(association)[0] == 2
    assert time.monotonic() - started < 6


# Worklists.


def worklist_item(number: int, patient: str, name: str, charset="ISO_IR 100"):
    item = images.data_set(patient=patient, name=name, study=number, charset=charset)
    for keyword in ("PixelData", "Rows", "Columns", "SOPClassUID", "SOPInstanceUID", "SeriesInstanceUID", "Modality"):
        delattr(item, keyword)
    step = Dataset()
    step.Modality = "CT"
    step.ScheduledStationAETitle = "MODALITY"
    step.ScheduledProcedureStepStartDate = "20240229"
    step.ScheduledProcedureStepStartTime = "120000"
    step.ScheduledPerformingPhysicianName = ""
    step.ScheduledProcedureStepDescription = "Invented"
    step.ScheduledProcedureStepID = f"S{number}"
    item.ScheduledProcedureStepSequence = [step]
    item.RequestedProcedureID = f"R{number}"
    item.RequestedProcedureDescription = "Invented"
    item.file_meta = None
    return item


@pytest.fixture
def worklist(stage):
    scp = stage.start(dcmtk.WorklistScp, "WORKLIST")
    for number, (patient, name) in enumerate([("P1", MUELLER), ("P2", "Zwei^Invented"), ("P3", "Drei^Invented")], 1):
        item = worklist_item(number, patient, name)
        item.SOPClassUID, item.SOPInstanceUID = pynet.FIND["W"], images.uid(77, number)
        del item.file_meta
        written = images.write(scp.items, item, name=f"{number}.wl")
        assert written.path.exists()
    return scp


def worklist_query(**keys):
    step = Dataset()
    for keyword in ("Modality", "ScheduledStationAETitle", "ScheduledProcedureStepStartDate", "ScheduledProcedureStepID"):
        setattr(step, keyword, "")
    made = Dataset()
    made.PatientName = keys.get("PatientName", "")
    made.PatientID = keys.get("PatientID", "")
    made.StudyInstanceUID = ""
    made.AccessionNumber = ""
    made.RequestedProcedureID = ""
    made.ScheduledProcedureStepSequence = [step]
    return made


def worklist_front(stage, scp):
    peers = [
        Peer("MODALITY", may=["echo", "store", "worklist"]),
        Peer("GUEST", may=["echo", "worklist"], institution=OTHER),
        Peer("WORKLIST", port=scp.port),
    ]
    return stage.gateway(Config(peers, [(["CREDENCE"], ["worklist"], "worklist")]))


def test_a_worklist_passes_as_it_is(stage, worklist):
    gateway = worklist_front(stage, worklist)
    directly = pynet.find(worklist.port, worklist_query(), model="W", called="WORKLIST", calling="MODALITY")
    through = pynet.find(gateway.port, worklist_query(), model="W", calling="MODALITY")
    assert len(directly.matches()) == 3, directly.statuses
    assert through.statuses == directly.statuses
    assert sorted(map(str, through.matches())) == sorted(map(str, directly.matches()))
    assert MUELLER in {str(match.PatientName) for match in through.matches()}


def test_findscu_reads_the_worklist(stage, worklist):
    gateway = worklist_front(stage, worklist)
    done = dcmtk.findscu(gateway.port, {"PatientID": "P2", "PatientName": ""}, "-W", calling="MODALITY")
    assert done.returncode == 0, done.stdout
    assert "Zwei^Invented" in done.stdout


def test_another_institution_sees_no_worklist_items_without_a_consent(stage, worklist):
    gateway = worklist_front(stage, worklist)
    answer = pynet.find(gateway.port, worklist_query(), model="W", calling="GUEST")
    assert answer.matches() == []


def test_a_worklist_is_audited(stage, worklist):
    gateway = worklist_front(stage, worklist)
    through = pynet.find(gateway.port, worklist_query(), model="W", calling="MODALITY")
    assert len(through.matches()) == 3
    wait_until(lambda: gateway.bodies("query"), what="an entry about the query")
    decisions, queries = gateway.bodies("decision"), gateway.bodies("query")
    assert [(body["request"]["verb"], body["request"]["question"], body["request"]["requester_ae"]) for body in decisions] == [("query", True, "MODALITY")]
    assert [(body["matches"], body["withheld"], body["status"]) for body in queries] == [(3, 0, 0)]
    pynet.find(gateway.port, worklist_query(), model="W", calling="GUEST")
    wait_until(lambda: len(gateway.bodies("query")) == 2, what="another")
    assert [(body["matches"], body["withheld"]) for body in gateway.bodies("query")[1:]] == [(0, 3)]
    everything = b"".join(path.read_bytes() for path in gateway.folder.rglob("*") if path.is_file())
    assert MUELLER.encode() not in everything and b"Zwei^Invented" not in everything
    gateway.verify()
