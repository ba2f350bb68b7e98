"""What is kept of a member's state at each requested time: the states themselves, or sums that do not grow.

collect(kept, k, t, y)    kept (rows, n) is the member's own; k counts the requested times from 0
"""

from functools import cache
from typing import Any

from .compile import compile_bound, inlined

collect: Any = None


@inlined
def keep_states(kept, k, t, y):  # type: ignore[no-untyped-def]
    """Row k is the state."""
    for m in range(len(y)):
        kept[k, m] = y[m]


@inlined
def keep_moments(kept, k, t, y):  # type: ignore[no-untyped-def]
    """Row 0 is the mean and row 1 the sum of squared deviations so far.

    Welford, Technometrics 4 (1962) 419-420.
    """
    for m in range(len(y)):
        if k == 0:
            kept[0, m], kept[1, m] = y[m], 0.0
        else:
            before = y[m] - kept[0, m]
            kept[0, m] += before / (k + 1)
            kept[1, m] += before * (y[m] - kept[0, m])


@cache
def keep_counts(low: float, high: float, bins: int) -> Any:
    """Rows 0 .. bins - 1 count the states in equal bins of [low, high); two more rows what lies below and above."""
    scale = bins / (high - low)

    @inlined
    def counts(kept, k, t, y):  # type: ignore[no-untyped-def]
        for m in range(len(y)):
            if k == 0:
                for row in range(bins + 2):
                    kept[row, m] = 0.0
            position = (y[m] - low) * scale
            if position < 0.0:
                kept[bins, m] += 1.0
            elif position < bins:
                kept[int(position), m] += 1.0
            else:
                kept[bins + 1, m] += 1.0

    return counts


@cache
def keep_user(function: Any, rows: int) -> Any:
    """The user's `function(t, y, kept)`, on rows that start at zero."""

    @inlined
    def update(kept, k, t, y):  # type: ignore[no-untyped-def]
        if k == 0:
            for row in range(rows):
                for m in range(len(y)):
                    kept[row, m] = 0.0
        function(t, y, kept)

    return update


@cache
def keep_all(pieces: tuple[tuple[Any, int], ...]) -> Any:
    """Several collectors, each with its own rows, one after the other."""
    at = sum(rows for _, rows in pieces)
    together: Any = keep_nothing
    for kernel, rows in reversed(pieces):
        at -= rows
        together = kernel if together is keep_nothing and at == 0 else _keep_both(kernel, at, at + rows, together)
    return together


@inlined
def keep_nothing(kept, k, t, y):  # type: ignore[no-untyped-def]
    """No rows."""


def _keep_both(kernel: Any, start: int, stop: int, others: Any) -> Any:
    @inlined
    def both(kept, k, t, y):  # type: ignore[no-untyped-def]
        kernel(kept[start:stop], k, t, y)
        others(kept, k, t, y)

    return both


def _collect_all(kept, ts, ys):  # type: ignore[no-untyped-def]
    for k in range(len(ts)):
        collect(kept, k, ts[k], ys[k])


def collect_states(kernel: Any, kept: Any, ts: Any, ys: Any) -> None:
    """Apply a collector to states that are all there."""
    compile_bound(_collect_all, collect=kernel)(kept, ts, ys)
