"""Final states from high-precision arithmetic; written by scripts/reference_states.py, not by hand."""

from typing import Any

ERRORS: dict[str, float] = {}
STATES: dict[str, tuple[float, ...]] = {}


def stored(name: str) -> dict[str, Any]:
    """`final` and `final_error` of a record, or nothing while none has been computed."""
    return {"final": STATES[name], "final_error": ERRORS[name]} if name in STATES else {}
