"""Tables of the page, as rows of words."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from mechanics.pages.words import MINUS

from ..experiments.paths.records import BarrierRow, Interval, Spectrum, Verdict
from ..experiments.paths.result import PathDependence
from ..experiments.paths.settings import parameters_of

Table = dict[str, Any]
DASH = "\N{EM DASH}"


def short(value: float, digits: int = 3) -> str:
    """Three significant digits, a true minus sign; a dash for nan."""
    return f"{value:.{digits}g}".replace("-", MINUS) if np.isfinite(value) else DASH


def between(interval: Interval) -> str:
    """An interval, or a dash."""
    return f"{short(interval[0])} to {short(interval[1])}" if np.isfinite(interval).all() else DASH


def hypotheses(verdicts: Sequence[Verdict]) -> Table:
    """Verdicts with effects and intervals."""
    rows = [
        [
            h.statement,
            h.verdict + (f" ({h.remark})" if h.remark else ""),
            short(h.effect),
            between(h.interval),
            h.claim,
            h.quantity,
        ]
        for h in verdicts
    ]
    return {"head": ["hypothesis", "verdict", "effect", "95 % interval", "claimed", "effect is"], "rows": rows}


def spreads(found: PathDependence) -> Table:
    """How effects differ between baselines, and between copies of one."""
    rows = [
        [
            h.key,
            ", ".join(short(e, 2) for e in h.effects) or DASH,
            short(h.between, 2),
            short(h.within, 2),
            between(h.interval) + ("" if h.method == "copies" else f" ({h.method})"),
            between(h.bootstrap),
        ]
        for h in (*found.hypotheses, *found.second)
    ]
    head = ["hypothesis", "effect of each baseline", "sd between baselines", "sd between copies", "95 % interval"]
    return {"head": [*head, "hierarchical bootstrap"], "rows": rows}


def lengths(found: PathDependence) -> Table:
    """Effects and verdicts after shares of the steps."""
    rows = []
    for r in found.lengths:
        after = [f"{short(e)} ({v})" if np.isfinite(e) else DASH for e, v in zip(r.effects, r.verdicts, strict=True)]
        rows.append([r.key, *after, "yes" if r.robust else "no"])
    shares = found.lengths[0].shares if found.lengths else ()
    head = ["hypothesis", *(f"{100 * share:.0f} % of the steps" for share in shares), "the same at all"]
    return {"head": head, "rows": rows}


def scalings(found: PathDependence) -> Table:
    """Powers along the axes."""
    rows = [
        [r.axis, r.quantity, short(r.exponent), between(r.interval), short(r.residual), r.verdict]
        for r in found.scalings
    ]
    return {"head": ["axis", "quantity", "power", "95 % interval", "off the line (ln)", "verdict"], "rows": rows}


def laws(found: PathDependence) -> Table:
    """Best law of each curve."""
    rows = [
        [
            r.setting,
            "weights" if r.curve == "distance_2" else "functions",
            r.law,
            _parameters(r.parameters, r.intervals),
            short(r.rms),
            r.verdict,
        ]
        for r in found.laws
    ]
    return {"head": ["setting", "distance", "law", "parameters [95 %]", "rms of ln d", "verdict"], "rows": rows}


def spectra(found: PathDependence) -> Table:
    """Exponents of each training."""
    rows = [
        [_of(s), _list(s.exponents), _list(s.stderr), _list(s.function), short(s.edge), s.verdict]
        for s in found.spectra
    ]
    head = ["setting", "exponents per step", "standard errors", "function space", "edge of stability", "verdict"]
    return {"head": head, "rows": rows}


def barriers(found: PathDependence) -> Table:
    """Mean distances and barriers."""
    rows = [
        [
            _of(b),
            f"{len(b.raw)}",
            *(short(float(np.mean(v))) if v else DASH for v in (b.raw, b.aligned, b.before, b.after)),
        ]
        for b in found.barriers
    ]
    return {"head": ["setting", "pairs", "|w − w'|", "aligned", "barrier", "aligned"], "rows": rows}


def settings(found: PathDependence) -> Table:
    """All trainings."""
    rows = []
    for s in found.plan.settings:
        made = [runs[s.name] for runs in found.trainings if s.name in runs]
        ends = [float(r.baseline["test/accuracy"][-1]) for r in made]
        accuracy = " to ".join(dict.fromkeys(short(end) for end in (min(ends), max(ends)))) if ends else DASH
        count = found.plan.copies * found.plan.baselines
        done = f"{sum(int(r.finished.sum()) for r in made)} of {count}" if made else "not run"
        rule = s.optimiser + (f", momentum {s.momentum:g}" if s.momentum else "")
        rows.append([s.name, f"{s.width} x {s.hidden}", f"{parameters_of(s)}", rule, f"{s.lr:g}", f"{s.batch_size}",
                     f"{s.weight_decay:g}", f"{s.eps:.4g}", f"{s.steps}", done, accuracy])  # fmt: skip
    shape = ["setting", "width x hidden", "parameters"]
    head = [*shape, "optimiser", "lr", "batch", "decay", "eps / |w|", "steps", "copies", "test accuracy"]
    return {"head": head, "rows": rows}


def _parameters(values: dict[str, float], intervals: dict[str, Interval]) -> str:
    return "; ".join(f"{k} = {short(v)} [{between(intervals[k])}]" for k, v in values.items()) or DASH


def _of(row: Spectrum | BarrierRow) -> str:
    return f"{row.setting}, baseline {row.baseline}" if row.baseline else row.setting


def _list(values: Sequence[float]) -> str:
    return ", ".join(short(v, 2) for v in values) or DASH
