"""rsyslog, as Debian has it, receiving by TLS, TCP or UDP into a file."""

import os
import shutil
import signal
from pathlib import Path

from rig.process import Process
from rig.process import free_port
from rig.process import wait_until
from rig.x509 import Authority
from rig.x509 import Pair

# Debian has it where not every account looks.
PROGRAM = shutil.which("rsyslogd") or "/usr/sbin/rsyslogd"


class Rsyslog:
    """One receiver; may be stopped and started again. `pair` and `authority`: by TLS, with certificates on both sides."""

    def __init__(self, folder: Path, kind: str = "tcp", *, pair: Pair | None = None, authority: Authority | None = None):
        self.folder = Path(folder) / f"rsyslog-{kind}"
        self.folder.mkdir(parents=True)
        self.kind, self.port = kind, free_port()
        self.file = self.folder / "received.log"
        self.process: Process | None = None
        lines = [f'global(workDirectory="{self.folder}" maxMessageSize="256k" parser.escapeControlCharactersOnReceive="off")']
        if kind == "tls":
            lines.append(
                f'global(defaultNetstreamDriverCAFile="{authority.certificate}"'
                f' defaultNetstreamDriverCertFile="{pair.certificate}" defaultNetstreamDriverKeyFile="{pair.key}")'
            )
            lines.append('module(load="imtcp" streamDriver.name="ossl" streamDriver.mode="1" streamDriver.authMode="x509/certvalid")')
        else:
            lines.append(f'module(load="im{kind}")')
        name = "imudp" if kind == "udp" else "imtcp"
        lines.append(f'input(type="{name}" address="127.0.0.1" port="{self.port}")')
        lines.append('template(name="whole" type="string" string="%rawmsg%\\n")')
        lines.append(f'action(type="omfile" file="{self.file}" template="whole")')
        self.config = self.folder / "rsyslog.conf"
        self.config.write_text("\n".join(lines) + "\n")
        self.start()

    @property
    def url(self) -> str:
        return f"{self.kind}://127.0.0.1:{self.port}"

    def start(self) -> "Rsyslog":
        argv = [PROGRAM, "-n", "-f", str(self.config), "-i", str(self.folder / "pid")]
        self.process = Process("rsyslogd", argv, self.folder)
        if self.kind == "udp":
            bound = f":{self.port:04X}"
            wait_until(lambda: bound in Path("/proc/net/udp").read_text(), 10, "rsyslogd listens")
        else:
            self.process.wait_for_port(self.port)
        return self

    def stop(self) -> None:
        if self.process:
            process, self.process = self.process, None
            process.stop()

    def kill(self) -> None:
        process, self.process = self.process, None
        process.kill()

    def freeze(self, frozen: bool = True) -> None:
        """It listens, and reads nothing."""
        os.kill(self.process.popen.pid, signal.SIGSTOP if frozen else signal.SIGCONT)

    def messages(self) -> list[str]:
        """What it received, a message a line."""
        return self.file.read_text(encoding="utf-8").splitlines() if self.file.exists() else []
