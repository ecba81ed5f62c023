#!/usr/bin/env python3
"""Two hospitals: two sites in network namespaces, a line of 200 Mbit/s and 20 ms between them, a gateway in each.

    tests/hospitals/run.py [--only PART] [--long] [--json FILE] [--keep DIR]

Parts: line throughput matrix consent cut. --long: the whole study of 500 images, the line cut for 60 s, and 40 ms
too. Needs root, for the namespaces. The last line is "N passed, N failed".
"""

import argparse
import json
import signal
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from hospitals import consent
from hospitals import cut
from hospitals import line
from hospitals import matrix
from hospitals import parts
from hospitals import throughput
from rig.checks import Checks

PARTS = {"line": line.run, "throughput": throughput.run, "matrix": matrix.run, "consent": consent.run, "cut": cut.run}


def ended(number, _frame) -> None:
    """So that what is to be undone is undone."""
    raise SystemExit(128 + number)


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--only", choices=PARTS, action="append")
    arguments.add_argument("--long", action="store_true")
    arguments.add_argument("--json", type=Path)
    arguments.add_argument("--keep", type=Path, help="work in this folder and leave it there")
    chosen = arguments.parse_args()
    signal.signal(signal.SIGTERM, ended)
    checks = Checks()
    with tempfile.TemporaryDirectory(prefix="credence-hospitals-") as temporary:
        run = parts.Run(checks, chosen.keep or Path(temporary), chosen.long)
        for name in chosen.only or PARTS:
            print(f"-- {name}", flush=True)
            # What a part cannot do at all, such as namespaces, fails here, as one check more.
            with checks.check(f"part {name}"):
                PARTS[name](run)
    if chosen.json:
        chosen.json.parent.mkdir(parents=True, exist_ok=True)
        told = {"long": chosen.long, "rows": checks.rows, "failures": checks.failures}
        chosen.json.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n")
    for failure in checks.failures:
        print(f"failed: {failure}")
    print(f"\n{checks.total()}")
    return 1 if checks.failed else 0


if __name__ == "__main__":
    sys.exit(main())
