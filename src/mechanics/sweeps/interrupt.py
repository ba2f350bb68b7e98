"""Ctrl-C during a sweep: the first asks for an end after the running blocks, the second stops at once."""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class Stop:
    """Whether an end was asked for."""

    def __init__(self) -> None:
        self.asked = False

    def on_signal(self, number: int, frame: Any) -> None:
        """First signal: remember it; second: KeyboardInterrupt."""
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True
        print("\nsweep: finishing the running blocks; press Ctrl-C again to stop at once.", file=sys.stderr)


@contextmanager
def interruptible() -> Iterator[Stop]:
    """Catch Ctrl-C while inside; in another thread than the main one it is left as it is."""
    stop = Stop()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before = signal.signal(signal.SIGINT, stop.on_signal)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before if before is not None else signal.SIG_DFL)
