"""A gateway with a listener by TLS beside the plain one, its authority, and peers on both."""

import ssl
from pathlib import Path

from rig import dcmtk
from rig import pynet
from rig.gateway import Config
from rig.gateway import OTHER
from rig.gateway import Peer
from rig.process import free_port
from rig.process import wait_until
from rig.x509 import Authority
from rig.x509 import Pair

ECHO = [(pynet.VERIFICATION, ["1.2.840.10008.1.2"])]


class House:
    """`options` are those of Config; `tls` more keys of [tls], `listener` of the listener with TLS."""

    def __init__(self, stage, folder: Path, peers=None, *, tls=None, listener=None, route=None, gateway=None, **options):
        self.stage = stage
        self.authority = Authority(folder / "pki", "authority")
        self.stranger = Authority(folder / "stranger", "stranger")
        self.gateway_pair = gateway(self.authority) if gateway else self.authority.issue("gateway", ips=["127.0.0.1"], dns=["localhost"])
        self.modality = self.authority.issue("modality", dns=["modality.st-anna.example"])
        self.dest = None if route else stage.serve(pynet.Destination, "DEST")
        self.tls_port = free_port()
        rows = peers(self) if peers else [
            Peer("MODALITY", may=["echo", "store"], more={"certificates": ["dns:modality.st-anna.example"]}),
        ]
        if self.dest:
            rows = [*rows, Peer("DEST", port=self.dest.port)]
        more = options.pop("more", [])
        listening = {"address": f"127.0.0.1:{self.tls_port}", "tls": True, **(listener or {})}
        certified = {
            "certificate": str(self.gateway_pair.certificate),
            "key": str(self.gateway_pair.key),
            "authorities": [str(self.authority.certificate)],
            **(tls or {}),
        }
        config = Config(
            rows, [route or (["CREDENCE", "CREDENCE_ER"], ["storage"], "dest", {"delivery": "direct"})],
            more=[("[[listener]]", listening), ("[tls]", certified), *more], **options,
        )
        self.gateway = stage.gateway(config)

    # Peers that speak TLS.

    def words(self, pair: Pair | None, authority: Path | None = None) -> list:
        """DCMTK's arguments: its certificate, and whom it believes."""
        own = ["+tls", pair.key, pair.certificate] if pair else ["+tla"]
        return [*own, "+cf", authority or self.authority.certificate]

    def echoscu(self, pair: Pair | None, *words, **options):
        return dcmtk.echoscu(self.tls_port, *self.words(pair), *words, **options)

    def storescu(self, pair: Pair | None, instances, *words, **options):
        files = [instance.path for instance in instances]
        return dcmtk.storescu(self.tls_port, files, *self.words(pair), *words, **options)

    def context(self, pair: Pair | None) -> ssl.SSLContext:
        """Of pynetdicom as requestor."""
        made = ssl.create_default_context(cafile=str(self.authority.certificate))
        if pair:
            made.load_cert_chain(pair.certificate, pair.key)
        return made

    def associate(self, pair: Pair | None, contexts=None, *, calling="MODALITY", called="CREDENCE", bind=None, context=None):
        """A pynetdicom association by TLS; it may have been rejected."""
        entity = pynet.requestor(calling, contexts or ECHO)
        return entity.associate(
            "127.0.0.1", self.tls_port, ae_title=called, bind_address=bind or ("127.0.0.1", 0),
            tls_args=(context or self.context(pair), "localhost"),
        )

    # What the ledger was told.

    def alerts(self, code: str) -> list[str]:
        return [body["text"] for body in self.gateway.bodies("alert") if body["code"] == code]

    def told(self, code: str, text: str) -> str:
        """The alert that has `text` in it, once it is there."""
        found = lambda: next((alert for alert in self.alerts(code) if text in alert), None)
        return wait_until(found, 10, f"an alert {code} with {text!r}")

    def forwarded_nothing(self) -> bool:
        return not self.dest.requests and not self.dest.instances()


def foreign(aet: str = "BERTA", **more) -> Peer:
    """A modality of the other institution."""
    return Peer(aet, institution=OTHER, may=["echo", "store"], more=more)
