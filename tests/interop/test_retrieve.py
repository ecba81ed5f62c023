"""C-MOVE and C-GET through the gateway, from dcmqrscp, Orthanc and a pynetdicom PACS that can be difficult."""

import threading
import time

import pydicom
import pytest

from conftest import hospital_peers
from rig import dcmtk
from rig import images
from rig import pynet
from rig.gateway import Config
from rig.orthanc import Orthanc
from rig.process import free_port
from rig.process import wait_until

STUDY_1 = {"StudyInstanceUID": images.uid(1)}


class Hospital:
    """A PACS of some kind, two workstations of the house, one of another, and the gateway between."""

    def __init__(self, stage, kind: str, retrieve: str, made, *, delay_s=0.0, originator="requestor", statuses=None, **options):
        self.images = made
        self.destinations = {
            aet: stage.serve(pynet.Destination, aet, status=(statuses or {}).get(aet, 0)) for aet in ("WS1", "WS2", "WSB")
        }
        port = free_port()
        hosts = {f"CRED_{aet}": port for aet in self.destinations}
        if kind == "dcmqrscp":
            self.pacs = stage.start(dcmtk.QrScp, "PACS", list(hosts.items()))
            self.pacs.fill([image.path for image in made])
        elif kind == "orthanc":
            known = {aet: (aet, at) for aet, at in hosts.items()}
            self.pacs = stage.start(Orthanc, "PACS", {**known, "gateway": ("CREDENCE", port)})
            self.pacs.fill([image.path for image in made])
        else:
            held = [pydicom.dcmread(image.path) for image in made]
            self.pacs = stage.serve(pynet.Pacs, "PACS", held, hosts, originator=originator, pending_delay_s=delay_s)
        peers = hospital_peers(
            self.pacs.port, {aet: it.port for aet, it in self.destinations.items()}, {"retrieve": retrieve}
        )
        self.gateway = stage.gateway(
            Config(peers, [(["CREDENCE", "CREDENCE_ER"], ["query-retrieve", "storage"], "pacs")], **options), port=port
        )
        self.port = self.gateway.port

    def __getitem__(self, aet: str):
        return self.destinations[aet]


@pytest.fixture
def study_of_six(tmp_path):
    return images.study(tmp_path / "held", 3, series_count=2) + images.study(tmp_path / "held", 2, study=2, patient="P2")


def data_of(found) -> dict[str, bytes]:
    return {arrival.sop_instance: arrival.data for arrival in found}


def elements_of(data: bytes) -> pydicom.Dataset:
    from pydicom.filebase import DicomBytesIO

    implicit = not data[4:6].isalpha()
    return pydicom.filereader.read_dataset(DicomBytesIO(data), implicit, True)


def same_elements(arrivals, made) -> bool:
    """Archives may re-encode lengths and padding, never values."""
    wanted = {image.sop_instance: pydicom.dcmread(image.path) for image in made}
    return {arrival.sop_instance for arrival in arrivals} == set(wanted) and all(
        elements_of(arrival.data).PixelData == wanted[arrival.sop_instance].PixelData
        and elements_of(arrival.data).PatientID == wanted[arrival.sop_instance].PatientID
        for arrival in arrivals
    )


ARCHIVES = [("dcmqrscp", "move"), ("dcmqrscp", "get"), ("orthanc", "move"), ("orthanc", "get"), ("pynetdicom", "move"), ("pynetdicom", "get")]
LEVELS = [
    ("P", "PATIENT", {"PatientID": "P1"}, 6),
    ("P", "STUDY", {"PatientID": "P1", **STUDY_1}, 6),
    ("P", "SERIES", {"PatientID": "P1", **STUDY_1, "SeriesInstanceUID": images.uid(1, 2)}, 3),
    ("P", "IMAGE", {"PatientID": "P1", **STUDY_1, "SeriesInstanceUID": images.uid(1, 2), "SOPInstanceUID": images.uid(1, 2, 3)}, 1),
    ("S", "STUDY", STUDY_1, 6),
    ("S", "SERIES", {**STUDY_1, "SeriesInstanceUID": images.uid(1, 1)}, 3),
    ("S", "IMAGE", {**STUDY_1, "SeriesInstanceUID": images.uid(1, 1), "SOPInstanceUID": images.uid(1, 1, 2)}, 1),
]


@pytest.mark.parametrize("kind, retrieve", ARCHIVES)
def test_a_c_move_brings_every_level_with_true_counts(stage, study_of_six, kind, retrieve):
    hospital = Hospital(stage, kind, retrieve, study_of_six)
    for model, level, keys, count in LEVELS:
        before = len(hospital["WS1"].arrivals)
        answer = pynet.move(hospital.port, "WS1", pynet.identifier(level, **keys), model=model, calling="WS1")
        assert (answer.final, answer.counts()) == (0, (count, 0, 0)), (model, level)
        arrived = hospital["WS1"].arrivals[before:]
        assert len(arrived) == count, (model, level)
        chosen = {arrival.sop_instance for arrival in arrived}
        assert same_elements(arrived, [image for image in study_of_six if image.sop_instance in chosen])
    assert hospital["WS2"].arrivals == [] and hospital["WSB"].arrivals == []


@pytest.mark.parametrize("kind, retrieve", ARCHIVES)
def test_a_c_get_brings_every_level_with_true_counts(stage, study_of_six, kind, retrieve):
    hospital = Hospital(stage, kind, retrieve, study_of_six)
    for model, level, keys, count in LEVELS:
        answer, arrivals = pynet.get(hospital.port, pynet.identifier(level, **keys), [images.CT], model=model, calling="WS1")
        assert (answer.final, answer.counts()) == (0, (count, 0, 0)), (model, level)
        chosen = {arrival.sop_instance for arrival in arrivals}
        assert len(arrivals) == count
        assert same_elements(arrivals, [image for image in study_of_six if image.sop_instance in chosen])


@pytest.mark.parametrize("retrieve", ["move", "get"])
def test_what_the_pacs_sends_arrives_bit_for_bit(stage, study_of_six, retrieve):
    hospital = Hospital(stage, "dcmqrscp", retrieve, study_of_six)
    direct = stage.serve(pynet.Destination, "DIRECT")
    pacs = stage.start(dcmtk.QrScp, "OTHERPACS", [("DIRECT", direct.port)])
    pacs.fill([image.path for image in study_of_six])
    wanted = pynet.identifier("STUDY", **STUDY_1)
    if retrieve == "move":
        pynet.move(pacs.port, "DIRECT", wanted, called="OTHERPACS", calling="DIRECT")
        sent = direct.arrivals
    else:
        # In a C-GET the archive sends what it holds in the syntax that it holds it in.
        sent = pynet.get(pacs.port, wanted, [images.CT], called="OTHERPACS", calling="DIRECT")[1]
    pynet.move(hospital.port, "WS1", pynet.identifier("STUDY", **STUDY_1), calling="WS1")
    directly = {(a.sop_instance, a.syntax): a.data for a in sent}
    through = {(a.sop_instance, a.syntax): a.data for a in hospital["WS1"].arrivals}
    assert len(through) == 6
    assert through == directly


def test_movescu_and_getscu_pull_a_study(stage, study_of_six, tmp_path):
    hospital = Hospital(stage, "dcmqrscp", "move", study_of_six)
    keys = {"QueryRetrieveLevel": "STUDY", **STUDY_1}
    moved = dcmtk.movescu(hospital.port, "WS1", keys, "-S")
    assert moved.returncode == 0, moved.stdout
    assert len(hospital["WS1"].arrivals) == 6
    got = dcmtk.getscu(hospital.port, tmp_path / "got", keys, "-S")
    assert got.returncode == 0, got.stdout
    assert len(list((tmp_path / "got").iterdir())) == 6


def test_orthanc_retrieves_through_the_gateway(stage, study_of_six):
    port = free_port()
    asker = stage.start(Orthanc, "WS9", {"gateway": ("CREDENCE", port)})
    pacs = stage.start(Orthanc, "PACS", {"CRED_WS9": ("CRED_WS9", port), "gateway": ("CREDENCE", port)})
    pacs.fill([image.path for image in study_of_six])
    peers = hospital_peers(pacs.port, {"WS9": asker.port}, {"retrieve": "move"})
    stage.gateway(Config(peers, [(["CREDENCE"], ["query-retrieve", "storage"], "pacs")]), port=port)
    query = asker.post("/modalities/gateway/query", {"Level": "Study", "Query": {"PatientID": "P1"}})
    done = asker.post(f"/queries/{query['ID']}/retrieve", {"TargetAet": "WS9", "Synchronous": True})
    assert done
    assert asker.instance_count() == 6
    moved = asker.post("/modalities/gateway/move", {"Level": "Study", "Resources": [{"StudyInstanceUID": images.uid(2)}], "TargetAet": "WS9", "Synchronous": True})
    assert moved is not None
    assert asker.instance_count() == 8


# Move Originator, and who gets what.


@pytest.mark.parametrize("kind, retrieve, originator", [
    ("dcmqrscp", "move", "requestor"), ("dcmqrscp", "get", "requestor"), ("orthanc", "move", "requestor"),
    ("pynetdicom", "move", "requestor"), ("pynetdicom", "move", "omitted"), ("pynetdicom", "move", "own"),
])
def test_the_destination_sees_the_workstation_as_move_originator(stage, study_of_six, kind, retrieve, originator):
    hospital = Hospital(stage, kind, retrieve, study_of_six, originator=originator)
    answer = pynet.move(hospital.port, "WS2", pynet.identifier("STUDY", **STUDY_1), calling="WS1", message_id=4711)
    assert (answer.final, answer.counts()) == (0, (6, 0, 0))
    assert {(a.originator, a.originator_message_id) for a in hospital["WS2"].arrivals} == {("WS1", 4711)}
    assert hospital["WS1"].arrivals == []


@pytest.mark.parametrize("kind, retrieve, originator", [
    ("dcmqrscp", "move", "requestor"), ("dcmqrscp", "get", "requestor"), ("orthanc", "move", "requestor"),
    ("pynetdicom", "move", "requestor"), ("pynetdicom", "move", "omitted"),
])
def test_two_concurrent_moves_of_one_study_never_cross(stage, tmp_path, kind, retrieve, originator):
    made = images.study(tmp_path / "held", 12)
    hospital = Hospital(stage, kind, retrieve, made, originator=originator, delay_s=0.03)
    answers: dict[str, list] = {"WS1": [], "WS2": []}

    def pull(aet: str, message_id: int) -> None:
        for turn in range(3):
            answers[aet].append(
                pynet.move(hospital.port, aet, pynet.identifier("STUDY", **STUDY_1), calling=aet, message_id=message_id + turn)
            )

    # The same Message IDs on both sides: they belong to their associations.
    threads = [threading.Thread(target=pull, args=(aet, 1)) for aet in answers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    for aet, told in answers.items():
        assert [(answer.final, answer.counts()) for answer in told] == [(0, (12, 0, 0))] * 3, aet
        arrivals = hospital[aet].arrivals
        assert len(arrivals) == 36, aet
        assert {arrival.originator for arrival in arrivals} == {aet}
        assert [sorted(a.sop_instance for a in arrivals).count(image.sop_instance) for image in made] == [3] * 12


def test_images_that_match_no_retrieval_are_refused(stage, study_of_six):
    hospital = Hospital(stage, "pynetdicom", "move", study_of_six)
    association = pynet.associate(hospital.port, [(images.CT, [images.EXPLICIT])], calling="PACS", called="CRED_WS1")
    if association.is_established:
        status = pynet.store_raw(association, study_of_six[0]) if association.accepted_contexts else 0x0124
        assert status == 0x0124 or status >> 12 in (0xA, 0xC)
        association.release()
    assert hospital["WS1"].arrivals == []


def test_only_pacs_may_send_to_a_destinations_stand_in(stage, study_of_six):
    hospital = Hospital(stage, "pynetdicom", "move", study_of_six)
    association = pynet.associate(hospital.port, [(images.CT, [images.EXPLICIT])], calling="MODALITY", called="CRED_WS1")
    if association.is_established:
        status = pynet.store_raw(association, study_of_six[0]) if association.accepted_contexts else 0x0124
        assert status == 0x0124 or status >> 12 in (0xA, 0xC)
        association.release()
    assert hospital["WS1"].arrivals == []


def test_an_unknown_move_destination_is_refused(stage, study_of_six):
    hospital = Hospital(stage, "pynetdicom", "move", study_of_six)
    answer = pynet.move(hospital.port, "NOWHERE", pynet.identifier("STUDY", **STUDY_1), calling="WS1")
    assert answer.final == 0xA801
    assert hospital.pacs.moves == []


def test_a_move_destination_is_never_passed_on_unchanged(stage, study_of_six):
    hospital = Hospital(stage, "pynetdicom", "move", study_of_six)
    pynet.move(hospital.port, "WS1", pynet.identifier("STUDY", **STUDY_1), calling="WS1")
    assert {destination for destination, _, _ in hospital.pacs.moves} == {"CRED_WS1"}


# Counts, warnings, failures, silence, cancel.


@pytest.mark.parametrize("retrieve", ["move", "get"])
def test_what_the_destination_answers_is_counted(stage, study_of_six, retrieve):
    def status(arrival):
        return {".1": 0xB007, ".2": 0xA700}.get(arrival.sop_instance[-2:], 0)

    hospital = Hospital(stage, "pynetdicom", retrieve, study_of_six, statuses={"WS1": status})
    answer = pynet.move(hospital.port, "WS1", pynet.identifier("STUDY", **STUDY_1), calling="WS1")
    assert answer.final == 0xB000
    assert answer.counts() == (2, 2, 2)
    failed = answer.identifiers[-1].FailedSOPInstanceUIDList
    assert sorted(failed) == [images.uid(1, 1, 2), images.uid(1, 2, 2)]


@pytest.mark.parametrize("retrieve", ["move", "get"])
def test_when_everything_fails_the_answer_is_a702_with_the_list(stage, study_of_six, retrieve):
    hospital = Hospital(stage, "pynetdicom", retrieve, study_of_six, statuses={"WS1": 0xA700})
    answer = pynet.move(hospital.port, "WS1", pynet.identifier("STUDY", **STUDY_1), calling="WS1")
    assert (answer.final, answer.counts()) == (0xA702, (0, 6, 0))
    assert len(answer.identifiers[-1].FailedSOPInstanceUIDList) == 6


@pytest.mark.parametrize("retrieve", ["move", "get"])
def test_warnings_alone_end_with_b000_and_no_data_set(stage, study_of_six, retrieve):
    hospital = Hospital(stage, "pynetdicom", retrieve, study_of_six, statuses={"WS1": 0xB000})
    answer = pynet.move(hospital.port, "WS1", pynet.identifier("STUDY", **STUDY_1), calling="WS1")
    assert (answer.final, answer.counts()) == (0xB000, (0, 0, 6))
    assert not answer.identifiers[-1]


def test_nothing_to_move_is_a_success_of_nothing(stage, study_of_six):
    hospital = Hospital(stage, "pynetdicom", "move", study_of_six)
    answer = pynet.move(hospital.port, "WS1", pynet.identifier("STUDY", StudyInstanceUID=images.uid(404)), calling="WS1")
    assert answer.final in (0x0000, 0xA701) or answer.final >> 12 == 0xC
    assert answer.counts() == (0, 0, 0)


@pytest.mark.parametrize("retrieve", ["move", "get"])
def test_a_destination_that_is_down_fails_the_move_in_time(stage, study_of_six, retrieve):
    hospital = Hospital(stage, "pynetdicom", retrieve, study_of_six)
    hospital["WS1"].stop()
    started = time.monotonic()
    answer = pynet.move(hospital.port, "WS1", pynet.identifier("STUDY", **STUDY_1), calling="WS1")
    assert answer.final in (0xA702, 0xA801)
    assert time.monotonic() - started < 8


def test_pending_comes_while_the_pacs_is_silent(stage, tmp_path):
    made = images.study(tmp_path / "held", 2)
    hospital = Hospital(stage, "pynetdicom", "move", made, delay_s=3, timeouts={"pending_interval_s": 1})
    started = time.monotonic()
    association = pynet.associate(hospital.port, [(pynet.MOVE["S"], ["1.2.840.10008.1.2"])], calling="WS1")
    at = [
        (time.monotonic() - started, status.Status)
        for status, _ in association.send_c_move(pynet.identifier("STUDY", **STUDY_1), "WS1", pynet.MOVE["S"])
    ]
    association.release()
    assert at[-1][1] == 0
    assert sum(1 for moment, status in at if moment < 2.8 and status == 0xFF00) >= 2, at


def test_a_move_may_be_cancelled_while_the_pacs_is_still_searching(stage, tmp_path):
    made = images.study(tmp_path / "held", 2)
    hospital = Hospital(stage, "pynetdicom", "move", made, delay_s=3, timeouts={"pending_interval_s": 1})
    association = pynet.associate(hospital.port, [(pynet.MOVE["S"], ["1.2.840.10008.1.2"])], calling="WS1")
    statuses = []
    for status, _ in association.send_c_move(pynet.identifier("STUDY", **STUDY_1), "WS1", pynet.MOVE["S"], msg_id=3):
        statuses.append(status.Status)
        if len(statuses) == 1:
            association.send_c_cancel(3, query_model=pynet.MOVE["S"])
    association.release()
    assert statuses[-1] == 0xFE00
    assert hospital.pacs.moves == []


@pytest.mark.parametrize("retrieve", ["move", "get"])
def test_a_pacs_that_falls_silent_is_given_up(stage, tmp_path, retrieve):
    made = images.study(tmp_path / "held", 3)
    hospital = Hospital(stage, "pynetdicom", retrieve, made, timeouts={"move_silence_s": 2, "pending_interval_s": 1})
    hospital.pacs.pending_delay_s = 0
    hospital.pacs.silent_s = 12
    started = time.monotonic()
    answer = pynet.move(hospital.port, "WS1", pynet.identifier("STUDY", **STUDY_1), calling="WS1")
    assert answer.final in (0xB000, 0xA702)
    assert time.monotonic() - started < 8


@pytest.mark.parametrize("retrieve", ["move", "get"])
def test_a_cancelled_move_stops_the_pacs_and_says_so(stage, tmp_path, retrieve):
    made = images.study(tmp_path / "held", 60)
    hospital = Hospital(stage, "pynetdicom", retrieve, made, delay_s=0.1)
    association = pynet.associate(hospital.port, [(pynet.MOVE["S"], ["1.2.840.10008.1.2"])], calling="WS1")
    answer = pynet.Answer()
    cancelled = False
    for status, identifier in association.send_c_move(pynet.identifier("STUDY", **STUDY_1), "WS1", pynet.MOVE["S"], msg_id=3):
        answer.statuses.append(status.Status)
        answer.responses.append(status)
        answer.identifiers.append(identifier)
        if not cancelled and len(hospital["WS1"].arrivals) >= 2:
            association.send_c_cancel(3, query_model=pynet.MOVE["S"])
            cancelled = True
    association.release()
    assert answer.final == 0xFE00
    completed, failed, warned = answer.counts()
    assert 2 <= completed < 60 and (failed, warned) == (0, 0)
    wait_until(lambda: hospital.pacs.cancelled == 1, 5, "the cancellation at the PACS")
    assert len(hospital["WS1"].arrivals) == completed


def test_a_workstation_that_vanishes_stops_the_pacs(stage, tmp_path):
    made = images.study(tmp_path / "held", 60)
    hospital = Hospital(stage, "pynetdicom", "move", made, delay_s=0.1)
    association = pynet.associate(hospital.port, [(pynet.MOVE["S"], ["1.2.840.10008.1.2"])], calling="WS1")
    for _ in association.send_c_move(pynet.identifier("STUDY", **STUDY_1), "WS1", pynet.MOVE["S"]):
        if len(hospital["WS1"].arrivals) >= 2:
            association.abort()
            break
    time.sleep(2)
    arrived = len(hospital["WS1"].arrivals)
    time.sleep(1.5)
    assert len(hospital["WS1"].arrivals) == arrived < 40
    after = pynet.move(hospital.port, "WS2", pynet.identifier("IMAGE", **STUDY_1, SeriesInstanceUID=images.uid(1, 1), SOPInstanceUID=images.uid(1, 1, 1)), calling="WS2")
    assert (after.final, after.counts()) == (0, (1, 0, 0))


def test_a_destination_killed_in_the_middle_is_counted_as_failures(stage, tmp_path):
    made = images.study(tmp_path / "held", 20)
    hospital = Hospital(stage, "pynetdicom", "move", made, delay_s=0.05)
    scp_gone = threading.Event()

    def watch():
        wait_until(lambda: len(hospital["WS1"].arrivals) >= 3, 20)
        hospital["WS1"].stop()
        hospital["WS1"].drop_associations()
        scp_gone.set()

    threading.Thread(target=watch, daemon=True).start()
    answer = pynet.move(hospital.port, "WS1", pynet.identifier("STUDY", **STUDY_1), calling="WS1", timeout_s=60)
    assert scp_gone.is_set()
    completed, failed, warned = answer.counts()
    assert answer.final in (0xB000, 0xA702)
    assert completed + failed + warned == 20
    assert completed <= len(hospital["WS1"].arrivals) and failed >= 1


def test_a_pacs_that_dies_in_the_middle_is_no_success(stage, tmp_path):
    made = images.study(tmp_path / "held", 30)
    hospital = Hospital(stage, "dcmqrscp", "move", made)
    threading.Timer(0.3, hospital.pacs.kill).start()
    answer = None
    for _ in range(30):
        association = pynet.associate(hospital.port, [(pynet.MOVE["S"], ["1.2.840.10008.1.2"])], calling="WS1")
        if not association.is_established:
            break
        answer = pynet.gathered(association.send_c_move(pynet.identifier("STUDY", **STUDY_1), "WS1", pynet.MOVE["S"]))
        association.release()
        if answer.final != 0:
            break
    assert answer is None or answer.final != 0
    assert not hospital.pacs.alive()


def test_two_kinds_of_images_are_moved_with_one_request(stage, tmp_path):
    made = images.study(tmp_path / "held", 2, study=5) + images.study(tmp_path / "mr", 2, study=5, series_count=3, sop_class=images.MR)[4:]
    hospital = Hospital(stage, "dcmqrscp", "get", made)
    answer = pynet.move(hospital.port, "WS1", pynet.identifier("STUDY", StudyInstanceUID=images.uid(5)), calling="WS1")
    assert (answer.final, answer.counts()) == (0, (4, 0, 0))
    assert {arrival.sop_class for arrival in hospital["WS1"].arrivals} == {images.CT, images.MR}
