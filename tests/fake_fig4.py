"""Histories and fits of Fig. 4 made of formulas, so that summary and report can be tested without training."""

from dataclasses import dataclass, field

import numpy as np

FRICTION = {"lazy": 0.15, "linear": -0.02, "noisy": -0.14}
ACCURACY = {"lazy": 0.910, "linear": 0.944, "noisy": 0.943}
LAYERS, SPRINGS, Y = 8, 8, 4.3


@dataclass(frozen=True)
class FakeHistory:
    epochs: np.ndarray
    load_curves: np.ndarray
    output_load: np.ndarray
    train_loss: np.ndarray
    train_accuracy: np.ndarray
    test_accuracy: np.ndarray
    settings: dict
    records: dict
    status: str = "finished"


@dataclass(frozen=True)
class FakeEstimate:
    value: float
    stderr: float
    interval: tuple[float, float]
    identified: bool = True
    note: str = ""


@dataclass(frozen=True)
class FakeFit:
    Y: FakeEstimate
    mu_eff_over_k: FakeEstimate
    k: FakeEstimate
    mean_friction_over_k: FakeEstimate
    noise_over_k: FakeEstimate
    epochs: np.ndarray
    fitted: np.ndarray  # positions x_l = D_0 - D_l
    observed_spread: np.ndarray | None
    rmse: float
    r_squared: float
    residual_in_seed_spread: float | None
    pull: str = "measured"
    verdict: str = "follows"
    alternatives: dict = field(default_factory=dict)

    def to_dict(self):
        return {"pull": self.pull, "verdict": self.verdict, "rmse": self.rmse, "nothing": float("nan")}


def curves(mu_over_k, epochs):
    """D_l = D_0 - x_l with x_l the parabola (8), scaled up in time."""
    l = np.arange(LAYERS)
    rest = l * Y / SPRINGS - mu_over_k / 2 * l * (SPRINGS - l)
    return 1.3 - (1 - np.exp(-epochs / 12))[:, None] * rest


def ends(D, accuracy):
    return {"final_load_curve": D[-1] + 0.01, "final_test_accuracy": np.asarray(accuracy[-1] - 0.001)}


def history(name, seed, epochs=40):
    rng = np.random.default_rng(seed)
    t = np.arange(epochs + 1)
    D = curves(FRICTION[name], t) + 0.05 * rng.standard_normal(LAYERS) + 0.01 * rng.standard_normal((t.size, LAYERS))
    acc = ACCURACY[name] * (1 - np.exp(-t / 5)) + 0.003 * rng.standard_normal()
    return FakeHistory(t, D, D[:, -1] - 0.5, np.exp(-t / 9), acc, acc, {"seed": seed}, ends(D, acc))


def histories(seeds=3, epochs=40):
    return {name: [history(name, s, epochs) for s in range(seeds)] for name in FRICTION}


def fit(name, runs):
    mu = FRICTION[name]
    D = np.array([h.load_curves for h in runs])[:, ::2]
    x = D[..., :1] - D
    chain = curves(mu, runs[0].epochs[::2])
    fitted = chain[:, :1] - chain
    spread = x.std(axis=0, ddof=1) if len(runs) > 1 else None
    rmse = float(np.sqrt(np.mean((x.mean(axis=0) - fitted) ** 2)))
    lost = FakeEstimate(0.3, float("nan"), (0.0, float("inf")), False, "not determined by these data")
    return FakeFit(
        Y=FakeEstimate(Y, 0.02, (Y - 0.04, Y + 0.04)),
        mu_eff_over_k=FakeEstimate(mu, 0.01, (mu - 0.02, mu + 0.02)),
        k=FakeEstimate(2.0, float("nan"), (0.9, float("inf")), False, "at least 0.9"),
        mean_friction_over_k=lost,
        noise_over_k=lost,
        epochs=runs[0].epochs[::2],
        fitted=fitted,
        observed_spread=spread,
        rmse=rmse,
        r_squared=0.98,
        residual_in_seed_spread=None if spread is None else 4.0 if name == "noisy" else 1.2,
    )


def fits(histories):
    return {name: fit(name, runs) for name, runs in histories.items()}
