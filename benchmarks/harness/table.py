"""Markdown tables and the file that they are written to."""

import math
import platform
from pathlib import Path

from . import limits, timing


def seconds(value):
    """Three digits with a unit; '-' where there is no value."""
    if value is None or not math.isfinite(value):
        return "-"
    for unit, scale in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6), ("ns", 1e-9)):
        if value >= scale:
            return f"{value / scale:.3g} {unit}"
    return f"{value * 1e9:.3g} ns"


def ratio(value, reference):
    if not value or not reference or not math.isfinite(value / reference):
        return "-"
    return f"{value / reference:.2f}"


def table(head, rows):
    lines = ["| " + " | ".join(row) + " |" for row in (head, ["---"] * len(head), *rows)]
    return "\n".join(lines)


class Report:
    """Collects text, prints it as it comes, and writes the file at every step (a benchmark may be interrupted)."""

    def __init__(self, title, out=None):
        self.out, self.text = out, ""
        self.add(f"# {title}")
        self.add(f"{limits.describe()}. Python {platform.python_version()}; {timing.load()} at the start.")

    def add(self, text):
        self.text += text + "\n\n"
        print(text + "\n", flush=True)
        if self.out:
            Path(self.out).write_text(self.text)
