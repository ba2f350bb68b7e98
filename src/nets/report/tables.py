"""The report's tables: rows of text from the summary."""

from typing import Any

from mechanics.pages.words import estimate, number, plus_minus

Table = dict[str, Any]


def parameters(summary: dict[str, Any]) -> Table:
    """Fitted parameters with errors, one column a setting."""
    settings = summary["settings"]
    rows: list[list[str]] = [
        ["shape", *(s["verdict"] for s in settings)],
        ["μ_eff/k", *(estimate(s, "mu_eff_over_k", sign=True) for s in settings)],
        ["95 % interval", *(_interval(s, "mu_eff_over_k") for s in settings)],
        ["end Y", *(plus_minus(s["Y"], s["Y_se"], 2) for s in settings)],
        ["stiffness k per epoch", *(estimate(s, "k", 1) for s in settings)],
        ["mean friction/k", *(estimate(s, "mean_friction_over_k") for s in settings)],
        ["noise/k", *(estimate(s, "noise_over_k") for s in settings)],
        ["fit settled", *("yes" if s["settled"] else "stopped early" for s in settings)],
        ["explained (R²)", *(number(s["r_squared"]) for s in settings)],
        ["residual (rms)", *(number(s["rmse"]) for s in settings)],
        ["in seed spreads", *(number(s["residual_in_seed_spread"], 1) for s in settings)],
    ]
    for pull in settings[0]["other_pulls"]:
        bends = [estimate(s["other_pulls"][pull], "mu_eff_over_k", sign=True) for s in settings]
        rows.append([f"μ_eff/k, {pull} pull", *bends])
    return {"head": ["", *(s["label"] for s in settings)], "rows": rows}


def settings(summary: dict[str, Any]) -> Table:
    """How each network was trained and where it ended."""
    chosen = summary["settings"]
    rows: list[list[str]] = [
        ["panel of Fig. 4", *(s["panel"] for s in chosen)],
        ["learning rate", *(f"{s['lr']:g}" for s in chosen)],
        ["batch", *(str(s["batch_size"]) for s in chosen)],
        ["dropout", *(f"{s['dropout']:g}" for s in chosen)],
        ["epochs", *(str(s["epochs"]) for s in chosen)],
        ["seeds", *(str(len(s["seeds"])) for s in chosen)],
        ["test accuracy", *(plus_minus(s["accuracy"], s["accuracy_se"]) for s in chosen)],
        ["curvature", *(plus_minus(s["curvature"], s["curvature_se"], 2, sign=True) for s in chosen)],
        [
            "first minus last step",
            *(plus_minus(s["curvature_ends"], s["curvature_ends_se"], 2, sign=True) for s in chosen),
        ],
    ]
    for l in (0, 4, 7):
        rows.append([f"load D_{l}", *(_load(s, l) for s in chosen)])
    return {"head": ["", *(s["label"] for s in chosen)], "rows": rows}


def _load(setting: dict[str, Any], l: int) -> str:
    error = setting["load_curve_se"]
    return plus_minus(setting["load_curve"][l], None if error is None else error[l])


def _interval(setting: dict[str, Any], name: str) -> str:
    low, high = setting[f"{name}_interval"]
    return f"{number(low, sign=True)} to {number(high, sign=True)}"
