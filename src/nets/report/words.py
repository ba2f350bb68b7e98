"""Numbers and findings in plain words."""

from typing import Any

from mechanics.pages.words import estimate, listed, number, plus_minus

SHAPES = {
    "concave": "leaves most of the work to its last layers",
    "near linear": "shares the work about evenly over its layers",
    "convex": "does most of the work in its first layers",
    "undetermined": "gives no clear answer",
}
PUBLISHED = ("concave", "near linear", "convex")
FOLLOWS = 2.0  # residual in seed spreads up to which a chain "follows" a network


def answer(summary: dict[str, Any]) -> str:
    """The finding in one paragraph, from the numbers of this job alone."""
    settings = summary["settings"]
    shapes = [s["verdict"] for s in settings]
    frictions = [f"{estimate(s, 'mu_eff_over_k', sign=True)} ({s['label']})" for s in settings]
    work = [f"the {s['label']} network {SHAPES[s['verdict']]}" for s in settings]
    first = (
        f"The three networks give load curves that are {listed(shapes)}: fitted to a chain of springs and rubbing "
        f"blocks, their effective friction μ_eff/k is {listed(frictions)}. "
    )
    second = f"That is, {listed(work)}. "
    if tuple(shapes) == PUBLISHED:
        third = "This is the published order: concave, near linear, convex."
    else:
        third = "The published order is concave, near linear, convex; this job does not show it."
    return (first + second + third).replace(" ± ", "\N{NO-BREAK SPACE}±\N{NO-BREAK SPACE}")


def residual_sentence(setting: dict[str, Any]) -> str:
    """How far network and chain are apart in one setting, whether that is chance, and where it is most."""
    in_spread = setting["residual_in_seed_spread"]
    size = f"{number(setting['rmse'], 2)} root mean square over layers and epochs"
    if in_spread is None:
        verdict = f"the chain is {size} away; one seed gives no spread to compare with"
    elif in_spread <= FOLLOWS:
        verdict = f"the chain follows the network: {size}, {number(in_spread, 1)} times the spread between seeds"
    else:
        verdict = (
            f"the parabola does not follow the network: {size}, {number(in_spread, 1)} times the spread between seeds"
        )
    return f"{setting['label'].capitalize()}: {verdict}. {_where(setting['final_residual'])}"


def _where(final: list[float]) -> str:
    """Layers at which the network's final load is furthest from the chain's; layer 0 is the chain's fixed end."""
    layers = range(1, len(final))
    above, below = max(layers, key=final.__getitem__), min(layers, key=final.__getitem__)
    most = f"most at layer {above} ({number(final[above], 2, sign=True)})"
    least = f"most at layer {below} ({number(final[below], 2, sign=True)})"
    if final[below] >= 0:
        return f"After training the network's loads lie above the chain's, {most}."
    if final[above] <= 0:
        return f"After training the network's loads lie below the chain's, {least}."
    return f"After training the network's load lies above the chain's {most}, and below it {least}."


def accuracy_sentence(summary: dict[str, Any]) -> str:
    """Which setting classifies best, and what may be concluded."""
    settings = sorted(summary["settings"], key=lambda s: -s["accuracy"])
    best, second = settings[:2]
    shown = listed(
        [f"{plus_minus(100 * s['accuracy'], _percent(s['accuracy_se']), 1)} % ({s['label']})" for s in settings]
    )
    errors = [s["accuracy_se"] for s in (best, second)]
    gap = best["accuracy"] - second["accuracy"]
    tie = None not in errors and gap < 2 * sum(e**2 for e in errors) ** 0.5
    verdict = (
        f"The {best['label']} and the {second['label']} network cannot be told apart"
        if tie
        else f"The {best['label']} network is the most accurate"
    )
    return (
        f"Test accuracy: {shown}. {verdict}. Three settings are no law: over wider sweeps of noise at a fixed "
        "nonlinearity, accuracy is highest near zero curvature as a correlation with exceptions."
    )


def _percent(fraction: float | None) -> float | None:
    return None if fraction is None else 100 * fraction


def versions(summary: dict[str, Any]) -> str:
    """Versions in one line."""
    return " · ".join(f"{name} {found or 'not installed'}" for name, found in summary["versions"].items())
