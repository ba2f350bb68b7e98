"""Numbers in plain words: true minus signs, errors beside values, subscripts, and what is not determined."""

import re
from typing import Any

from markupsafe import Markup, escape

MINUS = "\N{MINUS SIGN}"


def number(value: float | None, digits: int = 3, *, sign: bool = False) -> str:
    """A decimal with a true minus sign; a dash for None."""
    if value is None:
        return "\N{EM DASH}"
    shown = f"{value:+.{digits}f}" if sign else f"{value:.{digits}f}"
    return shown.replace("-", MINUS)


def plus_minus(value: float | None, error: float | None, digits: int = 3, *, sign: bool = False) -> str:
    """Value and standard error; the value alone where there is no error."""
    shown = number(value, digits, sign=sign)
    return shown if value is None or error is None else f"{shown} ± {number(error, digits)}"


def estimate(setting: dict[str, Any], name: str, digits: int = 3, *, sign: bool = False) -> str:
    """A fitted parameter with its error; a bound, or the plain statement that the data do not determine it."""
    value, (low, high) = setting[name], setting[f"{name}_interval"]
    if setting[f"{name}_identified"]:
        return plus_minus(value, setting[f"{name}_se"], digits, sign=sign)
    if low and high is None:
        return f"at least {number(low, digits)}; not determined"
    if high is not None and not low:
        return f"at most {number(high, digits)}; not determined"
    return "not determined"


def with_subscripts(text: str) -> Markup:
    """Text for a page: escaped, and D_l or μ_eff set with a subscript."""
    return Markup(re.sub(r"\b([A-Za-zμ])_(eff|left|right|\w)\b", r"<i>\1</i><sub>\2</sub>", str(escape(text))))


def listed(items: list[str]) -> str:
    """'a, b and c'."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"
