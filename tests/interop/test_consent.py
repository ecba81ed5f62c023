"""What the contract refuses, what a consent opens, and what its revocation closes again."""

import json
import threading
import time

import pydicom
import pytest

from conftest import hospital_peers
from rig import dcmtk
from rig import images
from rig import pynet
from rig.gateway import Config
from rig.gateway import OTHER
from rig.gateway import OWN
from rig.gateway import Peer
from rig.process import free_port

STUDY_1 = {"StudyInstanceUID": images.uid(1)}


class House:
    """A PACS with two patients, a workstation of the house (WS1), one of St. Berta (WSB)."""

    def __init__(self, stage, folder, retrieve="move"):
        self.images = images.study(folder / "held", 3) + images.study(folder / "held", 2, study=2, patient="P2")
        self.destinations = {aet: stage.serve(pynet.Destination, aet) for aet in ("WS1", "WSB")}
        port = free_port()
        hosts = {f"CRED_{aet}": port for aet in self.destinations}
        self.pacs = stage.serve(pynet.Pacs, "PACS", [pydicom.dcmread(image.path) for image in self.images], hosts)
        peers = hospital_peers(self.pacs.port, {aet: it.port for aet, it in self.destinations.items()}, {"retrieve": retrieve})
        self.gateway = stage.gateway(
            Config(peers, [(["CREDENCE", "CREDENCE_ER"], ["query-retrieve", "storage"], "pacs")]), port=port
        )

    def move(self, study: int = 1, calling: str = "WSB", called: str = "CREDENCE"):
        wanted = pynet.identifier("STUDY", StudyInstanceUID=images.uid(study))
        return pynet.move(self.gateway.port, calling, wanted, calling=calling, called=called)

    def get(self, study: int = 1):
        wanted = pynet.identifier("STUDY", StudyInstanceUID=images.uid(study))
        return pynet.get(self.gateway.port, wanted, [images.CT], calling="WSB")[0]


@pytest.fixture(params=["move", "get"])
def house(stage, tmp_path, request):
    return House(stage, tmp_path, request.param)


def test_another_institution_is_refused_then_permitted_by_a_consent_then_refused_again(house):
    received = house.destinations["WSB"].arrivals
    assert house.move().final == 0x0124
    assert received == []
    granted = house.gateway.grant("P1")
    answer = house.move()
    assert (answer.final, answer.counts()) == (0, (3, 0, 0))
    assert len(received) == 3
    assert house.move(study=2).final == 0x0124
    house.gateway.revoke(consent_id(granted))
    assert house.move().final == 0x0124
    assert len(received) == 3


def consent_id(granted: dict):
    for key in ("consent", "id", "seq", "entry"):
        if key in granted:
            return granted[key]
    raise AssertionError(f"no id in {granted}")


def test_a_c_get_is_judged_like_a_c_move(house):
    assert house.get().final == 0x0124
    house.gateway.grant("P1")
    answer = house.get()
    assert (answer.final, answer.counts()) == (0, (3, 0, 0))


def test_nothing_is_asked_of_the_pacs_for_what_is_refused(house):
    assert house.move().final == 0x0124
    assert house.pacs.moves == [] and house.pacs.gets == []


def test_the_own_institution_needs_no_consent(house):
    answer = house.move(calling="WS1")
    assert (answer.final, answer.counts()) == (0, (3, 0, 0))


def test_an_emergency_needs_no_consent_and_raises_an_alert(house):
    answer = house.move(called="CREDENCE_ER")
    assert (answer.final, answer.counts()) == (0, (3, 0, 0))
    assert house.gateway.bodies("alert")


def test_a_move_on_behalf_of_another_institution_is_judged_by_where_the_images_go(house):
    wanted = pynet.identifier("STUDY", **STUDY_1)
    assert pynet.move(house.gateway.port, "WSB", wanted, calling="WS1").final == 0x0124
    assert house.destinations["WSB"].arrivals == []


def test_a_patient_of_several_studies_is_judged_study_by_study(stage, tmp_path):
    house = House(stage, tmp_path)
    house.gateway.grant("P1")
    wanted = pynet.identifier("STUDY", StudyInstanceUID=[images.uid(1), images.uid(2)])
    answer = pynet.move(house.gateway.port, "WSB", wanted, calling="WSB")
    assert answer.final == 0xB000
    assert answer.counts() == (3, 2, 0)
    failed = sorted(answer.identifiers[-1].FailedSOPInstanceUIDList)
    assert failed == [images.uid(2, 1, 1), images.uid(2, 1, 2)]
    assert {a.sop_instance for a in house.destinations["WSB"].arrivals} == {images.uid(1, 1, n) for n in (1, 2, 3)}


def test_what_another_institution_may_not_know_of_does_not_appear(house):
    query = pynet.identifier("STUDY", StudyInstanceUID="", PatientID="")
    assert pynet.find(house.gateway.port, query, calling="WSB").matches() == []
    house.gateway.grant("P1")
    answer = pynet.find(house.gateway.port, query, calling="WSB")
    assert (answer.final, [match.PatientID for match in answer.matches()]) == (0, ["P1"])
    assert len(pynet.find(house.gateway.port, query, calling="WS1").matches()) == 2


@pytest.mark.parametrize("model", ["P", "S"])
@pytest.mark.parametrize("level", ["STUDY", "SERIES", "IMAGE"])
def test_below_the_patient_the_archive_says_whose_a_match_is(house, level, model):
    keys = {"StudyInstanceUID": images.uid(1), "SeriesInstanceUID": "", "SOPInstanceUID": ""}
    if level == "IMAGE":
        keys["SeriesInstanceUID"] = images.uid(1, 1)
    # Naming a patient who agreed must not open the study of one who did not.
    of_another = {"StudyInstanceUID": images.uid(2), "SeriesInstanceUID": images.uid(2, 1) if level == "IMAGE" else ""}
    lie = pynet.identifier(level, PatientID="P1", **{**keys, **of_another})
    query = pynet.identifier(level, PatientID="P1", **keys)
    count = {"STUDY": 1, "SERIES": 1, "IMAGE": 3}[level]
    assert pynet.find(house.gateway.port, query, model=model, calling="WSB").matches() == []
    house.gateway.grant("P1")
    answer = pynet.find(house.gateway.port, query, model=model, calling="WSB")
    assert (answer.final, len(answer.matches())) == (0, count)
    if (level, model) == ("STUDY", "S"):
        # Here the Patient ID is a key to match by; an archive that only repeats it is beyond help.
        return
    house.pacs.echoes_patient = True
    assert pynet.find(house.gateway.port, lie, model=model, calling="WSB").matches() == []


def test_a_consent_for_another_purpose_does_not_count(house):
    house.gateway.grant("P1", purposes=["RESEARCH"])
    assert house.move().final == 0x0124


def test_a_consent_counts_from_its_first_day_to_its_last(stage, tmp_path):
    house = House(stage, tmp_path)
    house.gateway.grant("P1", more=["--until", day(-1)])
    house.gateway.grant("P1", more=["--from", day(2)])
    assert house.move().final == 0x0124
    house.gateway.grant("P1", more=["--from", day(-1), "--until", day(1)])
    assert house.move().final == 0


def day(days_from_now: int) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(time.time() + days_from_now * 86400))


def test_a_c_store_from_another_institution_needs_a_consent(stage, study):
    dest = stage.serve(pynet.Destination, "DEST")
    gateway = stage.store_gateway(dest.port, peers=[Peer("CLINIC", institution=OTHER, may=["echo", "store"])])
    sent = study(2)
    assert pynet.store_all(gateway.port, sent, calling="CLINIC") == [0x0124, 0x0124]
    assert dest.arrivals == []
    gateway.grant("P1", to=OWN)
    assert pynet.store_all(gateway.port, sent, calling="CLINIC") == [0, 0]
    assert [arrival.data for arrival in dest.arrivals] == [image.data_set() for image in sent]


def test_a_revocation_takes_effect_on_the_next_instance_of_an_open_association(stage, study):
    dest = stage.serve(pynet.Destination, "DEST")
    gateway = stage.store_gateway(dest.port, peers=[Peer("CLINIC", institution=OTHER, may=["echo", "store"])])
    first, second, third = study(3)
    granted = gateway.grant("P1", to=OWN)
    association = pynet.associate(gateway.port, pynet.contexts_for([first]), calling="CLINIC")
    assert pynet.store_raw(association, first) == 0
    gateway.revoke(consent_id(granted))
    assert pynet.store_raw(association, second) == 0x0124
    gateway.grant("P1", to=OWN)
    assert pynet.store_raw(association, third) == 0
    association.release()
    assert dest.instances() == [first.sop_instance, third.sop_instance]


def test_a_revocation_in_the_middle_of_a_move_stops_what_has_not_begun(stage, tmp_path):
    house = House(stage, tmp_path)
    house.pacs.pending_delay_s = 0.5
    granted = house.gateway.grant("P1")
    received = house.destinations["WSB"]

    def revoke():
        received.wait_for(1)
        house.gateway.revoke(consent_id(granted))

    thread = threading.Thread(target=revoke)
    thread.start()
    answer = house.move()
    thread.join()
    assert answer.final in (0xB000, 0xA702)
    completed, failed, _ = answer.counts()
    assert (completed + failed, completed) == (3, len(received.arrivals))
    assert completed < 3


def test_another_patient_under_the_same_study_uid_is_another_question(stage, tmp_path):
    dest = stage.serve(pynet.Destination, "DEST")
    gateway = stage.store_gateway(dest.port, peers=[Peer("CLINIC", institution=OTHER, may=["echo", "store"])])
    gateway.grant("P1", to=OWN)
    mine = images.write(tmp_path, images.data_set(number=1))
    other = images.write(tmp_path, images.data_set(number=2, patient="P2"))
    assert pynet.store_all(gateway.port, [mine, other, mine], calling="CLINIC") == [0, 0x0124, 0]
    assert dest.instances() == [mine.sop_instance] * 2


def test_observing_forwards_everything_and_records_what_would_have_been(stage, study):
    dest = stage.serve(pynet.Destination, "DEST")
    peers = [Peer("CLINIC", institution=OTHER, may=["echo", "store"]), Peer("DEST", port=dest.port)]
    gateway = stage.gateway(Config(peers, [(["CREDENCE"], ["storage"], "dest")], gateway={"mode": "observe"}))
    assert pynet.store_all(gateway.port, study(2), calling="CLINIC") == [0, 0]
    assert len(dest.arrivals) == 2
    verdicts = [body["decision"]["verdict"] for body in gateway.bodies("decision")]
    assert verdicts and {verdict.lower() for verdict in verdicts} == {"deny"}


def test_storescu_is_told_of_the_refusal(stage, study):
    scp = stage.start(dcmtk.StoreScp, "DEST")
    gateway = stage.store_gateway(scp.port, peers=[Peer("CLINIC", institution=OTHER, may=["echo", "store"])])
    done = dcmtk.storescu(gateway.port, [study(1)[0].path], calling="CLINIC")
    assert done.returncode != 0
    assert "Unknown Status: 0x124" in done.stdout
    assert scp.files() == []


def test_fhir_consents_are_imported_into_a_running_gateway(stage, tmp_path):
    house = House(stage, tmp_path)
    role = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "code": "IRCP"}]}
    recipient = {"role": role, "reference": {"reference": "Organization/st-berta"}}
    purpose = [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "TREAT"}]
    directive = fhir_consent("P1", {"type": "permit", "purpose": purpose, "actor": [recipient]})
    file = tmp_path / "consent.json"
    file.write_text(json.dumps(directive))
    text = house.gateway.file.read_text()
    for name in ("Anna", "Berta"):
        line = f'name = "St. {name} Hospital"\n'
        text = text.replace(line, f'{line}fhir = ["Organization/st-{name.lower()}"]\n')
    house.gateway.file.write_text(text + '\n[fhir]\npolicies = ["urn:policy"]\n[[issuer]]\nsystem = "urn:oid:2.999.1"\n')
    assert house.move().final == 0x0124
    done = house.gateway.command("consent", "import", "--config", house.gateway.file, file, "--json")
    recorded = json.loads(done.stdout)["files"][0]["consents"]
    assert [one["effect"] for one in recorded] == ["grant"]
    assert house.move().final == 0
    house.gateway.command("consent", "deny", "--config", house.gateway.file, "--patient", "P1")
    assert house.move().final == 0x0124


def fhir_consent(patient: str, provision: dict) -> dict:
    scope = {"system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "patient-privacy"}
    return {
        "resourceType": "Consent",
        "status": "active",
        "scope": {"coding": [scope]},
        "category": [{"coding": [{"system": "http://loinc.org", "code": "59284-0"}]}],
        "patient": {"identifier": {"system": "urn:oid:2.999.1", "value": patient}},
        "organization": [{"reference": "Organization/st-anna"}],
        "policy": [{"uri": "urn:policy"}],
        "provision": provision,
    }
