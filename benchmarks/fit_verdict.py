"""Chains against plain curves on the three trainings of Figure 4: where fitted, and where something was held out.

    python benchmarks/fit_verdict.py [--seeds 10] [--data FILE] [--runs FOLDER] [--models NAME,...]

Trains the networks as one ensemble (three minutes of processor time) unless FILE holds them; FILE is written then.
With --runs they are those of `mechanet network-figures trajectories --out FOLDER`. With --alarms nothing is trained:
how often the misfit test alarms where the model is right.
"""

import argparse
import time
from pathlib import Path

import numpy as np
from scipy.stats import f as fisher

from mechanics.fit import ModelComparison, compare_models
from mechanics.threads import default_threads
from nets import MLPConfig, load_mnist10, train_ensemble
from nets.ensembles import Histories
from nets.experiments.fig4 import EPOCHS, SETTINGS, run_fig4
from nets.experiments.summary import fit_epochs

KINDS = ("epochs", "last epochs", "layers", "last layer", "seeds")


def main() -> None:
    """Print a table and a verdict for each setting."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--data", type=Path, default=Path("out/fit-verdict/networks.npz"))
    parser.add_argument("--runs", type=Path)
    parser.add_argument("--models", default="all")
    parser.add_argument("--alarms", action="store_true")
    asked = parser.parse_args()
    if asked.alarms:
        alarms()
        return
    names = asked.models.split(",") if "," in asked.models else asked.models
    for name, (epochs, curves, end) in networks(asked.seeds, asked.data, asked.runs).items():
        keep = fit_epochs(epochs)
        start = time.process_time()
        found = compare_models(curves[:, keep], epochs[keep], models=names, end=end[:, keep])
        seconds = time.process_time() - start
        print(f"\n{name}: {len(curves)} networks, {len(keep)} epochs, {seconds:.0f} s of processor time")
        print(markdown(found), flush=True)
        print(f"\n{found.verdict}", flush=True)


def networks(seeds: int, data: Path, runs: Path | None) -> dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Epochs (m,), load curves (seeds, m, 8) and loads of the logits (seeds, m) of each setting."""
    if runs is not None:
        trained = run_fig4(seeds, jobs=default_threads(), out=runs)
        return {
            name: (rs[0].epochs, np.stack([r.load_curves for r in rs]), np.stack([r.output_load for r in rs]))
            for name, rs in trained.items()
        }
    if data.exists():
        all_of_them = Histories.load(data)
    else:
        configs = [
            MLPConfig(seed=seed, lr=one.lr, batch_size=one.batch_size, dropout=one.dropout)
            for one in SETTINGS.values()
            for seed in range(seeds)
        ]
        epochs = max(EPOCHS.values())
        all_of_them = train_ensemble(configs, load_mnist10(), epochs=epochs, mode="batch", test_every=[epochs])
        data.parent.mkdir(parents=True, exist_ok=True)
        all_of_them.save(data)
    each = len(all_of_them) // len(SETTINGS)
    return {
        name: (
            all_of_them.epochs,
            all_of_them.load_curves[i * each : (i + 1) * each],
            all_of_them.output_load[i * each : (i + 1) * each],
        )
        for i, name in enumerate(SETTINGS)
    }


def markdown(found: ModelComparison) -> str:
    """The rows as a table, best first; errors in seed spreads."""
    lines = ["| model, course | parameters | R^2 | residual | " + " | ".join(KINDS) + " | total | AICc | misfit p |"]
    lines.append("|---" * (7 + len(KINDS)) + "|")
    for row in found.rows:
        cells = [row.label, str(row.parameters), f"{row.r_squared:.3f}", f"{row.in_spread or row.rmse:.2f}"]
        cells += [f"{row.held_out[k].value:.2f} ± {row.held_out[k].stderr:.2f}" for k in KINDS if k in row.held_out]
        p = float("nan") if row.lack_of_fit is None else row.lack_of_fit.p_value
        cells += [f"{row.total:.2f}", f"{row.aicc:.0f}", f"{p:.1g}{'' if row.converged else ', not settled'}"]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def alarms(trials: int = 4000) -> None:
    """False alarms at 5 and 1 % of the misfit test with three counts of directions; Gaussian deviations."""
    rng = np.random.default_rng(1)
    print("| histories | memory, reach | directions | without bias | Greenhouse-Geisser | true number |")
    print("|---|---|---|---|---|---|")
    for S in (3, 5, 10):
        for memory, reach in ((0.0, 0.1), (0.8, 3.0), (0.97, 20.0), (0.999, 50.0)):
            values = _spectrum(memory, reach)
            true = values.sum() ** 2 / (values**2).sum()
            count = np.zeros((3, 2))
            for _ in range(trials):
                count += _rejected(rng.standard_normal((S, len(values))) * np.sqrt(values), true)
            cells = [f"{100 * five:.1f}, {100 * one:.1f} %" for five, one in count / trials]
            print(f"| {S} | {memory}, {reach} | {true:.1f} | " + " | ".join(cells) + " |", flush=True)


def _spectrum(memory: float, reach: float, epochs: int = 40, layers: int = 7) -> np.ndarray:
    over = [np.abs(np.subtract.outer(np.arange(n), np.arange(n))) for n in (epochs, layers)]
    values = np.outer(np.linalg.eigvalsh(memory ** over[0]), np.linalg.eigvalsh(np.exp(-over[1] / reach))).ravel()
    return np.asarray(values[values > 1e-12])


def _rejected(R: np.ndarray, true: float) -> np.ndarray:
    S = len(R)
    mean = R.mean(axis=0)
    gram = (R - mean) @ (R - mean).T / (S - 1)
    trace, square = np.trace(gram), (gram**2).sum()
    F = S * mean @ mean / trace
    unbiased = (S - 1) ** 2 / ((S + 1) * (S - 2)) * (square - trace**2 / (S - 1))
    above = trace**2 - 2 * max(unbiased, 0.0) / (S - 1)
    most = float(R.shape[1])
    loose = float(np.clip(above / unbiased, 1.0, most)) if unbiased > 0 else most
    p = np.array([fisher.sf(F, nu, nu * (S - 1)) for nu in (loose, trace**2 / square, true)])
    return np.stack([p < 0.05, p < 0.01], axis=1)


if __name__ == "__main__":
    main()
