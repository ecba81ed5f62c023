"""What the documents say works: README.md's blocks are run as printed, and names and links lead somewhere.

A fenced block says behind its language what it is: `file=PATH` is written to that path, `serve=PORT` is started
and left running, `run` must succeed, `run=refused` must fail, and `output` lists lines that the block before it
printed. Only port numbers are exchanged, so that this runs beside whatever else the machine does.
"""

import json
import os
import re
import subprocess
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import pytest

from rig.gateway import ROOT
from rig.gateway import binary
from rig.process import Process
from rig.process import free_port
from rig.process import peer_environment

PORTS = ["4242", "8042", "11112", "11113", "11114"]
# Not run here: the build, and the two commands, one of which runs this test.
NOT_RUN = ["cargo build --release", "cargo run --release -- demo", "tests/run"]
BLOCK = re.compile(r"^```(\w+)(?: ([^\n]+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]+\]\(([^)\s]+)\)")


@dataclass
class Block:
    language: str
    role: str
    argument: str
    text: str


def blocks(document: str) -> list[Block]:
    found = []
    for language, info, text in BLOCK.findall(document):
        role, _, argument = (info or "").partition("=")
        found.append(Block(language, role, argument, text))
    return found


class Reader:
    """Someone who does what a document says, in a fresh checkout."""

    def __init__(self, folder: Path, stage, ports: list[str] = PORTS):
        self.stage = stage
        self.folder = folder / "checkout"
        self.folder.mkdir()
        for name in ("fixtures", "gateway-config"):
            (self.folder / name).symlink_to(ROOT / name)
        programs = folder / "bin"
        programs.mkdir()
        (programs / "credence").symlink_to(binary())
        self.environment = peer_environment()
        self.environment["PATH"] = f"{programs}:{os.environ['PATH']}:/usr/sbin"
        self.ports = {port: str(free_port()) for port in ports}
        self.printed = ""

    def here(self, text: str) -> str:
        """`text` with this run's ports."""
        return re.sub(r"\b(" + "|".join(self.ports) + r")\b", lambda found: self.ports[found[0]], text)

    def do(self, block: Block) -> None:
        text = self.here(block.text)
        match block.role:
            case "file":
                path = self.folder / block.argument
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
            case "serve":
                name = text.split()[0]
                process = self.stage.keep(Process(name, ["bash", "-c", f"exec {text}"], self.folder, self.environment))
                process.wait_for_port(int(self.here(block.argument)), 60)
            case "run":
                done = self.run(text)
                assert (done.returncode != 0) == (block.argument == "refused"), f"{text}\n{self.printed}"
            case "output":
                for line in text.splitlines():
                    assert line in self.printed, f"{line!r} is not in what was printed:\n{self.printed}"
            case _:
                assert block.language != "sh" or any(text.startswith(words) for words in NOT_RUN), f"not marked:\n{text}"

    def run(self, text: str) -> subprocess.CompletedProcess:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", text], cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", timeout=120,
        )
        self.printed = done.stdout
        return done

    def images(self, folder: str) -> int:
        return sum(1 for path in (self.folder / folder).iterdir() if path.is_file())


def test_what_the_readme_prints_works_as_printed(tmp_path, stage):
    reader = Reader(tmp_path, stage)
    roles = []
    for block in blocks((ROOT / "README.md").read_text()):
        reader.do(block)
        roles.append(block.role)
        if block.argument == "refused":
            assert reader.images("pilot/lakeside") == 0
    assert roles.count("file") == 2 and roles.count("serve") == 2 and roles.count("run") >= 8
    slices = len(list((ROOT / "fixtures" / "ada-ct").iterdir()))
    assert reader.images("pilot/ws1") == slices
    assert reader.images("pilot/lakeside") == slices
    with urllib.request.urlopen(reader.here("http://127.0.0.1:8042/statistics"), timeout=10) as answer:
        stored = json.load(answer)["CountInstances"]
    assert stored == len(list((ROOT / "fixtures").glob("*/*.dcm")))


def documents() -> list[Path]:
    return sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("fixtures/*.md")])


@pytest.mark.parametrize("document", documents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_links_between_documents_lead_somewhere(document):
    for link in LINK.findall(document.read_text()):
        target, _, anchor = link.partition("#")
        if target.startswith(("http://", "https://")):
            continue
        path = (document.parent / target).resolve() if target else document
        assert path.exists(), f"{document.name}: {link}"
        if anchor:
            titles = re.findall(r"^#+ (.+)$", path.read_text(), re.MULTILINE)
            anchors = [re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles]
            assert anchor in anchors, f"{document.name}: {link}"


def test_every_test_and_file_that_the_architecture_names_exists():
    text = (ROOT / "ARCHITECTURE.md").read_text()
    sources = [path for pattern in ("src/**/*.rs", "tests/**/*.rs", "tests/**/*.py") for path in ROOT.glob(pattern)]
    code = {path: path.read_text() for path in sources}
    paths = set(re.findall(r"`((?:src|tests|docs|gateway-config|fixtures)/[\w./*-]+)`", text))
    assert paths
    missing = [path for path in paths if not list(ROOT.glob(path.rstrip("/")))]
    promised = text.partition("## Promises")[2].partition("\n## ")[0]
    names = set(re.findall(r"`(\w+_\w+_\w+\w*)`", promised))
    assert len(names) >= 9
    missing += [name for name in names if not any(re.search(rf"\b(fn|def) {name}\b", source) for source in code.values())]
    assert not missing
