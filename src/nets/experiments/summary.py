"""Every number of a Fig. 4 job as plain data: schema "mechanet-demo/1", documented in docs/report.md."""

import json
import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from .fig4 import SETTINGS, Setting

if TYPE_CHECKING:
    from mechanics.fit import ChainFit
    from nets import History

SCHEMA = "mechanet-demo/1"
# A load curve counts as near linear when friction bends it, in the middle, by less than this part of its whole drop.
NEAR_LINEAR = 0.1
FIT_EPOCHS = 40
Pull = Literal["measured", "ramped", "fixed"]


def fit_all(histories: dict[str, list["History"]], *, other_pulls: bool = True) -> dict[str, "ChainFit"]:
    """A spring-block chain for each setting, fitted to all its seeds at once.

    The chain is pulled by the measured load of the logits in every setting, so that the settings can be compared; the
    fits with a fixed and with a ramped pull are its `alternatives` (none without `other_pulls`). Every epoch that is
    fitted weighs the same: they are spaced by their logarithm, so that the fast beginning counts.
    """
    pulls: tuple[Pull, ...] = ("measured", "ramped", "fixed") if other_pulls else ("measured",)
    with ThreadPoolExecutor() as pool:  # most of a fit is compiled code that releases the GIL
        jobs = {(name, pull): pool.submit(_fit, runs, pull) for name, runs in histories.items() for pull in pulls}
    fits = {key: job.result() for key, job in jobs.items()}
    return {
        name: replace(fits[name, "measured"], alternatives={pull: fits[name, pull] for pull in pulls[1:]})
        for name in histories
    }


def _fit(runs: list["History"], pull: Pull) -> "ChainFit":
    from mechanics.fit import fit_chain

    keep = fit_epochs(runs[0].epochs)
    curves = np.stack([h.load_curves[keep] for h in runs])
    end = np.stack([h.output_load[keep] for h in runs]) if pull == "measured" else None
    return fit_chain(curves, runs[0].epochs[keep], pull=pull, end=end)


def fit_epochs(epochs: np.ndarray) -> np.ndarray:
    """Indices of the epochs to fit: the first measurement and about `FIT_EPOCHS` spaced by their logarithm."""
    wanted = np.geomspace(1, max(epochs[-1], 1), FIT_EPOCHS)
    return np.unique([0, *np.abs(epochs[:, None] - wanted).argmin(axis=0)])


def summarise(
    histories: dict[str, list["History"]],
    fits: dict[str, "ChainFit"],
    *,
    seed: int = 0,
    quick: bool = False,
    seconds: float | None = None,
) -> dict[str, Any]:
    """Curvatures, fitted parameters and accuracies with standard errors over seeds.

    Parameters
    ----------
    histories, fits : dict
        By the names of `SETTINGS`; at least one history each.
    seed, quick, seconds
        What the job was called with and how long it took; copied.

    Returns
    -------
    dict
        Numbers, strings, lists and dicts only; what is not known is None, never NaN.

    Raises
    ------
    ValueError
        If a setting has no history.
    """
    from mechanics.doctor import versions

    missing = [name for name in SETTINGS if not histories.get(name)]
    if missing:
        raise ValueError(f"histories must have a run of every setting, but {missing} have none; run them first.")
    settings = [_setting(SETTINGS[name], histories[name], fits[name]) for name in SETTINGS]
    return plain(
        {
            "schema": SCHEMA,
            "settings": settings,
            "versions": versions(),
            "seed": seed,
            "quick": quick,
            "seconds": seconds,
        }
    )


def bend(mu_eff_over_k: float, Y: float, springs: int) -> float:
    """Largest distance of the parabola (8) from its chord, over the chord's drop; concave > 0.

    x_l = l Y/L - (mu_eff/2k) l (L - l) deviates most in the middle, by (mu_eff/k) L^2 / 8.
    """
    return mu_eff_over_k * springs**2 / (8 * abs(Y)) if Y else math.nan


def shape_in_words(fit: "ChainFit", springs: int) -> str:
    """'concave', 'near linear' or 'convex'; 'undetermined' where the data do not identify the friction."""
    if not (fit.mu_eff_over_k.identified and math.isfinite(fit.mu_eff_over_k.value)):
        return "undetermined"
    bent = bend(fit.mu_eff_over_k.value, fit.Y.value, springs)
    if abs(bent) < NEAR_LINEAR:
        return "near linear"
    return "concave" if bent > 0 else "convex"


def write_summary(summary: dict[str, Any], path: Path) -> None:
    """Write `summary.json`; refuses NaN and infinity, which JSON does not know."""
    path.write_text(json.dumps(summary, indent=1, allow_nan=False) + "\n")


def plain(value: Any) -> Any:
    """The same data in JSON's types; NaN and infinity become None."""
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [plain(v) for v in value]
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (int, np.integer)):
        return int(value)
    if isinstance(value, (float, np.floating)):
        return float(value) if math.isfinite(value) else None
    return value if value is None or isinstance(value, str) else str(value)


def _setting(setting: Setting, runs: list["History"], fit: "ChainFit") -> dict[str, Any]:
    from mechanics.chain.load_curve import curvature

    final = np.stack([h.records["final_load_curve"] for h in runs])
    way = np.mean([h.load_curves[-1] for h in runs], axis=0)  # the end of what was fitted
    quadratic = np.array([float(curvature(c)) for c in final])
    ends = np.array([float(curvature(c, kind="ends")) for c in final])
    accuracy = np.array([float(h.records["final_test_accuracy"]) for h in runs])
    seeds = [int(h.settings["seed"]) for h in runs]
    return {
        "name": setting.name,
        "label": setting.label,
        "panel": setting.panel,
        "lr": setting.lr,
        "batch_size": setting.batch_size,
        "dropout": setting.dropout,
        "slope": setting.slope,
        "epochs": int(runs[0].epochs[-1]),
        "seeds": seeds,
        **_mean_and_error("curvature", quadratic),
        **_mean_and_error("curvature_ends", ends),
        **_estimate("mu_eff_over_k", fit.mu_eff_over_k),
        **_estimate("Y", fit.Y),
        **_estimate("k", fit.k),
        **_estimate("mean_friction_over_k", fit.mean_friction_over_k),
        **_estimate("noise_over_k", fit.noise_over_k),
        **_mean_and_error("accuracy", accuracy),
        **_mean_and_error("load_curve", final),
        **_mean_and_error("output_load", np.array([h.output_load[-1] for h in runs])),
        "other_pulls": {
            pull: _estimate("mu_eff_over_k", other.mu_eff_over_k) for pull, other in fit.alternatives.items()
        },
        "settled": fit.converged,
        "final_residual": fit.fitted[-1] - (way[0] - way),
        "rmse": fit.rmse,
        "r_squared": fit.r_squared,
        "residual_in_seed_spread": fit.residual_in_seed_spread,
        "runs": [
            {"seed": s, "curvature": q, "curvature_ends": e, "accuracy": a, "load_curve": c}
            for s, q, e, a, c in zip(seeds, quadratic, ends, accuracy, final, strict=True)
        ],
        "bend": bend(fit.mu_eff_over_k.value, fit.Y.value, final.shape[1]),
        "verdict": shape_in_words(fit, final.shape[1]),
        "fit": fit.to_dict(),
    }


def _mean_and_error(name: str, values: np.ndarray) -> dict[str, Any]:
    """Mean over the first axis (seeds) and its standard error; None for a single seed."""
    n = len(values)
    error = np.std(values, axis=0, ddof=1) / math.sqrt(n) if n > 1 else None
    return {name: np.mean(values, axis=0), f"{name}_se": error}


def _estimate(name: str, e: Any) -> dict[str, Any]:
    """Value, standard error, 95 % interval and whether the data determine it."""
    return {
        name: e.value,
        f"{name}_se": e.stderr,
        f"{name}_interval": list(e.interval),
        f"{name}_identified": bool(e.identified),
        f"{name}_note": e.note,
    }
