"""Every service through both gateways, with real workstations and real archives, in both directions."""

import json
import threading
import time

import pydicom
from pynetdicom import build_role
from pynetdicom import evt

from hospitals.houses import Hospital
from hospitals.houses import Hospitals
from hospitals.houses import house_peer
from hospitals.parts import assert_whole
from hospitals.receipts import Receipts
from rig import dcmtk
from rig import images
from rig import pynet
from rig.orthanc import Orthanc
from rig.process import wait_until

IMPLICIT = ["1.2.840.10008.1.2"]
SERIES, IN_SERIES = 2, 6
COUNT = SERIES * IN_SERIES
ALL_CAME = {"Completed": COUNT, "Failed": 0, "Warning": 0}
# What the patient agreed to, and what nobody did.
SHOWN, HIDDEN, SENT = 1, 2, 3
AGREED, SILENT = "P1", "P2"
# A user, and what proves it to the gateway of the own hospital.
USER, PASSCODE = "weber", "correct horse 77190"
BY_PASSCODE = 2


def level(study: int, name: str = "STUDY", **more) -> dict:
    return {"QueryRetrieveLevel": name, "StudyInstanceUID": images.uid(study), **more}


def identifier(study: int):
    return pynet.identifier("STUDY", StudyInstanceUID=images.uid(study))


class Direction:
    """The workstations of one hospital, and the archive of the other."""

    def __init__(self, hospitals: Hospitals, custodian: Hospital, archive: str, retrieve: str):
        self.hospitals, self.custodian = hospitals, custodian
        self.asker = hospitals.other(custodian)
        self.called = self.asker.titles.other
        folder = hospitals.folder / "images"
        self.study = images.study(folder, IN_SERIES, series_count=SERIES, study=SHOWN, patient=AGREED, pixel_bytes=20_000)
        self.others = images.study(folder, 3, study=HIDDEN, patient=SILENT)
        held = [image.path for image in [*self.study, *self.others]]
        if archive == "orthanc":
            self.archive = hospitals.serve(
                custodian, Orthanc, custodian.folder, "PACS", {"gateway": (custodian.titles.own, custodian.port)}
            )
            with custodian.site:
                self.archive.fill(held)
        else:
            self.archive = hospitals.archive(custodian, held, [(custodian.titles.own, custodian.port)])
        asker = self.asker
        self.scp = hospitals.serve(asker, dcmtk.StoreScp, asker.folder, "WS1", again=True)
        self.watched = hospitals.serve(asker, pynet.Destination, "WS2")
        self.orthanc = hospitals.serve(asker, Orthanc, asker.folder, "WS3", {"other": (self.called, asker.port)})
        workstations = [house_peer(one.aet, asker.slug, one.port) for one in (self.scp, self.watched, self.orthanc)]
        pacs = ([house_peer("PACS", custodian.slug, self.archive.port, retrieve=retrieve)], "pacs")
        asker.users = {USER: PASSCODE}
        sides = {custodian: pacs, asker: (workstations,)}
        hospitals.configure(sides[hospitals.anna], sides[hospitals.lakeside])
        hospitals.grant(AGREED, custodian)

    @property
    def port(self) -> int:
        return self.asker.port

    def held(self) -> int:
        """Instances in the archive."""
        if isinstance(self.archive, Orthanc):
            with self.custodian.site:
                return self.archive.instance_count()
        return sum(1 for path in self.archive.storage.iterdir() if path.name != "index.dat")

    # One check each.

    def echo(self) -> None:
        done = dcmtk.echoscu(self.port, calling="WS1", called=self.called)
        assert done.returncode == 0, done.stdout
        association = pynet.associate(self.port, [(pynet.VERIFICATION, IMPLICIT)], calling="WS2", called=self.called)
        assert association.send_c_echo().Status == 0
        association.release()

    def find(self) -> None:
        expected = {"STUDY": 1, "SERIES": SERIES, "IMAGE": COUNT}
        for name, count in expected.items():
            unique = {"STUDY": {}, "SERIES": {"SeriesInstanceUID": ""}, "IMAGE": {"SOPInstanceUID": ""}}[name]
            if name == "IMAGE":
                found = 0
                for series in range(1, SERIES + 1):
                    found += self.found(level(SHOWN, name, SeriesInstanceUID=images.uid(SHOWN, series), **unique))
            else:
                found = self.found(level(SHOWN, name, **unique))
            assert found == count, f"{found} matches at {name}, not {count}"
        assert self.found({"QueryRetrieveLevel": "STUDY", "PatientID": AGREED, "StudyInstanceUID": ""}) == 1
        answer = pynet.find(self.port, pynet.identifier("STUDY", PatientID=AGREED, StudyInstanceUID=""), model="P", calling="WS2", called=self.called)
        assert answer.final == 0 and len(answer.matches()) == 1
        assert answer.matches()[0].RetrieveAETitle == self.called

    def found(self, keys: dict, called: str | None = None) -> int:
        done = dcmtk.findscu(self.port, keys, "-S", called=called or self.called)
        assert done.returncode == 0 and "Final Find Response (Success)" in done.stdout, done.stdout
        return done.stdout.count("(Pending)")

    def movescu(self) -> None:
        before = self.scp.files()
        done = dcmtk.movescu(self.port, "WS1", level(SHOWN), "-S", "-d", called=self.called)
        assert (done.returncode, dcmtk.suboperations(done)) == (0, ALL_CAME), done.stdout[-800:]
        came = [path for path in self.scp.files() if path not in before]
        assert_whole([image.path for image in self.study], came)

    def getscu(self) -> None:
        into = self.hospitals.folder / "got"
        done = dcmtk.getscu(self.port, into, level(SHOWN), "-S", called=self.called)
        assert (done.returncode, dcmtk.suboperations(done)) == (0, ALL_CAME), done.stdout[-800:]
        assert_whole([image.path for image in self.study], sorted(into.iterdir()))

    def pynetdicom(self) -> None:
        answer = pynet.move(self.port, "WS2", identifier(SHOWN), calling="WS1", called=self.called, message_id=77)
        assert (answer.final, answer.counts()) == (0, (COUNT, 0, 0)), answer
        sent = sorted(image.data_set() for image in self.study)
        assert sorted(arrival.data for arrival in self.watched.arrivals) == sent
        assert {(one.originator, one.originator_message_id) for one in self.watched.arrivals} == {("WS1", 77)}
        answer, arrivals = pynet.get(self.port, identifier(SHOWN), [images.CT], calling="WS2", called=self.called)
        assert (answer.final, answer.counts()) == (0, (COUNT, 0, 0)), answer
        assert len(arrivals) == COUNT

    def orthanc_retrieves(self) -> None:
        query = self.orthanc.post("/modalities/other/query", {"Level": "Study", "Query": {"PatientID": AGREED}})
        self.orthanc.post(f"/queries/{query['ID']}/retrieve", {"TargetAet": "WS3", "Synchronous": True})
        assert self.orthanc.instance_count() == COUNT, self.orthanc.instance_count()

    def sent(self, third: int) -> list[images.Instance]:
        """A third of a study that the patient lets go to the other hospital."""
        self.hospitals.grant(AGREED, self.asker)
        made = images.study(self.hospitals.folder / "sent", 9, study=SENT, patient=AGREED, pixel_bytes=20_000)
        return made[3 * third : 3 * third + 3]

    def storescu(self) -> None:
        """Which proposes all the presentation contexts that an association has room for, 128."""
        before = self.held()
        files = [image.path for image in self.sent(0)]
        done = dcmtk.storescu(self.port, files, calling="WS1", called=self.called)
        assert done.returncode == 0, done.stdout[-800:]
        assert self.held() - before == len(files), self.held() - before

    def store(self) -> None:
        before = self.held()
        statuses = pynet.store_all(self.port, self.sent(1), calling="WS2", called=self.called)
        assert statuses == [0, 0, 0], statuses
        self.orthanc.post("/modalities/other/store", self.orthanc.fill([image.path for image in self.sent(2)]))
        assert self.held() - before == 6, self.held() - before

    def hidden(self) -> None:
        """A study that the patient did not agree to: not seen, not had, and nothing stored without a consent either."""
        assert self.found(level(HIDDEN)) == 0
        answer = pynet.move(self.port, "WS2", identifier(HIDDEN), calling="WS2", called=self.called)
        assert answer.final == 0x0124, answer
        answer, arrivals = pynet.get(self.port, identifier(HIDDEN), [images.CT], calling="WS2", called=self.called)
        assert answer.final == 0x0124 and not arrivals, answer
        made = images.study(self.hospitals.folder / "unwanted", 1, study=4, patient=SILENT)
        assert pynet.store_all(self.port, made, calling="WS2", called=self.called) == [0x0124]


    def disclosed(self, patient: str, user: str | None) -> list[dict]:
        """What the archive's hospital tells the patient of the images that this user in the other one got. A transfer is
        closed a moment after its last image was answered: awaited."""
        gateway = self.custodian.gateway
        words = ["disclosures", "--config", gateway.file, "--patient", patient, "--json"]

        def told() -> list[dict]:
            transfers = json.loads(gateway.command(*words).stdout)["images"]
            return [one for one in transfers if (one["user"] or {}).get("name") == user]

        return wait_until(told, 5, f"a transfer of {patient} by {user}", every_s=0.2)

    def user(self) -> None:
        """Proven in the own hospital; to the other one it is a name that somebody gave, as docs/two-hospitals.md says."""
        who = pynet.user_identity(BY_PASSCODE, USER.encode(), PASSCODE.encode())
        answer = pynet.move(self.port, "WS2", identifier(SHOWN), calling="WS2", called=self.called, ext_neg=[who])
        assert (answer.final, answer.counts()) == (0, (COUNT, 0, 0)), answer
        asked = self.asker.gateway.bodies("decision")[-1]["request"]["user"]
        assert asked == {"name": USER, "proof": "passcode"}, asked
        told = [(one["user"]["proof"], one["instances"]) for one in self.disclosed(AGREED, USER)]
        assert told == [("none", COUNT)], told

    def emergency(self) -> None:
        """What nobody agreed to is found and comes by the other hospital's AE title for emergencies, and is to be reviewed."""
        called = self.asker.titles.emergency
        assert self.found(level(HIDDEN), called) == 1
        self.watched.arrivals.clear()
        answer = pynet.move(self.port, "WS2", identifier(HIDDEN), calling="WS2", called=called)
        assert (answer.final, answer.counts()) == (0, (len(self.others), 0, 0)), answer
        assert sorted(arrival.data for arrival in self.watched.arrivals) == sorted(image.data_set() for image in self.others)
        told = [(one["purpose"], one["authority"]["rules"], one["instances"]) for one in self.disclosed(SILENT, None)]
        assert told == [("EMERGENCY", ["emergency"], len(self.others))], told
        gateway = self.custodian.gateway
        due = json.loads(gateway.command("review", "list", "--config", gateway.file, "--json").stdout)
        assert [(one["institution"], one["purpose"]) for one in due] == [(self.asker.slug, "EMERGENCY")], due


# What is done, and how many transfers between the gateways that is.
CHECKS = {
    "C-ECHO by echoscu and pynetdicom": (Direction.echo, 0),
    "C-FIND by findscu and pynetdicom, at each level": (Direction.find, 0),
    "C-MOVE by movescu to storescp": (Direction.movescu, 1),
    "C-GET by getscu": (Direction.getscu, 1),
    "C-MOVE and C-GET by pynetdicom, with counts and originator": (Direction.pynetdicom, 2),
    "query and retrieval by Orthanc": (Direction.orthanc_retrieves, 1),
    "C-STORE by storescu": (Direction.storescu, 1),
    "C-STORE by pynetdicom and Orthanc": (Direction.store, 2),
    "C-MOVE by a user": (Direction.user, 1),
    "what nobody agreed to stays": (Direction.hidden, 0),
    "but for an emergency": (Direction.emergency, 1),
}


def directions(run) -> None:
    # Whose images, from which archive, fetched how; the short form has each of these in one of two.
    ways = [("anna", "dcmqrscp", "get"), ("lakeside", "orthanc", "move")]
    if run.long:
        ways += [("anna", "orthanc", "get"), ("lakeside", "dcmqrscp", "move")]
    for slug, archive, retrieve in ways:
        name = f"{archive} of {slug}, fetched by C-{retrieve.upper()}"
        with run.checks.check(f"{name}: both hospitals are up"), run.hospitals("matrix") as hospitals:
            direction = Direction(hospitals, getattr(hospitals, slug), archive, retrieve)
            for what, (one, _) in CHECKS.items():
                with run.checks.check(f"{name}: {what}"), direction.asker.site:
                    one(direction)
            transfers = sum(count for _, count in CHECKS.values())
            with run.checks.check(f"{name}: {transfers} transfers, as many receipts"):
                Receipts(hospitals).came(transfers)


# Cancel.


class Slow:
    """An archive in St. Anna that gives an image each 100 ms, and a workstation that changes its mind."""

    COUNT = 40

    def __init__(self, hospitals: Hospitals):
        anna, self.lakeside = hospitals.anna, hospitals.lakeside
        made = images.study(hospitals.folder / "images", self.COUNT, study=SHOWN, patient=AGREED)
        held = [pydicom.dcmread(image.path) for image in made]
        self.pacs = hospitals.serve(anna, pynet.Pacs, "PACS", held, {}, pending_delay_s=0.1)
        self.destination = hospitals.serve(self.lakeside, pynet.Destination, "WS1")
        hospitals.configure(
            ([house_peer("PACS", anna.slug, self.pacs.port, retrieve="get")], "pacs"),
            ([house_peer("WS1", self.lakeside.slug, self.destination.port)],),
        )
        hospitals.grant(AGREED)

    def cancelled(self, operation: str) -> None:
        before = self.pacs.cancelled
        arrived = []
        model = {"move": pynet.MOVE, "get": pynet.GET}[operation]["S"]
        contexts, roles, handlers = [(model, IMPLICIT)], [], []
        if operation == "get":
            contexts.append((images.CT, [images.EXPLICIT, images.IMPLICIT]))
            roles = [build_role(images.CT, scp_role=True)]
            handlers = [(evt.EVT_C_STORE, lambda event: arrived.append(event) or 0)]
        else:
            self.destination.arrivals.clear()
            arrived = self.destination.arrivals
        association = pynet.associate(
            self.lakeside.port, contexts, calling="WS1", called=self.lakeside.titles.other, ext_neg=roles, handlers=handlers
        )
        assert association.is_established
        if operation == "move":
            responses = association.send_c_move(identifier(SHOWN), "WS1", model, msg_id=3)
        else:
            responses = association.send_c_get(identifier(SHOWN), model, msg_id=3)

        def change_mind() -> None:
            wait_until(lambda: len(arrived) >= 3, 20, "three images")
            association.send_c_cancel(3, query_model=model)

        # On a thread of its own: a C-GET's images come between its responses.
        changing = threading.Thread(target=change_mind)
        changing.start()
        answer = pynet.gathered(responses)
        changing.join()
        association.release()
        assert answer.final == 0xFE00, answer.statuses[-3:]
        completed, failed, warned = answer.counts()
        assert 3 <= completed < self.COUNT and (failed, warned) == (0, 0), answer.counts()
        assert len(arrived) == completed, f"{len(arrived)} came, {completed} were told"
        wait_until(lambda: self.pacs.cancelled == before + 1, 5, "the cancellation at the far archive")
        at_the_end = len(arrived)
        time.sleep(1)
        assert len(arrived) == at_the_end


def cancel(run) -> None:
    with run.checks.check("an archive that can be cancelled: both hospitals are up"), run.hospitals("cancel") as hospitals:
        slow = Slow(hospitals)
        for operation in ("move", "get"):
            with run.checks.check(f"a C-CANCEL of a C-{operation.upper()} reaches the far archive"), hospitals.lakeside.site:
                slow.cancelled(operation)
        with run.checks.check("a receipt for what came before each C-CANCEL"):
            Receipts(hospitals).came(2)


def run(run) -> None:
    directions(run)
    cancel(run)
