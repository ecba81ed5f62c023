"""Checks that are counted: each is told as it ends, and none stops those after it."""

import contextlib
import time
import traceback


class Checks:
    """`passed` and `failed`, and what failed."""

    def __init__(self):
        self.passed = 0
        self.failures: list[str] = []
        # What was measured, for --json.
        self.rows: list[dict] = []

    @property
    def failed(self) -> int:
        return len(self.failures)

    @contextlib.contextmanager
    def check(self, what: str):
        """One check: good unless the block raises."""
        started = time.monotonic()
        try:
            yield
        except Exception as fault:
            self.failures.append(what)
            print(f"FAILED {what}: {type(fault).__name__}: {fault}", flush=True)
            if not isinstance(fault, AssertionError):
                traceback.print_exc()
        else:
            self.passed += 1
            print(f"ok     {what} ({time.monotonic() - started:.1f} s)", flush=True)

    def bar(self, what: str, value: float, *, at_least: float | None = None, at_most: float | None = None) -> None:
        """A measured value and its bound, as one check."""
        bounds = [f"≥ {at_least:g}" if at_least is not None else "", f"≤ {at_most:g}" if at_most is not None else ""]
        bound = " and ".join(filter(None, bounds))
        self.rows.append({"what": what, "value": round(value, 4), "bar": bound})
        with self.check(f"{what}: {value:.3g}, asked {bound}"):
            assert at_least is None or value >= at_least, "missed"
            assert at_most is None or value <= at_most, "missed"

    def told(self, what: str, **values) -> None:
        """Something that was measured, and has no bound."""
        self.rows.append({"what": what, **values})
        print(f"       {what}: {', '.join(f'{key} {value}' for key, value in values.items())}", flush=True)

    def total(self) -> str:
        return f"{self.passed} passed, {self.failed} failed"
