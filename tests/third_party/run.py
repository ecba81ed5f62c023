"""Software that is not ours verifies what we export, and refuses it with a flipped bit.

A gateway writes a ledger; `credence ledger export --tiles` copies it twice, `credence ledger proof`
proves some entries. A Go program (go/main.go) verifies all of it with golang.org/x/mod/sumdb, built
from Debian's packages golang-go and golang-golang-x-mod-dev without any download. Debian's age
decrypts an export that was encrypted for it. Last line: "N passed, N failed".
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from rig.gateway import Config
from rig.gateway import Gateway
from rig.gateway import Peer
from rig.gateway import cache
from rig.process import wait_until

HERE = Path(__file__).resolve().parent
# Where Debian's golang-golang-x-mod-dev puts the module.
GOPATH = Path("/usr/share/gocode")
# More than one tile of 256 hashes, and then more than two.
EARLIER, LATER = 270, 530

passed = failed = 0


def check(what: str, good: bool, more: str = "") -> bool:
    global passed, failed
    passed, failed = (passed + 1, failed) if good else (passed, failed + 1)
    print(f"{'ok' if good else 'FAILED'} {what}{'' if good or not more else ': ' + more}", flush=True)
    return good


def go_verifier(folder: Path) -> Path:
    program = folder / "verify"
    environment = {
        **os.environ, "GO111MODULE": "off", "GOPATH": str(GOPATH), "GOPROXY": "off", "GOFLAGS": "",
        "GOTOOLCHAIN": "local", "GOCACHE": str(cache() / "go-build"),
    }
    built = subprocess.run(["go", "build", "-o", program, HERE / "go" / "main.go"], env=environment, capture_output=True, text=True, timeout=600)
    if built.returncode != 0:
        raise RuntimeError(f"the Go program does not build: {built.stderr}")
    return program


def grow(gateway: Gateway, entries: int) -> None:
    """Consents for as many patients as it takes."""
    with ThreadPoolExecutor(4) as hands:
        list(hands.map(lambda number: gateway.grant(f"P{entries}-{number}"), range(entries - len(gateway.entries()))))


def signed_for(gateway: Gateway) -> int:
    done = gateway.command("ledger", "verify", gateway.data, "--json")
    return int(re.search(r'"signed":(\d+)', done.stdout).group(1))


def prove(gateway: Gateway, folder: Path, entry: int, ledger: Path) -> Path:
    path = folder / f"{entry}.tlog-proof"
    gateway.command("ledger", "proof", "--entry", entry, ledger, "--out", path)
    return path


def own_verdicts(gateway: Gateway, proof: Path, vkey: str) -> None:
    """`credence ledger verify-proof` on a proof, and on a line that is not the one."""
    words = ["ledger", "verify-proof", proof, "--key", vkey]
    good = gateway.command(*words, check=False)
    check(f"credence verifies {proof.name}", good.returncode == 0 and good.stdout.startswith("verified: entry "), good.stdout + good.stderr)
    line = proof.with_suffix(".json").read_bytes()
    changed = proof.with_suffix(".changed")
    changed.write_bytes(line[:20] + bytes([line[20] ^ 1]) + line[21:])
    bad = gateway.command(*words, "--line", changed, check=False)
    check(f"credence refuses {proof.name} for a changed line", bad.returncode == 1 and "NOT verified" in bad.stdout, bad.stdout + bad.stderr)


def run_go(program: Path, vkey: str, earlier: Path, later: Path, proofs: list[Path]) -> None:
    global passed, failed
    done = subprocess.run([program, vkey, earlier, later, *proofs], capture_output=True, text=True, timeout=600)
    print(done.stdout + done.stderr, end="")
    counts = re.search(r"(\d+) passed, (\d+) failed\n\Z", done.stdout)
    if not check("Go's sumdb verifies the exports and refuses the changed ones", done.returncode == 0 and counts is not None):
        failed += int(counts.group(2)) if counts else 0
        return
    passed += int(counts.group(1))


def identity(folder: Path, name: str) -> tuple[Path, str]:
    """A key of age, and the recipient that it is."""
    path = folder / f"{name}.key"
    subprocess.run(["age-keygen", "-o", path], check=True, capture_output=True)
    return path, subprocess.run(["age-keygen", "-y", path], check=True, capture_output=True, text=True).stdout.strip()


def decrypt(file: Path, key: Path, out: Path) -> bool:
    """Decrypts with Debian's age, and unpacks with its tar."""
    done = subprocess.run(["age", "-d", "-i", key, file], capture_output=True)
    if done.returncode != 0:
        return False
    out.mkdir()
    return subprocess.run(["tar", "-x", "-C", out], input=done.stdout, capture_output=True).returncode == 0


def files_in(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def encrypted(gateway: Gateway, folder: Path, clear: Path, vkey: str) -> None:
    (officer, to_officer), (auditor, to_auditor), (stranger, _) = (identity(folder, name) for name in ("officer", "auditor", "stranger"))
    out = folder / "encrypted"
    gateway.command("ledger", "export", gateway.data, "--out", out, "--tiles", "--age", to_officer, "--age", to_auditor)
    check("an encrypted export is one file", list(files_in(out)) == ["export.tar.age"], str(list(files_in(out))))
    file = out / "export.tar.age"
    content = file.read_bytes()
    check("and begins as an age file", content.startswith(b"age-encryption.org/v1\n"))
    check("and holds nothing in clear", not any(word in content for word in (b"entries.jsonl", b"ledger_time", b"tile/", b"ustar")))
    expected = files_in(clear)
    for key in (officer, auditor):
        plain = folder / f"plain-{key.stem}"
        check(f"age decrypts it for the {key.stem}, tar unpacks it", decrypt(file, key, plain))
        check(f"the {key.stem} gets the files of the export in clear", files_in(plain) == expected)
        verified = gateway.command("ledger", "verify", plain, "--key", vkey, check=False)
        check(f"credence verifies what the {key.stem} got", verified.returncode == 0, verified.stdout)
    check("a stranger's key does not decrypt it", not decrypt(file, stranger, folder / "plain-stranger"))
    for name, bad in (("cut", content[:-1]), ("changed", content[:-9] + bytes([content[-9] ^ 1]) + content[-8:])):
        (folder / name).write_bytes(bad)
        check(f"a {name} file is refused", not decrypt(folder / name, officer, folder / f"plain-{name}"))
    again = gateway.command("ledger", "export", gateway.data, "--out", out, "--age", to_officer, check=False)
    check("an export is not overwritten", again.returncode == 1 and file.read_bytes() == content, again.stderr)


def run(folder: Path) -> None:
    program = go_verifier(folder)
    gateway = Gateway(folder / "gateway", Config([Peer("MODALITY", may=["echo", "store"])], []))
    earlier, later = folder / "earlier", folder / "later"
    with gateway:
        vkey = (gateway.data / "ledger.vkey").read_text().strip()
        grow(gateway, EARLIER)
        wait_until(lambda: signed_for(gateway) >= EARLIER, 30, "a checkpoint over the first entries")
        gateway.command("ledger", "export", gateway.data, "--out", earlier, "--tiles")
        proofs = [prove(gateway, folder, entry, gateway.data) for entry in (0, EARLIER - 1)]
        grow(gateway, LATER)
    gateway.command("ledger", "export", gateway.data, "--out", later, "--tiles")
    last = len(gateway.entries()) - 1
    proofs += [prove(gateway, folder, entry, gateway.data) for entry in (1, 255, 256, 511, last)]
    proofs += [prove(gateway, folder, entry, later) for entry in (2, 512)]
    check("a ledger makes no proof of an entry that it has not", gateway.command("ledger", "proof", "--entry", last + 1, gateway.data, check=False).returncode == 1)
    for proof in proofs:
        own_verdicts(gateway, proof, vkey)
    run_go(program, vkey, earlier, later, proofs)
    encrypted(gateway, folder, later, vkey)


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--keep", type=Path, help="work in this folder, which must not exist, and leave it there")
    chosen = arguments.parse_args()
    folder = chosen.keep or Path(tempfile.mkdtemp(prefix="credence-third-party-"))
    folder.mkdir(parents=True, exist_ok=chosen.keep is None)
    try:
        run(folder)
    except (AssertionError, RuntimeError, TimeoutError, OSError, subprocess.SubprocessError) as fault:
        check("the checks ran to their end", False, f"{type(fault).__name__}: {fault}")
    if chosen.keep is None:
        shutil.rmtree(folder)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
