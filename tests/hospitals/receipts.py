"""What the two ledgers say of the receipts that both gateways sign for what moved between them."""

import json
from pathlib import Path

from hospitals.houses import Hospital
from hospitals.houses import Hospitals
from rig.process import wait_until

# A receipt that could not be delivered is tried again after at most a minute ([exchange] retry_max_s).
SETTLED_WITHIN_S = 90


def of(hospital: Hospital, into: Path) -> dict[int, str]:
    """How far each receipt is, by the number of the hospital's own decision, as a stranger reads it in an export."""
    hospital.command("ledger", "export", hospital.gateway.data, "--out", into)
    standings = {}
    for line in (into / "entries.jsonl").read_text().splitlines():
        body = json.loads(line)["event"]["body"]
        if body["kind"] == "receipt":
            standings[body["decision"]] = body["standing"]
    return standings


class Receipts:
    """Looked at again and again, each time by an export of both ledgers."""

    def __init__(self, hospitals: Hospitals):
        self.hospitals = hospitals
        self.known = 0
        self._exports = 0

    def now(self) -> dict[str, list[str]]:
        """The standings of all receipts in both ledgers."""
        self._exports += 1
        found = {}
        for hospital in (self.hospitals.anna, self.hospitals.lakeside):
            into = hospital.folder / f"export-{self._exports}"
            found[hospital.slug] = sorted(of(hospital, into).values())
        return found

    def came(self, more: int) -> None:
        """So many more than at the last look, neither fewer nor others beside them, in both ledgers, and all agreed on."""
        wanted = ["agreed"] * (self.known + more)
        found = {}

        def settled() -> bool:
            found.update(self.now())
            return all(standings == wanted for standings in found.values())

        try:
            wait_until(settled, SETTLED_WITHIN_S, f"{len(wanted)} receipts that are agreed on", every_s=1)
        except TimeoutError as late:
            raise AssertionError(f"{late}: {found}") from None
        finally:
            # One that is missing, or too many, is told of once.
            self.known = max(map(len, found.values()), default=self.known)
