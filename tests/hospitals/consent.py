"""The patient's word, spoken in the hospital that has the images, and what the other one then gets."""

import json
import threading

from hospitals.houses import ANNA
from hospitals.houses import LAKESIDE
from hospitals.houses import Hospitals
from hospitals.houses import house_peer
from hospitals.parts import PATIENT
from hospitals.parts import WHOLE_STUDY
from hospitals.parts import assert_whole
from hospitals.parts import difference
from hospitals.parts import ledgers
from hospitals.receipts import Receipts
from rig import dcmtk
from rig import pynet
from rig.process import wait_until


class Consented:
    def __init__(self, hospitals: Hospitals, files):
        self.hospitals, self.files = hospitals, files
        anna, self.lakeside = hospitals.anna, hospitals.lakeside
        self.scp = hospitals.serve(self.lakeside, dcmtk.StoreScp, self.lakeside.folder, "WS1", again=True)
        pacs = hospitals.archive(anna, files)
        hospitals.configure(
            ([house_peer("PACS", ANNA, pacs.port, retrieve="get")], "pacs"), ([house_peer("WS1", LAKESIDE, self.scp.port)],)
        )
        self.pulls = 0
        # How many images each pull brought that brought any, in their order.
        self.came: list[int] = []

    def command(self, operation: str):
        """A pull, and the folder in which its images arrive."""
        port, called = self.lakeside.port, self.lakeside.titles.other
        if operation == "move":
            return dcmtk.movescu(port, "WS1", WHOLE_STUDY, "-S", "-d", called=called, timeout_s=600), self.scp.received_in
        # getscu leaves the list of failed instances unread, and then waits for its release for as long as -ta says.
        return dcmtk.getscu(port, self.got(), WHOLE_STUDY, "-S", "-ta", 3, called=called, timeout_s=600), self.got()

    def got(self):
        made = self.lakeside.folder / f"got-{self.pulls}"
        made.mkdir(exist_ok=True)
        return made

    def pull(self, operation: str):
        """What the workstation said, and the files that came."""
        self.pulls += 1
        before = set(self.scp.files())
        done, folder = self.command(operation)
        came = sorted(path for path in folder.iterdir() if path not in before)
        return done, came

    def found(self) -> int:
        answer = pynet.find(
            self.lakeside.port, pynet.identifier("STUDY", StudyInstanceUID=WHOLE_STUDY["StudyInstanceUID"], PatientID=""),
            calling="WS1", called=self.lakeside.titles.other,
        )
        return len(answer.matches())

    # One check each.

    def refused(self, operation: str) -> None:
        held = self.scp.files()
        done, came = self.pull(operation)
        if operation == "move":
            assert ": 0x0124" in done.stdout.rpartition("Received Final Move Response")[2], done.stdout[-800:]
        answer = self.asked(operation)
        assert answer.final == 0x0124, answer.statuses
        assert not came and self.scp.files() == held and self.found() == 0

    def asked(self, operation: str) -> pynet.Answer:
        """The status as pynetdicom hears it."""
        wanted = pynet.identifier("STUDY", StudyInstanceUID=WHOLE_STUDY["StudyInstanceUID"])
        options = {"calling": "WS1", "called": self.lakeside.titles.other}
        if operation == "move":
            return pynet.move(self.lakeside.port, "WS1", wanted, **options)
        answer, arrivals = pynet.get(self.lakeside.port, wanted, ["1.2.840.10008.5.1.4.1.1.2"], **options)
        assert not arrivals
        return answer

    def permitted(self, operation: str) -> None:
        done, came = self.pull(operation)
        counts = {"Completed": len(self.files), "Failed": 0, "Warning": 0}
        assert done.returncode == 0 and dcmtk.suboperations(done) == counts, done.stdout[-800:]
        assert_whole(self.files, came)
        self.came.append(len(came))
        assert self.found() == 1

    def revoked(self, operation: str, consent: int) -> None:
        """In the middle: what is not yet on its way when the revocation is on disk does not come."""
        self.pulls += 1
        folder = self.scp.received_in if operation == "move" else self.got()
        before = set(folder.iterdir())
        ended = []
        with self.lakeside.site:
            pulling = threading.Thread(target=lambda: ended.append(self.command(operation)[0]))
            pulling.start()
        new = lambda: [path for path in folder.iterdir() if path not in before]
        wait_until(lambda: len(new()) >= len(self.files) // 4, 60, "a quarter of the study")
        self.hospitals.anna.gateway.revoke(consent)
        at_revocation = len(new())
        pulling.join(120)
        assert ended, "the pull did not end"
        missing, again, strange = difference(self.files, new())
        came = len(self.files) - missing
        self.came.append(came)
        assert came <= at_revocation + 1, f"{at_revocation} had come when the revocation was recorded, {came} in the end"
        assert came < len(self.files) and (again, strange) == (0, 0), (came, again, strange)
        counts = {"Completed": came, "Failed": missing, "Warning": 0}
        assert dcmtk.suboperations(ended[0]) == counts, f"{came} came, {missing} did not; {ended[0].stdout[-800:]}"

    def disclosed(self) -> None:
        """`credence disclosures`: each pull that brought something, with as many images as it brought, and confirmed."""
        gateway = self.hospitals.anna.gateway
        told = gateway.command("disclosures", "--config", gateway.file, "--patient", PATIENT, "--json").stdout
        pulls = [(one["recipient"], one["instances"], one["failed"], one["receipt"]) for one in json.loads(told)["images"]]
        assert pulls == [(LAKESIDE, came, 0, "agreed") for came in self.came], f"{self.came} came, told are {pulls}"

    def alone(self) -> None:
        """Lakeside's gateway has had one start, and nobody told it of a consent."""
        gateway = self.lakeside.gateway
        assert (len(gateway.bodies("started")), gateway.consents()) == (1, [])


def run(run) -> None:
    checks = run.checks
    files = run.study(200 if run.long else 40)
    with run.hospitals("consent") as hospitals:
        house, receipts = Consented(hospitals, files), Receipts(hospitals)
        for operation in ("move", "get"):
            name = f"C-{operation.upper()}"
            with checks.check(f"{name} without a consent: 0124H, and nothing comes"), hospitals.lakeside.site:
                house.refused(operation)
            consent = hospitals.grant(PATIENT)
            with checks.check(f"{name} with the consent: everything comes"), hospitals.lakeside.site:
                house.permitted(operation)
            with checks.check(f"{name}, and the consent revoked in its middle: it stops within one instance"):
                house.revoked(operation, consent)
            with checks.check(f"{name} after the revocation: 0124H, and nothing comes"), hospitals.lakeside.site:
                house.refused(operation)
            with checks.check(f"{name}: a receipt for each of the two that brought something, none for those refused"):
                receipts.came(2)
        with checks.check("all the while nothing was done in the other hospital"):
            house.alone()
        with checks.check("the source tells how much the other hospital got"):
            house.disclosed()
        ledgers(checks, hospitals)
