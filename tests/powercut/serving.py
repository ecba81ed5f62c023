"""Starting a gateway, by another program where one is named."""

from rig.gateway import Gateway
from rig.gateway import binary
from rig.process import Process
from rig.process import peer_environment
from rig.process import wait_until

# What it logs when all is open; the control socket comes after the listeners.
READY = "credence::cli::serve: ready"


def serve(gateway: Gateway, words_before: list = ()) -> bool:
    """Starts it; whether it serves. If not, it has ended."""
    (gateway.folder / "credence.log").unlink(missing_ok=True)
    environment = {**peer_environment(), "RUST_LOG": "credence=info"}
    words = [*words_before, binary(), "serve", "--config", gateway.file]
    process = gateway.process = Process("credence", words, gateway.folder, environment)
    wait_until(lambda: not process.alive() or READY in process.output(), 60, "a gateway that serves")
    return process.alive()
