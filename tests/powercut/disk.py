"""The disk whose power can be cut (disk.c), an ext4 file system on it, and what is cut off it."""

import os
import queue
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent


@dataclass
class Cut:
    """What the disk would have held at `time_ns` (CLOCK_MONOTONIC), in `file`."""

    file: Path
    time_ns: int
    cached: int
    lost: int
    mode: str
    phase: str = ""

    def __str__(self) -> str:
        return f"{self.phase}: {self.lost} of {self.cached} unflushed sectors lost ({self.mode})"


def run(*words, check: bool = True) -> subprocess.CompletedProcess:
    """A system command; its output is only of interest when it fails."""
    done = subprocess.run([str(word) for word in words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120)
    if check and done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, words))}: exit {done.returncode}\n{done.stdout}")
    return done


def compile_helpers(folder: Path) -> dict[str, Path]:
    """disk.c and unsynced.c, compiled."""
    made = {}
    for name in ("disk", "unsynced"):
        made[name] = folder / name
        run("cc", "-O2", "-Wall", "-o", made[name], HERE / f"{name}.c")
    return made


def empty_image(path: Path, mib: int) -> Path:
    """An ext4 file system with nothing in it."""
    with open(path, "wb") as file:
        file.truncate(mib << 20)
    run("mkfs.ext4", "-q", "-b", "4096", "-E", "lazy_itable_init=0,lazy_journal_init=0", path)
    return path


def unmount(path: Path) -> None:
    """Some process may still be looking; gives it a moment."""
    for attempt in range(50):
        if run("umount", path, check=False).returncode == 0:
            return
        time.sleep(0.1)
    run("umount", path)


class Mounted:
    """An image, mounted as it is: the file system replays its journal first, as after a power cut."""

    def __init__(self, image: Path, root: Path):
        root.mkdir(parents=True, exist_ok=True)
        self.root = root
        run("mount", "-o", "loop", image, root)

    def __enter__(self) -> Path:
        return self.root

    def __exit__(self, *_) -> None:
        unmount(self.root)


class Disk:
    """A running disk with a mounted file system at `root`. The image that it begins from is not changed."""

    def __init__(self, program: Path, folder: Path, image: Path, seed: int, flush_us: int = 1500):
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.root = folder / "root"
        self._fuse = folder / "fuse"
        self.root.mkdir(exist_ok=True)
        self._fuse.mkdir(exist_ok=True)
        self._cuts: queue.Queue[Cut] = queue.Queue()
        self._said: queue.Queue[str] = queue.Queue()
        self._made = 0
        self._process = subprocess.Popen(
            [program, self._fuse, image, str(seed), str(flush_us)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        threading.Thread(target=self._listen, daemon=True).start()
        if self._said.get(timeout=60) != "ready":
            raise RuntimeError("the disk did not start")
        run("mount", "-o", "loop", self._fuse / "disk", self.root)

    def _listen(self) -> None:
        for line in self._process.stdout:
            words = line.split()
            if words[0] == "cut":
                self._cuts.put(Cut(Path(words[1]), int(words[2]), int(words[3]), int(words[4]), words[5]))
            else:
                self._said.put(line.strip())
        self._said.put("ended")

    def _tell(self, line: str) -> None:
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def arm(self, after: int) -> None:
        """A cut after so many more events of the disk."""
        self._made += 1
        self._tell(f"cut {after} {self.folder / f'cut-{self._made}.img'}")

    def taken(self, count: int, timeout_s: float) -> list[Cut]:
        """`count` cuts that were armed; those that do not come in time are made then."""
        deadline = time.monotonic() + timeout_s
        cuts: list[Cut] = []
        while len(cuts) < count:
            try:
                cuts.append(self._cuts.get(timeout=max(0.01, deadline - time.monotonic())))
            except queue.Empty:
                if self._process.poll() is not None:
                    raise RuntimeError("the disk ended by itself") from None
                self._tell("now")
                deadline = time.monotonic() + 60
        return cuts

    def events(self) -> int:
        """How many events there were."""
        self._tell("count")
        return int(self._said.get(timeout=60).split()[1])

    def close(self) -> None:
        """Unmounts, and ends the disk."""
        unmount(self.root)
        unmount(self._fuse)
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def __enter__(self) -> "Disk":
        return self

    def __exit__(self, *_) -> None:
        self.close()


def free_bytes(folder: Path) -> int:
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize
