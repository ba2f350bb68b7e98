"""A chain fit in plain sentences."""

from .models import ChainForm
from .result import Estimate


def verdict(
    estimates: dict[str, Estimate],
    pull: str,
    *,
    form: ChainForm,
    extension: dict[str, Estimate],
    converged: bool,
    status: str,
    r_squared: float,
    in_spread: float | None,
    histories: int,
    criteria: dict[str, float],
    notes: tuple[str, ...],
    floor: float | None,
) -> str:
    """What was found, how well it fits, what the data do not say, and how far to trust the intervals."""
    said = []
    if not converged:
        said.append(f"The fit did not settle: {status}")
    said += notes
    if floor is not None:
        said.append(f"Entries are weighted by their seed spread, at least {floor:.2g}.")
    said.append(f"{_pull(pull)} Target Y = {estimates['Y']}.")
    said.append(bend_in_words(estimates["mu_eff_over_k"]))
    said.append(f"Rate k = {estimates['k']} per epoch.")
    if extension:
        found = ", ".join(f"{extra.meaning}: {extension[extra.name]}" for extra in form.extras)
        said.append(f"{form.words} {found[:1].upper()}{found[1:]}.")
    said.append(goodness_in_words(r_squared, in_spread))
    silent = [n for n in ("mean_friction_over_k", "noise_over_k", "tau") if not estimates[n].identified]
    silent = [n for n in silent if n != "tau" or pull == "ramped"]
    if silent:
        said.append(f"Not determined by these data: {', '.join(_WORDS[n] for n in silent)}.")
    if len(criteria) > 1:
        ranked = sorted(criteria, key=lambda name: criteria[name])
        gap = criteria[ranked[1]] - criteria[ranked[0]]
        weight = "clearly" if gap > 10 else "somewhat" if gap > 2 else "hardly"
        kind = "" if "," in ranked[0] else " pull"
        said.append(f"The {ranked[0]}{kind} is {weight} better than the {ranked[1]} one (AICc {gap:.1f}).")
    if histories > 1:
        said.append(f"95 % intervals from the scatter of {histories} histories.")
    else:
        said.append(
            "Intervals are approximate: the residuals of one history are taken as the chain's own noise. Give several "
            "seeds for sound ones."
        )
    return " ".join(said)


_WORDS = {"mean_friction_over_k": "mean friction", "noise_over_k": "noise", "tau": "build-up time"}


def _pull(pull: str) -> str:
    return {
        "fixed": "Pulled to a fixed target from the start.",
        "ramped": "Pulled to a target that builds up.",
        "measured": "Pulled by the measured end.",
    }[pull]


def bend_in_words(bend: Estimate) -> str:
    """The bend and what it makes of the load curve."""
    low, high = bend.interval
    if not bend.identified:
        return f"The bend mu_eff/k = {bend}."
    shape = "concave" if low > 0 else "convex" if high < 0 else "straight within its error"
    return f"Bend mu_eff/k = {bend.value:+.4g} +- {bend.stderr:.2g}: load curve {shape}."


def goodness_in_words(r_squared: float, in_spread: float | None) -> str:
    """How well the chain follows the data."""
    words = f"The chain explains {100 * r_squared:.4g} % of the variance"
    if in_spread is None:
        return words + "."
    if in_spread < 0.5:
        return f"{words}; its residuals are {in_spread:.2g} of the seed spread, within the scatter."
    if in_spread < 1.5:
        return f"{words}; its residuals are {in_spread:.2g} of the seed spread, as large as seeds differ."
    return (
        f"{words}; but its residuals are {in_spread:.2g} times the seed spread: a systematic misfit, so that the "
        "intervals say how well this model's best fit is known, not that the model is right."
    )
