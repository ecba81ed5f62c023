"""The same line without gateways: PACS and workstation, and between them socat with mutual TLS at both ends."""

from rig.process import Process
from rig.process import free_port

# What 20 ms at 200 Mbit/s have on their way, several times over, in one read.
BUFFER = 131072


def tls(own, other) -> str:
    return f"nodelay,cert={own.certificate},key={own.key},cafile={other.authority},verify=1"


class Tunnel:
    """From a loopback port of one hospital to a loopback port of the other, over TLS."""

    def __init__(self, hospitals, near, far, far_port: int, wan_port: int):
        out = f"OPENSSL:{far.site.address}:{wan_port},{tls(near, far)},commonname={far.site.address}"
        accepting = f"OPENSSL-LISTEN:{wan_port},bind={far.site.address},reuseaddr,fork,backlog=128,{tls(far, near)}"
        there = hospitals.serve(
            far, Process, "socat-in", ["socat", "-b", BUFFER, accepting, f"TCP:127.0.0.1:{far_port},nodelay"],
            far.folder / f"tunnel-{wan_port}",
        )
        with far.site:
            there.wait_for_port(wan_port)
        with near.site:
            self.port = free_port()
        listening = f"TCP-LISTEN:{self.port},bind=127.0.0.1,reuseaddr,fork,nodelay,backlog=128"
        here = hospitals.serve(
            near, Process, "socat-out", ["socat", "-b", BUFFER, listening, out], near.folder / f"tunnel-{wan_port}"
        )
        with near.site:
            here.wait_for_port(self.port)
