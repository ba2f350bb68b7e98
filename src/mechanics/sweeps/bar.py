"""Progress of a sweep: a bar on a terminal or in a notebook, and one line at its end."""

import sys
import time
from types import TracebackType
from typing import Any

import numpy as np

from .work import Outcome


class Bar:
    """Counts runs; shows them where `show` is true and somebody can see it."""

    def __init__(self, total: int, show: bool, already: int = 0, failed: int = 0) -> None:
        self.total, self.show = total, show
        self.already, self.done, self.failed = already, already, failed
        self.start = time.perf_counter()
        self.bar: Any = None

    def __enter__(self) -> "Bar":
        if self.show:
            from tqdm.auto import tqdm

            self.bar = tqdm(
                total=self.total, initial=self.already, unit="run", unit_scale=True, desc="sweep", disable=None
            )
            self._count_failed()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.bar is not None:
            self.bar.close()

    def add(self, outcome: Outcome) -> None:
        """Count a finished block."""
        n = len(outcome.done)
        self.done += n
        self.failed += n - int(np.count_nonzero(outcome.done))
        if self.bar is not None:
            self._count_failed()
            self.bar.update(n)

    def summarise(self, blocks: int, workers: int) -> None:
        """One line: what was done, how fast, what failed."""
        if not self.show:
            return
        seconds = time.perf_counter() - self.start
        now = self.done - self.already
        left = f", {self.total - self.done} left" if self.done < self.total else ""
        before = f" ({self.already} were there)" if self.already else ""
        print(
            f"sweep: {self.done} of {self.total} runs{before} in {seconds:.1f} s, "
            f"{now / max(seconds, 1e-9):.4g} per s, {self.failed} failed{left}; {blocks} blocks, {workers} workers.",
            file=sys.stderr,
        )

    def _count_failed(self) -> None:
        if self.failed:
            self.bar.set_postfix_str(f"{self.failed} failed", refresh=False)
