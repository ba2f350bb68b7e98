"""Whether the buffers of a run have room for one more step."""

from typing import Any

from .compile import inlined
from .events import MOST
from .layout import LOGGED, SAVED


@inlined
def never(whole, ts, log, marks):  # type: ignore[no-untyped-def]
    """Nothing grows with the number of steps."""
    return False


@inlined
def rows(whole, ts, log, marks):  # type: ignore[no-untyped-def]
    """Every step is saved."""
    return whole[SAVED] == len(ts)


@inlined
def log_rows(whole, ts, log, marks):  # type: ignore[no-untyped-def]
    """Events are logged."""
    return whole[LOGGED] + MOST * marks.shape[1] > len(log)


@inlined
def either(whole, ts, log, marks):  # type: ignore[no-untyped-def]
    """Every step is saved and events are logged."""
    return rows(whole, ts, log, marks) or log_rows(whole, ts, log, marks)


def choose(*, grows: bool, events: bool) -> Any:
    """The check for these choices."""
    return {(False, False): never, (True, False): rows, (False, True): log_rows, (True, True): either}[grows, events]
