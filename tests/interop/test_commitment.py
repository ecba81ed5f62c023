"""Storage commitment (PS3.4 Annex J) through the gateway: asked, held, reported, and told to who asked, whatever dies in between."""

import threading
import time

import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import generate_uid
from pynetdicom import AE
from pynetdicom import build_role
from pynetdicom import evt

from rig import pynet
from rig.gateway import Config
from rig.gateway import Peer
from rig.orthanc import Orthanc
from rig.process import free_port
from rig.process import wait_until

COMMIT = "1.2.840.10008.1.20.1"
INSTANCE = "1.2.840.10008.1.20.1.1"
EXPLICIT, IMPLICIT = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2"
CT = "1.2.840.10008.5.1.4.1.1.2"
WITHIN_S = 20


def request(instances, transaction: str | None = None) -> Dataset:
    """An N-ACTION's data set about [(class, instance)]."""
    data = Dataset()
    data.TransactionUID = transaction or generate_uid()
    items = []
    for sop_class, sop_instance in instances:
        item = Dataset()
        item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = sop_class, sop_instance
        items.append(item)
    data.ReferencedSOPSequence = Sequence(items)
    return data


def some(count: int = 2) -> list[tuple[str, str]]:
    return [(CT, generate_uid()) for _ in range(count)]


class Archive(pynet.Destination):
    """Stores, and commits what it is told to: `commit(archive, data)` is called for each N-ACTION."""

    def __init__(self, aet: str, *, gateway=None, syntaxes_of_commitment=(EXPLICIT, IMPLICIT), status: int = 0x0000, same: bool = True, failing=(), silent: bool = False, **options):
        self.asked: list[Dataset] = []
        self.commit_status = status
        self.same = same
        self.failing = set(failing)
        self.silent = silent
        self.gateway = gateway
        self.answers: list[int] = []
        self.syntaxes_of_commitment = list(syntaxes_of_commitment)
        super().__init__(aet, **options)

    def add_contexts(self) -> None:
        self.ae.add_supported_context(COMMIT, self.syntaxes_of_commitment, scu_role=True, scp_role=True)

    def handlers(self) -> list:
        return [*super().handlers(), (evt.EVT_N_ACTION, self._on_action)]

    def _on_action(self, event):
        data = event.action_information
        self.asked.append(data)
        if self.commit_status == 0 and not self.silent:
            report = self.report_on(data)
            target = self._report_same if self.same else self.report_anew
            threading.Thread(target=target, args=(event.assoc, report) if self.same else (report,), daemon=True).start()
        return self.commit_status, None

    def report_on(self, data: Dataset) -> Dataset:
        report = Dataset()
        report.TransactionUID = data.TransactionUID
        report.RetrieveAETitle = self.aet
        good, bad = [], []
        for item in data.ReferencedSOPSequence:
            copy = Dataset()
            copy.ReferencedSOPClassUID = item.ReferencedSOPClassUID
            copy.ReferencedSOPInstanceUID = item.ReferencedSOPInstanceUID
            if item.ReferencedSOPInstanceUID in self.failing:
                copy.FailureReason = 0x0112
                bad.append(copy)
            else:
                good.append(copy)
        if good:
            report.ReferencedSOPSequence = Sequence(good)
        if bad:
            report.FailedSOPSequence = Sequence(bad)
        return report

    def _report_same(self, association, report: Dataset) -> None:
        # After the N-ACTION-RSP, which leaves when the handler has returned.
        time.sleep(0.3)
        event = 2 if "FailedSOPSequence" in report else 1
        status, _ = association.send_n_event_report(report, event, COMMIT, INSTANCE)
        self.answers.append(status.Status if "Status" in status else None)

    def report_anew(self, report: Dataset, port: int | None = None) -> int | None:
        """Reports on an association of its own, as an SCP that requests it."""
        requestor = AE(ae_title=self.aet)
        requestor.add_requested_context(COMMIT, self.syntaxes_of_commitment)
        role = build_role(COMMIT, scu_role=False, scp_role=True)
        association = requestor.associate("127.0.0.1", port or self.gateway.port, ae_title="CREDENCE", ext_neg=[role])
        if not association.is_established:
            self.answers.append(-1)
            return -1
        event = 2 if "FailedSOPSequence" in report else 1
        status, _ = association.send_n_event_report(report, event, COMMIT, INSTANCE)
        association.release()
        answer = status.Status if "Status" in status else None
        self.answers.append(answer)
        return answer


class Modality:
    """Asks, and hears reports: on the association that it asked by, or as a listener."""

    def __init__(self, port: int | None = None, listening: bool = True, syntaxes=(EXPLICIT, IMPLICIT)):
        self.port = port or free_port()
        self.heard: list[tuple[int, Dataset]] = []
        self.by_listener = 0
        self.answer = 0x0000
        self.syntaxes = list(syntaxes)
        self.server = None
        if listening:
            self.listen()

    def listen(self) -> None:
        ae = AE(ae_title="MODALITY")
        ae.add_supported_context(COMMIT, self.syntaxes, scu_role=False, scp_role=True)
        self.server = ae.start_server(("127.0.0.1", self.port), block=False, evt_handlers=[(evt.EVT_N_EVENT_REPORT, self._hear, [True])])

    def _hear(self, event, by_listener: bool = False):
        self.by_listener += by_listener
        self.heard.append((event.request.EventTypeID, event.event_information))
        return self.answer, None

    def associate(self, gateway, syntax: str = EXPLICIT):
        handlers = [(evt.EVT_N_EVENT_REPORT, self._hear)]
        return pynet.associate(gateway.port, [(COMMIT, [syntax])], calling="MODALITY", handlers=handlers)

    def ask(self, gateway, data: Dataset, release: bool = True, **options) -> int:
        association = self.associate(gateway, **options)
        assert association.is_established
        status, _ = association.send_n_action(data, 1, COMMIT, INSTANCE)
        if release:
            association.release()
        self.association = association
        return status.Status

    def wait(self, count: int = 1) -> tuple[int, Dataset]:
        wait_until(lambda: len(self.heard) >= count, timeout_s=WITHIN_S, what="a report")
        return self.heard[-1]

    def stop(self) -> None:
        if self.server is not None:
            self.server.shutdown()
            self.server = None


@pytest.fixture
def house(stage):
    def make(archive, modality=None, delivery: str = "direct", may=("echo", "store", "commit"), **options):
        more = {"purpose": "TREATMENT"}
        port = modality.port if modality else None
        peers = [
            Peer("MODALITY", port=port, may=list(may), more=more),
            Peer("ARCHIVE", port=archive.port, may=["echo"], more={**more, **options.pop("at_archive", {})}),
            Peer("STRANGER", may=["echo"], more=more),
        ]
        routes = [
            (["CREDENCE"], ["storage"], "archive", {"delivery": delivery}),
            (["CREDENCE"], ["storage-commitment"], "archive"),
        ]
        gateway = stage.gateway(Config(peers, routes, **options))
        archive.gateway = gateway
        return gateway

    return make


@pytest.fixture
def modality(stage):
    return stage.keep(Modality())


def acts(gateway) -> list[str]:
    return [body["act"] for body in gateway.bodies("commitment")]


def ends_with(gateway, *expected: str) -> None:
    wait_until(lambda: tuple(acts(gateway)[-len(expected) :]) == expected, timeout_s=WITHIN_S, what=f"entries {expected}, not {acts(gateway)}")


def nowhere(gateway, *uids: str) -> bool:
    files = [path for path in gateway.folder.rglob("*") if path.is_file()]
    return files and not any(uid.encode() in path.read_bytes() for path in files for uid in uids)


@pytest.mark.parametrize("same", [True, False], ids=["same association", "new association"])
@pytest.mark.parametrize("stays", [True, False], ids=["asker stays", "asker goes"])
def test_a_commitment_is_asked_reported_and_told(house, stage, modality, same, stays):
    archive = stage.serve(Archive, "ARCHIVE", same=same)
    gateway = house(archive, modality)
    data = request(some())
    assert modality.ask(gateway, data, release=not stays) == 0x0000
    event, told = modality.wait()
    assert event == 1
    assert told.TransactionUID == data.TransactionUID
    assert told.ReferencedSOPSequence == data.ReferencedSOPSequence
    assert told.RetrieveAETitle == "CREDENCE", "instances are fetched through the gateway"
    assert modality.by_listener == (0 if stays else 1)
    wait_until(lambda: archive.answers, what="the archive's thread")
    assert archive.asked == [data] and archive.answers == [0x0000]
    if stays:
        assert modality.association.is_established
        modality.association.release()
    ends_with(gateway, "asked", "reported", "told")
    bodies = gateway.bodies("commitment")
    assert len({body["transaction"] for body in bodies}) == 1
    assert all((body["instances"], body["failed"], body["asker"], body["destination"]) == (2, 0, "modality", "archive") for body in bodies)
    assert [body["request"]["question"] for body in gateway.bodies("decision")] == [True]
    uids = [item.ReferencedSOPInstanceUID for item in data.ReferencedSOPSequence]
    assert nowhere(gateway, data.TransactionUID, *uids)
    gateway.verify()


@pytest.mark.parametrize("theirs, ours", [(EXPLICIT, IMPLICIT), (IMPLICIT, EXPLICIT)])
def test_either_side_may_speak_another_syntax(house, stage, theirs, ours):
    archive = stage.serve(Archive, "ARCHIVE", syntaxes_of_commitment=[theirs])
    modality = stage.keep(Modality(syntaxes=[ours]))
    gateway = house(archive, modality)
    data = request(some(3))
    assert modality.ask(gateway, data, syntax=ours) == 0x0000
    _, told = modality.wait()
    assert archive.asked[0].ReferencedSOPSequence == data.ReferencedSOPSequence
    assert told.ReferencedSOPSequence == data.ReferencedSOPSequence


def test_what_is_not_committed_is_told_as_it_is(house, stage, modality):
    instances = some(3)
    archive = stage.serve(Archive, "ARCHIVE", failing=[instances[1][1]])
    gateway = house(archive, modality)
    assert modality.ask(gateway, request(instances)) == 0x0000
    event, told = modality.wait()
    assert event == 2
    assert [item.ReferencedSOPInstanceUID for item in told.FailedSOPSequence] == [instances[1][1]]
    assert [item.FailureReason for item in told.FailedSOPSequence] == [0x0112]
    assert len(told.ReferencedSOPSequence) == 2
    ends_with(gateway, "asked", "reported", "told")
    assert gateway.bodies("commitment")[-1]["failed"] == 1


@pytest.mark.parametrize("status", [0x0110, 0x0122, 0x0213])
def test_a_destination_that_refuses_is_heard_at_once(house, stage, modality, status):
    archive = stage.serve(Archive, "ARCHIVE", status=status)
    gateway = house(archive, modality)
    assert modality.ask(gateway, request(some())) == status
    ends_with(gateway, "asked")
    assert modality.heard == []


def test_a_destination_that_is_down_is_a_failure(house, stage, modality):
    archive = stage.serve(Archive, "ARCHIVE")
    gateway = house(archive, modality)
    archive.stop()
    assert modality.ask(gateway, request(some())) == 0x0110
    ends_with(gateway, "asked")


@pytest.mark.parametrize("how", ["kill", "stop"])
def test_a_restart_between_request_and_report(house, stage, modality, how):
    archive = stage.serve(Archive, "ARCHIVE", silent=True)
    gateway = house(archive, modality)
    data = request(some())
    assert modality.ask(gateway, data) == 0x0000
    ends_with(gateway, "asked")
    gateway.kill() if how == "kill" else gateway.stop()
    gateway.start()
    assert archive.report_anew(archive.report_on(data)) == 0x0000
    assert modality.wait()[1].TransactionUID == data.TransactionUID
    ends_with(gateway, "reported", "told")
    assert len(archive.asked) == 1, "it is not asked twice"


def test_an_asker_who_is_gone_is_told_when_it_returns(house, stage):
    modality = stage.keep(Modality(listening=False))
    archive = stage.serve(Archive, "ARCHIVE", same=False)
    gateway = house(archive, modality)
    data = request(some())
    assert modality.ask(gateway, data) == 0x0000
    ends_with(gateway, "asked", "reported")
    gateway.kill()
    gateway.start()
    time.sleep(2)
    modality.listen()
    assert modality.wait()[1].TransactionUID == data.TransactionUID
    ends_with(gateway, "reported", "told")
    assert len(modality.heard) == 1


def test_an_asker_who_never_returns_is_given_up_and_people_are_told(house, stage):
    modality = stage.keep(Modality(listening=False))
    archive = stage.serve(Archive, "ARCHIVE")
    gateway = house(archive, modality, timeouts={"commitment_s": 3})
    assert modality.ask(gateway, request(some())) == 0x0000
    ends_with(gateway, "asked", "reported", "lapsed")
    assert [body["code"] for body in gateway.bodies("alert")] == ["commitment-lapsed"]


def test_nobody_reports_on_what_was_not_asked_of_them(house, stage, modality):
    archive = stage.serve(Archive, "ARCHIVE", silent=True)
    gateway = house(archive, modality)
    data = request(some())
    assert modality.ask(gateway, data) == 0x0000
    other = request(some())
    assert archive.report_anew(archive.report_on(other)) == 0x0110
    archive.aet = "STRANGER"
    assert archive.report_anew(archive.report_on(data)) == -1
    archive.aet = "MODALITY"
    assert archive.report_anew(archive.report_on(data)) == -1
    assert modality.heard == []
    assert acts(gateway) == ["asked"]


def test_what_is_no_request_is_refused(house, stage, modality):
    archive = stage.serve(Archive, "ARCHIVE")
    gateway = house(archive, modality)
    association = modality.associate(gateway)
    good = request(some())

    def status(data, action: int = 1, instance: str = INSTANCE) -> int:
        return association.send_n_action(data, action, COMMIT, instance)[0].Status

    assert status(good, action=2) == 0x0123
    assert status(good, instance="1.2.3") == 0x0112
    nothing = Dataset()
    nothing.TransactionUID = generate_uid()
    assert status(nothing) == 0x0115
    nameless = request(some())
    del nameless.TransactionUID
    assert status(nameless) == 0x0115
    association.release()
    assert archive.asked == [] and acts(gateway) == []


def test_who_may_not_is_not_accepted(house, stage, modality):
    archive = stage.serve(Archive, "ARCHIVE")
    gateway = house(archive, modality, may=["echo", "store"])
    assert not modality.associate(gateway).is_established


def test_no_more_than_the_limit_are_under_way(house, stage, modality):
    archive = stage.serve(Archive, "ARCHIVE", silent=True)
    gateway = house(archive, modality, limits={"commitments_max": 2})
    data = request(some())
    assert modality.ask(gateway, data) == 0x0000
    assert modality.ask(gateway, data) == 0x0000, "the same one asked again is no second one"
    assert modality.ask(gateway, request(some())) == 0x0000
    assert modality.ask(gateway, request(some())) == 0x0213


@pytest.mark.parametrize("restart", [False, True])
def test_what_waits_in_the_spool_is_committed_when_it_has_arrived(house, stage, modality, study, restart):
    archive = stage.serve(Archive, "ARCHIVE")
    port = archive.port
    gateway = house(archive, modality, delivery="spool")
    images = study(3)
    contexts = pynet.contexts_for(images)
    # The gateway learns what the archive takes.
    association = pynet.associate(gateway.port, contexts, calling="MODALITY")
    association.release()
    archive.stop()
    association = pynet.associate(gateway.port, contexts, calling="MODALITY")
    assert [pynet.store_raw(association, image) for image in images] == [0, 0, 0]
    association.release()
    data = request([(image.sop_class, image.sop_instance) for image in images])
    assert modality.ask(gateway, data) == 0x0000, "taken up, to be answered later"
    ends_with(gateway, "held")
    if restart:
        gateway.kill()
        gateway.start()
    time.sleep(2)
    assert modality.heard == [] and archive.asked == []
    back = stage.serve(Archive, "ARCHIVE", port=port)
    back.gateway = gateway
    event, told = modality.wait()
    assert event == 1 and told.TransactionUID == data.TransactionUID
    assert len(back.arrivals) == 3 and len(back.asked) == 1
    ends_with(gateway, "held", "asked", "reported", "told")


def test_a_held_request_that_the_destination_refuses_is_reported_as_failed(house, stage, modality, study):
    archive = stage.serve(Archive, "ARCHIVE")
    port = archive.port
    gateway = house(archive, modality, delivery="spool")
    image = study(1)[0]
    association = pynet.associate(gateway.port, pynet.contexts_for([image]), calling="MODALITY")
    association.release()
    archive.stop()
    association = pynet.associate(gateway.port, pynet.contexts_for([image]), calling="MODALITY")
    assert pynet.store_raw(association, image) == 0
    association.release()
    data = request([(image.sop_class, image.sop_instance)])
    assert modality.ask(gateway, data) == 0x0000
    stage.serve(Archive, "ARCHIVE", port=port, status=0x0110)
    event, told = modality.wait()
    assert event == 2
    assert [item.ReferencedSOPInstanceUID for item in told.FailedSOPSequence] == [image.sop_instance]
    ends_with(gateway, "held", "asked", "told")


def test_orthanc_commits_what_it_has(stage, modality, study):
    more = {"purpose": "TREATMENT"}
    gateway_port = free_port()
    orthanc = stage.start(Orthanc, "ORTHANC", {"credence": ("CREDENCE", gateway_port)})
    peers = [
        Peer("MODALITY", port=modality.port, may=["echo", "store", "commit"], more=more),
        Peer("ORTHANC", port=orthanc.port, may=["echo"], more={**more, "calling_ae": "CREDENCE"}),
    ]
    routes = [(["CREDENCE"], ["storage", "storage-commitment"], "orthanc", {"delivery": "direct"})]
    gateway = stage.gateway(Config(peers, routes), port=gateway_port)
    images = study(2)
    association = pynet.associate(gateway.port, pynet.contexts_for(images), calling="MODALITY")
    assert [pynet.store_raw(association, image) for image in images] == [0, 0]
    association.release()
    missing = generate_uid()
    data = request([(image.sop_class, image.sop_instance) for image in images] + [(CT, missing)])
    assert modality.ask(gateway, data) == 0x0000
    event, told = modality.wait()
    assert event == 2, "one of them it does not have"
    assert {item.ReferencedSOPInstanceUID for item in told.ReferencedSOPSequence} == {image.sop_instance for image in images}
    assert [item.ReferencedSOPInstanceUID for item in told.FailedSOPSequence] == [missing]
    ends_with(gateway, "asked", "reported", "told")


def kept(gateway) -> int:
    """Instances that were delivered and lie in the spool all the same."""
    folder = gateway.folder / "spool" / "queues" / "archive" / "delivered"
    return sum(1 for path in folder.iterdir() if path.name.isdigit()) if folder.exists() else 0


def send(gateway, images) -> None:
    association = pynet.associate(gateway.port, pynet.contexts_for(images), calling="MODALITY")
    assert association.is_established
    assert [pynet.store_raw(association, image) for image in images] == [0] * len(images)
    association.release()


@pytest.mark.parametrize("same", [True, False], ids=["same association", "new association"])
def test_what_was_delivered_is_kept_until_it_is_committed(house, stage, modality, study, same):
    archive = stage.serve(Archive, "ARCHIVE", same=same, silent=True)
    gateway = house(archive, modality, delivery="spool", at_archive={"commit": True})
    images = study(4)
    send(gateway, images)
    wait_until(lambda: len(archive.arrivals) == 4, timeout_s=WITHIN_S, what="delivery")
    wait_until(lambda: archive.asked, timeout_s=WITHIN_S, what="a request of the gateway's own")
    time.sleep(1.5)
    assert kept(gateway) == 4 and len(archive.asked) >= 1
    gateway.kill()
    gateway.start()
    archive.silent = False
    for data in list(archive.asked):
        archive.report_anew(archive.report_on(data))
    wait_until(lambda: kept(gateway) == 0, timeout_s=WITHIN_S, what="an empty spool")
    time.sleep(1)
    assert len(archive.arrivals) == 4, "nothing is sent twice"
    own = gateway.bodies("commitment")
    assert all(body["asker"] is None and body["decision"] is None for body in own)
    assert sum(body["instances"] for body in own if body["act"] == "reported") == 4
    gateway.verify()


def test_what_is_not_committed_is_delivered_again(house, stage, modality, study):
    images = study(3)
    archive = stage.serve(Archive, "ARCHIVE", failing=[images[1].sop_instance])
    gateway = house(archive, modality, delivery="spool", at_archive={"commit": True}, more=[("[spool]", {"tries_refused_max": 2})])
    send(gateway, images)
    again = lambda: [one.sop_instance for one in archive.arrivals].count(images[1].sop_instance)
    wait_until(lambda: again() >= 3, timeout_s=40, what="the missing instance again")
    assert [one.sop_instance for one in archive.arrivals].count(images[0].sop_instance) == 1
    codes = [body["code"] for body in gateway.bodies("alert")]
    assert codes.count("not-committed") == 1
    archive.failing.clear()
    wait_until(lambda: kept(gateway) == 0, timeout_s=40, what="an empty spool")
