"""The comparison in plain sentences: who wins what, whether chains add to curves, whether the best one fits."""

from collections.abc import Sequence

from ..data import ChainData
from .folds import WORDS
from .result import ModelScore

CLEAR = 2.0  # standard errors of a paired difference
COURSES = {"relaxing": "that relaxes", "measured": "driven by the measured end", "free": "free at every epoch"}
ARTICLES = {"line": "a straight line", "parabola": "a parabola", "exponential": "an exponential"}


def verdict_of(
    rows: Sequence[ModelScore],
    *,
    data: ChainData,
    counted: float,
    observations: float,
    reference: str,
    unit: float | None,
    notes: Sequence[str],
    gain: float | None,
) -> str:
    """All sentences."""
    said = list(notes)
    said.append(f"{_count(rows)} compared on {_size(data, unit)}.")
    if rows[0].held_out:
        said.append(f"Held-out errors: {_winners(rows)}.")
        said.append(_leader(rows))
    said.append(_criterion(rows, counted, observations, reference))
    for sees_end, words in ((False, "Without the measured end"), (True, "Given the measured end")):
        group = [row for row in rows if row.sees_end == sees_end]
        said += [f"{words}, {chain_or_curve(group)}"] if group and rows[0].held_out else []
    chains = [row for row in rows if row.family == "chain"]
    for row in dict.fromkeys(id(r) for r in (rows[0], *chains[:1])):
        said.append(_goodness(next(r for r in rows if id(r) == row), data.histories))
    unsettled = [row.label for row in rows if not row.converged]
    if unsettled:
        said.append(f"Not settled: {'; '.join(unsettled)} - these could only become better.")
    if gain is not None and gain > 0.01:
        said.append(
            f"Started cold, the best chain's fits without some epochs come out up to {100 * gain:.0f} % lower in their "
            "sum of squares: their errors here are not the last word."
        )
    return " ".join(said)


def differences(one: ModelScore, other: ModelScore) -> dict[str, tuple[float, float]]:
    """Held-out score of one minus the other's and its standard error, by kind."""
    return {kind: one.held_out[kind].minus(other.held_out[kind]) for kind in one.held_out}


def better_in(one: ModelScore, other: ModelScore) -> list[str]:
    """Kinds in which one foretells better than the other by more than two standard errors of the paired difference."""
    return [kind for kind, (gap, error) in differences(one, other).items() if gap < -CLEAR * error]


def chain_or_curve(group: Sequence[ModelScore]) -> str:
    """Whether the best chain of a group foretells better than its best curve, both by their totals."""
    chains = [row for row in group if row.family == "chain"]
    curves = [row for row in group if row.family == "curve"]
    if not chains or not curves:
        return f"only {'curves' if curves else 'chains'} were compared."
    chain, curve = chains[0], curves[0]
    ahead, behind = better_in(chain, curve), better_in(curve, chain)
    name = f"{ARTICLES[curve.name]} {COURSES[curve.course]}"
    if ahead and not behind:
        return f"the chain ({chain.label}) foretells better than the best curve, {name}: {_gaps(chain, curve, ahead)}."
    if behind and not ahead:
        return f"{name} foretells better than the best chain, {chain.label}: {_gaps(curve, chain, behind)}."
    if ahead and behind:
        return (
            f"neither is better throughout: the chain ({chain.label}) foretells {_list(ahead)} better, {name} "
            f"{_list(behind)}."
        )
    return f"the chain ({chain.label}) adds nothing over {name} that these errors can tell."


def _count(rows: Sequence[ModelScore]) -> str:
    chains = sum(row.family == "chain" for row in rows)
    parts = [f"{n} {word}{'s' if n > 1 else ''}" for n, word in ((chains, "chain"), (len(rows) - chains, "curve")) if n]
    return " and ".join(parts)


def _size(data: ChainData, unit: float | None) -> str:
    S = data.histories
    seeds = f"{S} histories" if S > 1 else "1 history"
    words = f"{seeds}, {len(data.ts)} epochs and {data.x.shape[-1]} layers"
    return words if unit is None else f"{words}; errors are in units of the seed spread, {unit:.3g}"


def _winners(rows: Sequence[ModelScore]) -> str:
    said = []
    for kind in rows[0].held_out:
        row = min(rows, key=lambda r: r.held_out[kind].value)
        score = row.held_out[kind]
        error = f" +- {score.stderr:.2g}" if score.stderr == score.stderr else ""
        said.append(f"{WORDS[kind]} - {row.label} ({score.value:.3g}{error})")
    return "; ".join(said)


def _leader(rows: Sequence[ModelScore]) -> str:
    first = rows[0]
    words = f"Over all kinds the least is that of {first.label} ({first.total:.3g})"
    if len(rows) == 1:
        return f"{words}."
    second = rows[1]
    ahead, behind = better_in(first, second), better_in(second, first)
    if not ahead:
        return f"{words}; it cannot be told from {second.label} ({second.total:.3g})."
    worse = f", and behind in {_list(behind)}" if behind else ""
    clear = f"by more than two standard errors in {_list(ahead)}"
    return f"{words}, ahead of {second.label} ({second.total:.3g}) {clear}{worse}."


def _criterion(rows: Sequence[ModelScore], counted: float, observations: float, reference: str) -> str:
    ranked = sorted(rows, key=lambda row: row.aicc)
    raised = f", raised from {counted:.3g}" if observations > counted else ""
    count = f"{observations:.3g} independent observations (residuals of {reference}{raised})"
    if len(ranked) == 1:
        return f"Criteria count {count}."
    gap = ranked[1].aicc - ranked[0].aicc
    return f"AICc, with {count}, is least for {ranked[0].label}, by {gap:.1f} before {ranked[1].label}."


def _goodness(row: ModelScore, histories: int) -> str:
    words = f"{row.label[:1].upper()}{row.label[1:]} explains {100 * row.r_squared:.4g} % of the variance"
    if row.in_spread is not None:
        words += f", residuals {row.in_spread:.2g} of the seed spread"
    if row.lack_of_fit is None or row.structure is None:
        why = "fewer than three histories cannot test a misfit" if histories < 3 else "nothing is left to test"
        return f"{words}; {why}."
    p = row.lack_of_fit.p_value
    if p >= 0.05:
        return f"{words}; no misfit beyond the scatter of {histories} histories (p = {p:.2g})."
    return f"{words}; a misfit beyond the scatter of {histories} histories (p = {p:.2g}). {row.structure.in_words()}"


def _gaps(one: ModelScore, other: ModelScore, kinds: Sequence[str]) -> str:
    found = differences(one, other)
    return ", ".join(f"{WORDS[kind]} by {-found[kind][0]:.2g} +- {found[kind][1]:.1g}" for kind in kinds)


def _list(kinds: Sequence[str]) -> str:
    return ", ".join(WORDS[kind] for kind in kinds)
