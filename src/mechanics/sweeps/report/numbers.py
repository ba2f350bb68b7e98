"""Numbers as a reader wants them: a true minus sign, powers of ten, as many digits as the error allows."""

import math

MINUS = "\N{MINUS SIGN}"
DASH = "\N{EM DASH}"
SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
ROUNDING = 1e-7  # relative error from which on a value is as good as exact: single precision on the page
PLAIN = (1e-4, 1e5)  # magnitudes written without a power of ten


def number(value: float | None, digits: int = 4) -> str:
    """A number with `digits` significant digits; a dash where there is none."""
    if value is None or math.isnan(value):
        return DASH
    if math.isinf(value):
        return "∞" if value > 0 else f"{MINUS}∞"
    shown = f"{value or 0.0:.{digits}g}"
    if value == 0 or PLAIN[0] <= abs(value) < PLAIN[1]:
        return (f"{float(shown):.0f}" if "e" in shown else shown).replace("-", MINUS)
    mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
    if "." in mantissa:
        mantissa = mantissa.rstrip("0").rstrip(".")
    power = "10" + str(int(exponent)).translate(SUPERSCRIPTS)
    if mantissa in ("1", "-1"):
        return mantissa.replace("1", power).replace("-", MINUS, 1)
    return f"{mantissa}·{power}".replace("-", MINUS)


def with_error(value: float, error: float | None) -> str:
    """Value ± standard error, both to the second digit of the error."""
    if error is None or not math.isfinite(error) or not math.isfinite(value):
        return number(value)
    size = max(abs(value), error)
    if error == 0:
        return f"{number(value)} ± 0"
    if error < ROUNDING * size:
        return f"{number(value, 8)} ± {number(error, 1)}"
    if PLAIN[0] <= error and size < PLAIN[1]:
        return _rounded(value, error)
    exponent = math.floor(math.log10(size))
    power = "10" + str(exponent).translate(SUPERSCRIPTS)
    return f"({_rounded(value / 10.0**exponent, error / 10.0**exponent)})·{power}"


def _rounded(value: float, error: float) -> str:
    digits = min(12, 1 - math.floor(math.log10(error)))
    shown = (f"{round(v, digits) + 0.0:.{max(0, digits)}f}" for v in (value, error))
    return " ± ".join(shown).replace("-", MINUS)


def plural(n: int, noun: str) -> str:
    """'1 cell', '2 cells'."""
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def ordinal(n: int) -> str:
    """'other' for 2 (every other), 'third', '4th', ..."""
    return {2: "other", 3: "third"}.get(n, f"{n}th")
