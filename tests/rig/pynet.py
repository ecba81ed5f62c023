"""pynetdicom in both roles: a destination that keeps raw bytes, a PACS that can be made difficult, a sender."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import field
from io import BytesIO

from pydicom.dataset import Dataset
from pydicom.uid import UID
from pynetdicom import AE
from pynetdicom import ALL_TRANSFER_SYNTAXES
from pynetdicom import AllStoragePresentationContexts
from pynetdicom import _config
from pynetdicom import build_context
from pynetdicom import evt
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.pdu_primitives import UserIdentityNegotiation
from pynetdicom.service_class import StorageServiceClass
from pynetdicom.sop_class import register_uid
from pynetdicom.sop_class import uid_to_service_class

from rig.process import free_port
from rig.process import wait_until

_config.ENFORCE_UID_CONFORMANCE = False

HOST = "127.0.0.1"
VERIFICATION = "1.2.840.10008.1.1"
FIND = {"P": "1.2.840.10008.5.1.4.1.2.1.1", "S": "1.2.840.10008.5.1.4.1.2.2.1", "W": "1.2.840.10008.5.1.4.31"}
MOVE = {"P": "1.2.840.10008.5.1.4.1.2.1.2", "S": "1.2.840.10008.5.1.4.1.2.2.2"}
GET = {"P": "1.2.840.10008.5.1.4.1.2.1.3", "S": "1.2.840.10008.5.1.4.1.2.2.3"}
STORAGE = [context.abstract_syntax for context in AllStoragePresentationContexts]


def register_private(sop_class: str) -> None:
    """Makes pynetdicom serve C-STORE for a private class, which it does not know."""
    if not sop_class.startswith("1.2.840.10008.") and uid_to_service_class(sop_class) is not StorageServiceClass:
        register_uid(sop_class, f"Private{sop_class.replace('.', '_')}", StorageServiceClass)


@dataclass(frozen=True)
class Arrival:
    """One C-STORE-RQ as it came."""

    data: bytes
    sop_class: str
    sop_instance: str
    syntax: str
    calling: str
    called: str
    originator: str | None
    originator_message_id: int | None
    association: int
    at: float


class Acceptor:
    """A pynetdicom AE that serves until stopped."""

    def __init__(self, aet: str, *, port: int | None = None, extra_classes=(), syntaxes=ALL_TRANSFER_SYNTAXES):
        self.aet = aet
        self.port = port or free_port()
        self.requests: list = []
        self.released = 0
        self.ae = self.make_ae()
        self.ae.maximum_pdu_size = 131072
        self.ae.maximum_associations = 100
        self.ae.network_timeout = 120
        self.ae.acse_timeout = 30
        self.ae.dimse_timeout = 120
        self.ae.add_supported_context(VERIFICATION)
        for sop_class in extra_classes:
            register_private(sop_class)
        for sop_class in [*STORAGE, *extra_classes]:
            self.ae.add_supported_context(sop_class, list(syntaxes), scu_role=True, scp_role=True)
        self.add_contexts()
        self.server = self.ae.start_server((HOST, self.port), block=False, evt_handlers=self.handlers())

    def make_ae(self) -> AE:
        return AE(ae_title=self.aet)

    def add_contexts(self) -> None:
        """For those that serve more than storage."""

    def handlers(self) -> list:
        return [
            (evt.EVT_REQUESTED, lambda event: self.requests.append(event.assoc.requestor.primitive)),
            (evt.EVT_RELEASED, self._on_release),
        ]

    def _on_release(self, _event) -> None:
        self.released += 1

    def stop(self) -> None:
        """Listens no more; once is enough."""
        if self.server is not None:
            self.server.shutdown()
            self.stopped_server, self.server = self.server, None

    def drop_associations(self) -> None:
        """Aborts what is open, as archives do with idle peers."""
        for association in list((self.server or self.stopped_server).active_associations):
            association.abort()


class Destination(Acceptor):
    """Answers C-STORE with `status(arrival)` and keeps what came."""

    def __init__(self, aet: str, *, status: int | Callable[[Arrival], int] = 0x0000, delay_s: float = 0, **options):
        self.arrivals: list[Arrival] = []
        self._status = status
        self._delay_s = delay_s
        self._lock = threading.Lock()
        super().__init__(aet, **options)

    def handlers(self) -> list:
        return [*super().handlers(), (evt.EVT_C_STORE, self._on_store), (evt.EVT_C_ECHO, lambda event: 0x0000)]

    def _on_store(self, event):
        request = event.request
        arrival = Arrival(
            data=request.DataSet.getvalue(),
            sop_class=str(request.AffectedSOPClassUID),
            sop_instance=str(request.AffectedSOPInstanceUID),
            syntax=str(event.context.transfer_syntax),
            calling=event.assoc.requestor.ae_title,
            called=event.assoc.requestor.primitive.called_ae_title,
            originator=request.MoveOriginatorApplicationEntityTitle,
            originator_message_id=request.MoveOriginatorMessageID,
            association=id(event.assoc),
            at=time.monotonic(),
        )
        if self._delay_s:
            time.sleep(self._delay_s)
        answer = self._status(arrival) if callable(self._status) else self._status
        with self._lock:
            self.arrivals.append(arrival)
        made = Dataset()
        made.Status = answer
        return made

    def instances(self) -> list[str]:
        return [arrival.sop_instance for arrival in self.arrivals]

    def wait_for(self, count: int, timeout_s: float = 10) -> None:
        wait_until(lambda: len(self.arrivals) >= count, timeout_s, f"{count} arrivals at {self.aet}")


class MovingAE(AE):
    """An AE whose C-STORE sub-operations say what `originator` wants them to say.

    pynetdicom names its own AE title as Move Originator; the standard wants the requestor's.
    """

    originator = "requestor"

    def associate(self, *args, **kwargs):
        association = super().associate(*args, **kwargs)
        send = association.send_c_store

        def send_c_store(dataset, msg_id=1, priority=2, originator_aet=None, originator_id=None):
            if self.originator == "omitted":
                return send(dataset, msg_id, priority)
            if self.originator == "requestor":
                originator_aet = self.requestor_of_move
            return send(dataset, msg_id, priority, originator_aet, originator_id)

        association.send_c_store = send_c_store
        return association

    requestor_of_move = None


class Pacs(Acceptor):
    """A PACS that holds `images` (pydicom data sets) and moves to `hosts` ({AE title: port})."""

    def __init__(self, aet: str, images: list, hosts: dict[str, int], *, originator="requestor", pending_delay_s=0.0, find_statuses=None, **options):
        self.images = images
        self.hosts = dict(hosts)
        self.pending_delay_s = pending_delay_s
        self.find_statuses = find_statuses
        # Repeats the request's Patient ID in every answer, and does not match by it.
        self.echoes_patient = False
        self.originator = originator
        self.moves: list[tuple[str, Dataset, int]] = []
        self.finds: list[tuple[str, Dataset]] = []
        self.gets: list[Dataset] = []
        self.cancelled = 0
        # How long a retrieval says nothing before its first image.
        self.silent_s = 0.0
        self.arrivals: list[Arrival] = []
        super().__init__(aet, **options)

    def make_ae(self) -> AE:
        made = MovingAE(ae_title=self.aet)
        made.originator = self.originator
        return made

    def add_contexts(self) -> None:
        for sop_class in [*FIND.values(), *MOVE.values(), *GET.values()]:
            self.ae.add_supported_context(sop_class)

    def handlers(self) -> list:
        return [
            *super().handlers(),
            (evt.EVT_C_ECHO, lambda event: 0x0000),
            (evt.EVT_C_FIND, self._on_find),
            (evt.EVT_C_MOVE, self._on_move),
            (evt.EVT_C_GET, self._on_get),
        ]

    def matching(self, identifier: Dataset) -> list:
        """Images that the identifier's unique keys and Patient ID choose."""
        found = self.images
        for keyword in ("PatientID", "StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"):
            wanted = identifier.get(keyword)
            if not wanted:
                continue
            values = [str(value) for value in (wanted if isinstance(wanted, (list, tuple)) or hasattr(wanted, "append") else [wanted])]
            if "*" not in values:
                found = [image for image in found if str(image.get(keyword, "")) in values]
        return found

    def _on_find(self, event):
        identifier = event.identifier
        self.finds.append((str(event.request.AffectedSOPClassUID), identifier))
        level = identifier.get("QueryRetrieveLevel", "STUDY")
        unique = {"PATIENT": "PatientID", "STUDY": "StudyInstanceUID", "SERIES": "SeriesInstanceUID", "IMAGE": "SOPInstanceUID"}[level]
        told = set()
        chosen = Dataset()
        chosen.update(identifier)
        if self.echoes_patient and "PatientID" in chosen:
            del chosen.PatientID
        for image in self.matching(chosen):
            if image.get(unique) in told:
                continue
            told.add(image.get(unique))
            if event.is_cancelled:
                self.cancelled += 1
                yield 0xFE00, None
                return
            answer = Dataset()
            if "SpecificCharacterSet" in image:
                answer.SpecificCharacterSet = image.SpecificCharacterSet
            for element in identifier:
                if element.tag in image:
                    answer[element.tag] = image[element.tag]
                elif element.tag not in answer:
                    answer.add_new(element.tag, element.VR, "" if element.VR != "SQ" else [])
            if self.echoes_patient and identifier.get("PatientID"):
                # A new element: the one from the image is the image's.
                answer.add_new("PatientID", "LO", identifier.PatientID)
            answer.QueryRetrieveLevel = level
            answer.RetrieveAETitle = self.aet
            if self.pending_delay_s:
                time.sleep(self.pending_delay_s)
            yield (self.find_statuses or {}).get(str(image.get(unique)), 0xFF00), answer

    def _on_move(self, event):
        identifier = event.identifier
        destination = event.move_destination.strip()
        self.moves.append((destination, identifier, event.request.MessageID))
        self.ae.requestor_of_move = event.assoc.requestor.ae_title
        if destination not in self.hosts:
            yield None, None
            return
        found = self.matching(identifier)
        contexts = []
        for sop_class in dict.fromkeys(image.SOPClassUID for image in found):
            contexts.append(build_context(sop_class, ["1.2.840.10008.1.2.1", "1.2.840.10008.1.2"]))
        yield HOST, self.hosts[destination], {"contexts": contexts or [build_context(VERIFICATION)]}
        yield len(found)
        time.sleep(self.silent_s)
        for image in found:
            if event.is_cancelled:
                self.cancelled += 1
                yield 0xFE00, None
                return
            if self.pending_delay_s:
                time.sleep(self.pending_delay_s)
            yield 0xFF00, image

    def _on_get(self, event):
        self.gets.append(event.identifier)
        found = self.matching(event.identifier)
        yield len(found)
        time.sleep(self.silent_s)
        for image in found:
            if event.is_cancelled:
                self.cancelled += 1
                yield 0xFE00, None
                return
            if self.pending_delay_s:
                time.sleep(self.pending_delay_s)
            yield 0xFF00, image


@dataclass
class Answer:
    """What a requestor heard: final status, counts and, of a query or retrieval, what came."""

    statuses: list[int] = field(default_factory=list)
    responses: list[Dataset] = field(default_factory=list)
    identifiers: list[Dataset | None] = field(default_factory=list)

    @property
    def final(self) -> int | None:
        return self.statuses[-1] if self.statuses else None

    def matches(self) -> list[Dataset]:
        return [
            identifier
            for status, identifier in zip(self.statuses, self.identifiers)
            if status in (0xFF00, 0xFF01) and identifier is not None
        ]

    def counts(self) -> tuple[int, int, int]:
        """Completed, failed, warned, of the last response."""
        last = self.responses[-1]
        return (
            int(last.get("NumberOfCompletedSuboperations", 0) or 0),
            int(last.get("NumberOfFailedSuboperations", 0) or 0),
            int(last.get("NumberOfWarningSuboperations", 0) or 0),
        )


class RequestorAE(AE):
    """An AE whose associations keep the A-ASSOCIATE-RJ that came.

    pynetdicom forgets it when the acceptor hangs up right behind it, and then says "aborted".
    """

    def associate(self, *args, evt_handlers=None, **kwargs):
        rejections = []

        def keep(event):
            if type(event.pdu).__name__ == "A_ASSOCIATE_RJ":
                rejections.append((event.pdu.result, event.pdu.source, event.pdu.reason_diagnostic))

        association = super().associate(*args, evt_handlers=[*(evt_handlers or []), (evt.EVT_PDU_RECV, keep)], **kwargs)
        association.rejections = rejections
        return association


def requestor(aet: str, contexts, *, timeout_s: float = 30) -> AE:
    """An AE that proposes `contexts`: (abstract syntax, [transfer syntaxes]) each."""
    made = RequestorAE(ae_title=aet)
    made.acse_timeout = timeout_s
    made.dimse_timeout = timeout_s
    made.network_timeout = timeout_s
    made.connection_timeout = 5
    made.requested_contexts = [build_context(abstract, syntaxes) for abstract, syntaxes in contexts]
    return made


def associate(port: int, contexts, *, calling="MODALITY", called="CREDENCE", bind=None, ext_neg=None, handlers=None, timeout_s=30):
    """An association; not established when it was rejected or aborted (`rejection` says why)."""
    return requestor(calling, contexts, timeout_s=timeout_s).associate(
        HOST, port, ae_title=called, ext_neg=ext_neg, evt_handlers=handlers or [],
        bind_address=(bind, 0) if bind else None,
    )


def user_identity(kind: int, primary: bytes, secondary: bytes = b"", response: bool = False) -> UserIdentityNegotiation:
    """Who sits before the requestor (PS3.7 §D.3.3.7): for `ext_neg`."""
    item = UserIdentityNegotiation()
    item.user_identity_type = kind
    item.primary_field = primary
    if secondary:
        item.secondary_field = secondary
    item.positive_response_requested = response
    return item


def rejection(association) -> tuple[int, int, int]:
    """Result, source and reason of the A-ASSOCIATE-RJ."""
    deadline = time.monotonic() + 1
    while not association.rejections and time.monotonic() < deadline:
        time.sleep(0.01)
    assert association.rejections, f"not rejected: {association!r}"
    return association.rejections[0]


def contexts_for(instances) -> list[tuple[str, list[str]]]:
    """One presentation context for each pair of class and syntax."""
    pairs = dict.fromkeys((instance.sop_class, instance.syntax) for instance in instances)
    return [(sop_class, [syntax]) for sop_class, syntax in pairs]


def store_raw(association, instance, data: bytes | None = None, message_id: int = 1):
    """Sends the data set bytes as they are; gives the status, or None when no answer came."""
    for context in association.accepted_contexts:
        if context.abstract_syntax == instance.sop_class and context.transfer_syntax[0] == instance.syntax:
            break
    else:
        raise LookupError(f"no context for {instance.sop_class} in {instance.syntax}")
    request = C_STORE()
    request.MessageID = message_id
    request.AffectedSOPClassUID = UID(instance.sop_class)
    request.AffectedSOPInstanceUID = UID(instance.sop_instance)
    request.Priority = 2
    request.DataSet = BytesIO(instance.data_set() if data is None else data)
    # As pynetdicom's own send_c_store: its reactor must not take the answer for a request.
    association._reactor_checkpoint.clear()
    while not association._is_paused:
        time.sleep(0.001)
    try:
        association.dimse.send_msg(request, context.context_id)
        _, answer = association.dimse.get_msg(block=True)
    finally:
        association._reactor_checkpoint.set()
        # Until it has seen that, it may take the next answer for a request, too.
        deadline = time.monotonic() + 0.1
        while association._is_paused and time.monotonic() < deadline:
            time.sleep(0.0002)
    return None if answer is None else answer.Status


def store_all(port: int, instances, **options) -> list[int | None]:
    """One association, all the instances, released; their statuses."""
    association = associate(port, contexts_for(instances), **options)
    assert association.is_established, "no association"
    try:
        return [store_raw(association, instance, message_id=n + 1) for n, instance in enumerate(instances)]
    finally:
        association.release()


def gathered(responses) -> Answer:
    """Collects the responses of pynetdicom's generators."""
    answer = Answer()
    for status, identifier in responses:
        answer.statuses.append(status.get("Status"))
        answer.responses.append(status)
        answer.identifiers.append(identifier)
    return answer


def identifier(level: str | None, **keys) -> Dataset:
    made = Dataset()
    if level:
        made.QueryRetrieveLevel = level
    for keyword, value in keys.items():
        setattr(made, keyword, value)
    return made


def find(port: int, wanted: Dataset, *, model="S", **options) -> Answer:
    association = associate(port, [(FIND[model], ["1.2.840.10008.1.2.1", "1.2.840.10008.1.2"])], **options)
    assert association.is_established, "no association"
    try:
        return gathered(association.send_c_find(wanted, FIND[model]))
    finally:
        association.release()


def move(port: int, to: str, wanted: Dataset, *, model="S", message_id=1, **options) -> Answer:
    association = associate(port, [(MOVE[model], ["1.2.840.10008.1.2"])], **options)
    assert association.is_established, "no association"
    try:
        return gathered(association.send_c_move(wanted, to, MOVE[model], msg_id=message_id))
    finally:
        association.release()


def get(port: int, wanted: Dataset, classes, *, model="S", status=0x0000, **options) -> tuple[Answer, list[Arrival]]:
    """C-GET; gives the answer and the images that came on the same association."""
    from pynetdicom import build_role

    arrivals: list[Arrival] = []

    def on_store(event):
        arrivals.append(
            Arrival(
                event.request.DataSet.getvalue(), str(event.request.AffectedSOPClassUID),
                str(event.request.AffectedSOPInstanceUID), str(event.context.transfer_syntax),
                "", "", None, None, id(event.assoc), time.monotonic(),
            )
        )
        return status

    contexts = [(GET[model], ["1.2.840.10008.1.2"])]
    contexts += [(sop_class, ["1.2.840.10008.1.2.1", "1.2.840.10008.1.2"]) for sop_class in classes]
    roles = [build_role(sop_class, scp_role=True) for sop_class in classes]
    association = associate(port, contexts, ext_neg=roles, handlers=[(evt.EVT_C_STORE, on_store)], **options)
    assert association.is_established, "no association"
    try:
        return gathered(association.send_c_get(wanted, GET[model])), arrivals
    finally:
        association.release()
