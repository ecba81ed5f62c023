"""Sealed parcels: what is stored to another hospital leaves as files that nobody on the way can read."""

import http.client
import http.server
import json
import shutil
import socket
import ssl
import subprocess
import threading
import tomllib
from pathlib import Path

import pytest
from pydicom import dcmread

from rig import dcmtk
from rig import images
from rig.gateway import Config
from rig.gateway import Gateway
from rig.gateway import OTHER
from rig.gateway import OWN
from rig.gateway import Peer
from rig.process import free_port
from rig.process import wait_until
from rig.x509 import Authority
from rig.x509 import Pair

SPOOL = ("[spool]", {"retry_first_s": 1, "retry_max_s": 2, "free_bytes_min": 0})


class Two:
    """The gateway of OWN, which seals, and that of OTHER, which opens; each knows the other."""

    def __init__(self, stage, folder: Path, *, release: str, parcels: dict | None = None, timeouts=None):
        self.stage = stage
        self.out = folder / "carried"
        self.out.mkdir()
        self.authority = Authority(folder / "pki", "authority")
        self.source, self.source_exchange = self._house(folder, OWN, timeouts)
        self.recipient, self.recipient_exchange = self._house(folder, OTHER, None)
        rows = {gateway: self._row(gateway) for gateway in (self.source, self.recipient)}
        known = {
            self.source: {
                **rows[self.recipient], "ae": "BERTA", "parcels_release": release, "parcels_after_s": 1,
                **(parcels or {"parcels_to": str(self.out)}),
            },
            self.recipient: {**rows[self.source], "ae": "ANNA"},
        }
        for gateway, row in known.items():
            gateway.config.more.append(("[[gateway_peer]]", row))
            gateway.write()
        stage.keep(self.source)
        stage.keep(self.recipient)
        self.source.start()

    def _house(self, folder: Path, slug: str, timeouts) -> tuple[Gateway, int]:
        pair = self.authority.issue(slug, ips=["127.0.0.1"])
        exchange = free_port()
        tls = {"certificate": str(pair.certificate), "key": str(pair.key), "authorities": [str(self.authority.certificate)]}
        config = Config(
            [Peer("MODALITY", institution=slug, may=["echo", "store"])], [], gateway={"institution": slug},
            timeouts=timeouts or {},
            more=[
                ("[[listener]]", {"address": f"127.0.0.1:{free_port()}", "tls": True}),
                ("[tls]", tls), SPOOL, ("[exchange]", {"listen": f"127.0.0.1:{exchange}"}),
            ],
        )
        return Gateway(folder / slug, config), exchange

    def _row(self, gateway: Gateway) -> dict:
        """What its `link show` prints for the other."""
        text = gateway.command("link", "show", "--config", gateway.file).stdout
        return tomllib.loads(text)["gateway_peer"][0]

    def send(self, made, called="BERTA"):
        done = dcmtk.storescu(self.source.port, [one.path for one in made], "-xe", called=called)
        assert done.returncode == 0, done.stdout

    def parcels(self) -> list[Path]:
        return sorted(path.parent for path in self.out.glob("*/manifest"))

    def wait(self, count: int) -> list[Path]:
        return wait_until(lambda: (found := self.parcels()) if len(self.parcels()) >= count else None, 20, f"{count} parcels")

    def open(self, parcel, name="opened", check=True, by: Gateway | None = None) -> subprocess.CompletedProcess:
        by = by or self.recipient
        return by.command("parcel", "open", parcel, "--config", by.file, "--out", by.folder / name, check=check)

    def opened(self, name="opened") -> dict[str, bytes]:
        return {path.stem: images.data_set_bytes(path) for path in (self.recipient.folder / name).glob("*.dcm")}

    def listed(self) -> list[dict]:
        return json.loads(self.source.command("parcel", "list", "--config", self.source.file, "--json").stdout)


def sent_as(made) -> dict[str, bytes]:
    return {dcmread(one.path, stop_before_pixels=True).SOPInstanceUID: one.data_set() for one in made}


def waiting(gateway) -> int:
    queues = json.loads(gateway.command("queue", "list", "--config", gateway.file, "--json").stdout)
    return next(one for one in queues if one["queue"] == f"{OTHER}-gateway")["waiting"]["objects"]


def test_a_study_is_carried_and_opened_offline(stage, tmp_path):
    two = Two(stage, tmp_path, release="offline")
    two.source.grant("P1")
    made = images.study(tmp_path / "made", 12, pixel_bytes=300_000)
    two.send(made)
    (parcel,) = two.wait(1)
    wait_until(lambda: waiting(two.source) == 0, 10, "an empty queue")
    # Whoever carries it reads nothing of the patient.
    assert len(list(parcel.iterdir())) == 12 + 2
    for file in parcel.iterdir():
        for secret in (b"Invented", images.uid(1).encode(), b"1.2.840.10008"):
            assert secret not in file.read_bytes(), file
    shown = json.loads(two.recipient.command("parcel", "show", parcel, "--config", two.recipient.file, "--json").stdout)
    assert (shown["from"], shown["to"], shown["release"]) == (OWN, OTHER, "offline")
    told = two.open(parcel).stderr
    assert "what was revoked since" in told
    assert two.opened() == sent_as(made)
    for path in (two.recipient.folder / "opened").glob("*.dcm"):
        assert path.read_bytes()[:132] == bytes(128) + b"DICM"
        dcmread(path)
        assert dcmtk.run("dcmftest", path).returncode == 0
    (sealed,) = two.source.bodies("parcel-sealed")
    assert (sealed["instances"], sealed["manifest_sha256"]) == (12, shown["manifest_sha256"])
    closed = [body for body in two.source.bodies("transfer-closed") if body["instances"]]
    assert closed[-1]["recipient"] == OTHER and closed[-1]["instances"] == 12
    (listed,) = two.listed()
    assert listed["parcel"] == parcel.name and listed["release"] == "offline"
    two.source.verify()


def test_online_the_contract_is_asked_again(stage, tmp_path):
    two = Two(stage, tmp_path, release="online")
    consent = two.source.grant("P1")
    made = images.study(tmp_path / "made", 5)
    two.send(made)
    (parcel,) = two.wait(1)
    assert b"wrapped" not in (parcel / "manifest").read_bytes()
    done = two.open(parcel)
    assert two.opened() == sent_as(made)
    assert f"{OWN} released its key" in done.stderr
    (opened,) = two.source.bodies("parcel-opened")
    assert opened["verdict"] == "permit" and opened["recipient"] == OTHER
    closed = [body for body in two.source.bodies("transfer-closed") if body["decision"] == opened["decision"]]
    assert sum(body["instances"] for body in closed) == 5
    # Revoked: the same parcel stays shut now, and the refusal says so.
    two.source.revoke(consent["entry"])
    refused = two.open(parcel, "again", check=False)
    assert refused.returncode == 1 and "not permitted" in refused.stderr, refused.stderr
    assert not (two.recipient.folder / "again").exists()
    assert [body["verdict"] for body in two.source.bodies("parcel-opened")] == ["permit", "deny"]
    (listed,) = two.listed()
    assert [request["verdict"] for request in listed["requests"]] == ["permit", "deny"]
    assert listed["requests"][0]["request_sha256"] == opened["request_sha256"]
    two.source.verify()


def test_while_the_sender_is_away_nothing_is_opened_online_and_after_it_everything(stage, tmp_path):
    two = Two(stage, tmp_path, release="online")
    two.source.grant("P1")
    made = images.study(tmp_path / "made", 3)
    two.send(made)
    (parcel,) = two.wait(1)
    two.source.stop()
    refused = two.open(parcel, check=False)
    assert refused.returncode == 1 and f"{OWN} does not release the key" in refused.stderr
    # The key outlasts a restart.
    two.source.start()
    two.open(parcel)
    assert two.opened() == sent_as(made)


def test_what_was_revoked_while_it_waited_is_not_sealed_and_not_lost(stage, tmp_path):
    two = Two(stage, tmp_path, release="offline", parcels={"parcels_to": str(tmp_path / "carried"), "parcels_after_s": 4})
    consent = two.source.grant("P1")
    two.send(images.study(tmp_path / "made", 3))
    two.source.revoke(consent["entry"])
    quarantined = lambda: "quarantined" in [body["code"] for body in two.source.bodies("alert")]
    wait_until(quarantined, 20, "quarantine")
    assert list(two.out.iterdir()) == []
    content = json.loads(two.source.command("queue", "list", f"{OTHER}-gateway", "--objects", "--json", "--config", two.source.file).stdout)
    assert len(content["objects"]) == 3


def test_a_folder_that_is_away_is_waited_for(stage, tmp_path):
    two = Two(stage, tmp_path, release="offline")
    two.source.grant("P1")
    two.out.rmdir()
    made = images.study(tmp_path / "made", 3)
    two.send(made)
    down = lambda: "destination-down" in [body["code"] for body in two.source.bodies("alert")]
    wait_until(down, 20, "an alert")
    assert waiting(two.source) == 3 and not two.out.exists()
    before = len(two.source.bodies("decision"))
    two.out.mkdir()
    (parcel,) = two.wait(1)
    two.open(parcel)
    assert two.opened() == sent_as(made)
    # Nothing was asked or recorded while it could not be left.
    assert len(two.source.bodies("decision")) == before + 1


@pytest.mark.parametrize("moment", ["*", "*/000020", "*/contents", "*/manifest"])
def test_a_gateway_that_is_killed_while_it_seals_loses_nothing(stage, tmp_path, moment):
    two = Two(stage, tmp_path, release="offline")
    two.source.grant("P1")
    made = images.study(tmp_path / "made", 30, pixel_bytes=400_000)
    two.send(made)
    wait_until(lambda: any(two.out.glob(moment)), 20, "a parcel that is begun")
    two.source.kill()
    two.source.start()
    wait_until(lambda: waiting(two.source) == 0, 20, "an empty queue")
    carried = {}
    assert 1 <= len(two.parcels()) <= 2
    for number, parcel in enumerate(two.parcels()):
        two.open(parcel, f"opened-{number}")
        carried |= two.opened(f"opened-{number}")
    assert carried == sent_as(made)
    # What was begun and is no parcel cannot be opened.
    for folder in two.out.iterdir():
        if not (folder / "manifest").exists():
            assert two.open(folder, "begun", check=False).returncode == 1


def changed(parcel: Path, to: Path) -> Path:
    shutil.copytree(parcel, to)
    return to


def test_a_parcel_that_was_tampered_with_is_refused(stage, tmp_path):
    two = Two(stage, tmp_path, release="offline")
    for patient in ("P1", "P2"):
        two.source.grant(patient)
    two.send(images.study(tmp_path / "one", 3, study=1, patient="P1"))
    two.send(images.study(tmp_path / "two", 3, study=2, patient="P2"))
    first, second = two.wait(2)

    def refused(parcel, words, by=None):
        done = two.open(parcel, "refused", check=False, by=by)
        assert done.returncode == 1 and words in done.stderr, done.stderr

    # Of another recipient: its own sender cannot open it either.
    refused(first, f"no [[gateway_peer]] is of {OWN}", by=two.source)
    bad = changed(first, tmp_path / "manifest")
    text = (bad / "manifest").read_text()
    (bad / "manifest").write_text(text.replace('"decision":', '"decision":1', 1))
    refused(bad, "the note was changed or forged")
    bad = changed(first, tmp_path / "other-manifest")
    shutil.copy(second / "manifest", bad / "manifest")
    refused(bad, "of the parcel")
    bad = changed(first, tmp_path / "swapped")
    (bad / "000001").rename(bad / "kept")
    (bad / "000002").rename(bad / "000001")
    (bad / "kept").rename(bad / "000002")
    refused(bad, "000001 of the parcel")
    bad = changed(first, tmp_path / "exchanged")
    shutil.copy(second / "000001", bad / "000001")
    refused(bad, "000001 of the parcel")
    bad = changed(first, tmp_path / "cut")
    (bad / "000003").write_bytes((bad / "000003").read_bytes()[:-1])
    refused(bad, "and its manifest says")
    bad = changed(first, tmp_path / "flipped")
    raw = bytearray((bad / "000002").read_bytes())
    raw[1000] ^= 1
    (bad / "000002").write_bytes(raw)
    refused(bad, "it does not unseal")
    bad = changed(first, tmp_path / "missing")
    (bad / "contents").unlink()
    refused(bad, "contents of the parcel cannot be read")
    bad = changed(first, tmp_path / "linked")
    (bad / "000001").unlink()
    (bad / "000001").symlink_to("/dev/zero")
    refused(bad, "000001 of the parcel cannot be read")
    # The key was exchanged since: who and what is said.
    (two.recipient.folder / "keys" / "parcel.key").unlink()
    refused(first, "tell st-anna the parcel_key that credence link show prints")


@pytest.fixture
def store(stage, tmp_path):
    """An S3 store (moto): real HTTP, on a port of its own."""
    pytest.importorskip("moto")
    boto3 = pytest.importorskip("boto3")
    from moto.server import ThreadedMotoServer
    from moto.moto_api._internal import moto_api_backend

    # What it holds belongs to the process.
    moto_api_backend.reset()
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=free_port(), verbose=False)
    server.start()
    port = server._server.server_port
    client = boto3.client(
        "s3", endpoint_url=f"http://127.0.0.1:{port}", region_name="us-east-1",
        aws_access_key_id="GATEWAY", aws_secret_access_key="secret",
    )
    client.create_bucket(Bucket="parcels")
    yield client, port
    server.stop()


@pytest.mark.parametrize("pixel_bytes", [50_000, 20_000_000])
def test_parcels_are_left_in_a_store_and_fetched_from_it(stage, tmp_path, store, pixel_bytes):
    client, port = store
    for name, text in (("id", "GATEWAY\n"), ("secret", "secret\n")):
        (tmp_path / name).touch(mode=0o600)
        (tmp_path / name).write_text(text)
    place = {
        "parcels_to": "s3://parcels/from/anna", "parcels_endpoint": f"http://127.0.0.1:{port}",
        "parcels_access_key": str(tmp_path / "id"), "parcels_secret_key": str(tmp_path / "secret"),
    }
    two = Two(stage, tmp_path, release="offline", parcels=place)
    # The recipient uses the same store.
    name, row = two.recipient.config.more[-1]
    two.recipient.config.more[-1] = (name, {**row, **place, "parcels_release": "offline"})
    two.recipient.write()
    two.source.grant("P1")
    made = images.study(tmp_path / "made", 2, pixel_bytes=pixel_bytes)
    two.send(made)
    keys = lambda: [one["Key"] for one in client.list_objects_v2(Bucket="parcels").get("Contents", [])]
    wait_until(lambda: any(key.endswith("/manifest") for key in keys()), 60, "a manifest")
    assert len(keys()) == 4 and all(key.startswith("from/anna/") for key in keys())
    id = keys()[0].split("/")[2]
    two.open(f"s3://parcels/from/anna/{id}")
    assert two.opened() == sent_as(made)
    wait_until(lambda: waiting(two.source) == 0, 10, "an empty queue")


def test_a_store_by_tls_is_believed_by_its_authorities_alone(stage, tmp_path, store):
    """The same store behind TLS; with another authority everything waits."""
    client, port = store
    authority, stranger = Authority(tmp_path / "store", "store"), Authority(tmp_path / "stranger", "stranger")
    pair = authority.issue("front", ips=["127.0.0.1"])
    front = stage.keep(_Front(pair, port))
    for name, text in (("id", "GATEWAY\n"), ("secret", "secret\n")):
        (tmp_path / name).touch(mode=0o600)
        (tmp_path / name).write_text(text)
    place = {
        "parcels_to": "s3://parcels", "parcels_endpoint": f"https://127.0.0.1:{front.port}",
        "parcels_authorities": [str(stranger.certificate)],
        "parcels_access_key": str(tmp_path / "id"), "parcels_secret_key": str(tmp_path / "secret"),
    }
    two = Two(stage, tmp_path, release="offline", parcels=place)
    two.source.grant("P1")
    two.send(images.study(tmp_path / "made", 2))
    down = lambda: [body["text"] for body in two.source.bodies("alert") if body["code"] == "destination-down"]
    assert "UnknownIssuer" in wait_until(down, 30, "an alert")[0]
    two.source.stop()
    name, row = two.source.config.more[-1]
    two.source.config.more[-1] = (name, {**row, "parcels_authorities": [str(authority.certificate)]})
    two.source.write()
    two.source.start()
    keys = lambda: [one["Key"] for one in client.list_objects_v2(Bucket="parcels").get("Contents", [])]
    wait_until(lambda: any(key.endswith("/manifest") for key in keys()), 30, "a manifest")
    wait_until(lambda: waiting(two.source) == 0, 10, "an empty queue")


def test_an_upload_that_cannot_be_completed_leaves_no_parts_in_the_store(stage, tmp_path, store):
    client, port = store
    front = stage.keep(_Unfinishing(port))
    for name, text in (("id", "GATEWAY\n"), ("secret", "secret\n")):
        (tmp_path / name).touch(mode=0o600)
        (tmp_path / name).write_text(text)
    place = {
        "parcels_to": "s3://parcels", "parcels_endpoint": f"http://127.0.0.1:{front.port}",
        "parcels_access_key": str(tmp_path / "id"), "parcels_secret_key": str(tmp_path / "secret"),
    }
    two = Two(stage, tmp_path, release="offline", parcels=place)
    two.source.grant("P1")
    two.send(images.study(tmp_path / "made", 1, pixel_bytes=20_000_000))
    wait_until(lambda: front.aborted, 60, "an upload that is taken back")
    assert waiting(two.source) == 1
    front.finishes = True
    wait_until(lambda: waiting(two.source) == 0, 60, "an empty queue")
    wait_until(lambda: not client.list_multipart_uploads(Bucket="parcels").get("Uploads"), 10, "no parts")


class _Unfinishing:
    """Stands before the store, and lets no upload in parts be completed until it is told to."""

    def __init__(self, to: int):
        self.finishes, self.aborted = False, False
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _pass_on(self):
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                status, headers, answer = 400, {}, b"not now"
                is_of_parts = "uploadId" in self.path
                if outer.finishes or not (is_of_parts and self.command == "POST"):
                    line = http.client.HTTPConnection("127.0.0.1", to, timeout=10)
                    line.request(self.command, self.path, body, dict(self.headers))
                    back = line.getresponse()
                    status, headers, answer = back.status, dict(back.getheaders()), back.read()
                    line.close()
                outer.aborted |= is_of_parts and self.command == "DELETE" and status == 204
                self.send_response(status)
                for name in ("ETag", "Content-Type"):
                    if name in headers:
                        self.send_header(name, headers[name])
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            do_GET = do_PUT = do_POST = do_DELETE = _pass_on

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self):
        self._server.shutdown()
        self._server.server_close()


class _Front:
    """TLS in front of a port."""

    def __init__(self, pair, to: int):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pair.certificate, pair.key)
        self._to = to
        self._listener = context.wrap_socket(socket.create_server(("127.0.0.1", 0)), server_side=True)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        while True:
            try:
                one, _ = self._listener.accept()
            except ssl.SSLError:
                continue
            except OSError:
                return
            other = socket.create_connection(("127.0.0.1", self._to))
            for pair in ((one, other), (other, one)):
                threading.Thread(target=_pump, args=pair, daemon=True).start()

    def stop(self):
        self._listener.close()


def _pump(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
    except OSError:
        pass
    finally:
        for one in (source, sink):
            one.close()


def asked(two, path: str, body: bytes, pair) -> tuple[int, str]:
    """A request to the source's exchange, with this certificate."""
    context = ssl.create_default_context(cafile=str(two.authority.certificate))
    context.load_cert_chain(pair.certificate, pair.key)
    line = http.client.HTTPSConnection("127.0.0.1", two.source_exchange, context=context, timeout=10)
    try:
        line.request("POST", path, body)
        answer = line.getresponse()
        return answer.status, answer.read().decode()
    finally:
        line.close()


def test_who_asks_for_a_key_wrongly_gets_none(stage, tmp_path):
    two = Two(stage, tmp_path, release="online")
    two.source.grant("P1")
    two.send(images.study(tmp_path / "made", 2))
    (parcel,) = two.wait(1)
    path = f"/parcels/{parcel.name}/open"
    berta = next(row["certificate"] for name, row in two.recipient.config.more if name == "[tls]")
    berta = Pair(Path(berta), Path(berta).with_suffix(".key"), None)
    for body in (b"", b"\xff\xfe", b"credence-open/v1\n{}\n\n", (parcel / "manifest").read_bytes()):
        status, text = asked(two, path, body, berta)
        assert status == 400 and "wrapped" not in text, text
    assert asked(two, path, b"x" * 70_000, berta)[0] == 413
    for wrong in ("/parcels/../open", "/parcels/00/open", f"/parcels/{parcel.name.upper()}/open"):
        assert asked(two, wrong, b"", berta)[0] == 404
    # A gateway that the source does not know, though the same authority issued its certificate.
    stranger = two.authority.issue("stranger", ips=["127.0.0.1"])
    assert asked(two, path, b"", stranger)[0] == 403
    # A request that was good for one parcel opens no other.
    two.send(images.study(tmp_path / "other", 2, study=2))
    first, second = two.wait(2)
    front = stage.keep(_Overheard(two, berta))
    name, row = two.recipient.config.more[-1]
    two.recipient.config.more[-1] = (name, {**row, "https": f"https://127.0.0.1:{front.port}"})
    two.recipient.write()
    refused = two.open(first, check=False)
    assert refused.returncode == 1 and "503" in refused.stderr, refused.stderr
    status, text = asked(two, f"/parcels/{second.name}/open", front.body, berta)
    assert status == 400 and "the request is for parcel" in text
    assert two.source.bodies("parcel-opened") == []
    status, text = asked(two, f"/parcels/{first.name}/open", front.body, berta)
    assert status == 200
    # What was released for one parcel is refused by the recipient for another.
    front.answer = text
    refused = two.open(second, check=False)
    assert f"it is the release of parcel {first.name}" in refused.stderr, refused.stderr
    two.open(first)


class _Overheard:
    """Stands where the source should: keeps what it is asked, and answers as it is told."""

    def __init__(self, two, pair):
        self.body, self.answer = b"", None
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                outer.body = self.rfile.read(int(self.headers["content-length"]))
                body = (outer.answer or "later\n").encode()
                self.send_response(200 if outer.answer else 503)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        source = next(row["certificate"] for name, row in two.source.config.more if name == "[tls]")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(source, Path(source).with_suffix(".key"))
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self):
        self._server.shutdown()
        self._server.server_close()
