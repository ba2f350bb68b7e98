"""Histories and fits of Fig. 4 made of formulas, so that summary and report can be tested without training."""

from types import SimpleNamespace

import numpy as np
import pytest

from mechanics.fit import ChainFit, Estimate
from nets import History
from nets.experiments.summary import summarise
from nets.report import write_report

FRICTION = {"lazy": 0.15, "linear": -0.02, "noisy": -0.14}
ACCURACY = {"lazy": 0.910, "linear": 0.944, "noisy": 0.943}
LAYERS, SPRINGS, Y = 8, 8, 4.3
NAN, INF = float("nan"), float("inf")


def curves(mu_over_k, epochs):
    """D_l = D_0 - x_l with x_l the parabola (8), scaled up in time."""
    l = np.arange(LAYERS)
    rest = l * Y / SPRINGS - mu_over_k / 2 * l * (SPRINGS - l)
    return 1.3 - (1 - np.exp(-epochs / 12))[:, None] * rest


def make_history(name, seed, epochs=40):
    rng = np.random.default_rng(seed)
    t = np.arange(epochs + 1)
    D = curves(FRICTION[name], t) + 0.05 * rng.standard_normal(LAYERS) + 0.01 * rng.standard_normal((t.size, LAYERS))
    accuracy = ACCURACY[name] * (1 - np.exp(-t / 5)) + 0.003 * rng.standard_normal()
    return History(
        epochs=t,
        load_curves=D,
        output_load=D[:, -1] - 0.5,
        train_loss=np.exp(-t[1:] / 9),
        train_accuracy=accuracy,
        test_accuracy=accuracy,
        settings={"seed": seed},
        status="finished",
        records={"final_load_curve": D[-1] + 0.01, "final_test_accuracy": np.asarray(accuracy[-1] - 0.001)},
    )


def make_histories(seeds=3, epochs=40):
    return {name: [make_history(name, s, epochs) for s in range(seeds)] for name in FRICTION}


def make_fit(name, runs, alternatives=("ramped", "fixed")):
    """The chain that the histories were made of, half of the epochs used, and two parameters left open."""
    mu = FRICTION[name]
    x = np.array([h.load_curves[::2, :1] - h.load_curves[::2] for h in runs])
    chain = curves(mu, runs[0].epochs[::2])
    fitted = chain[:, :1] - chain
    several = len(runs) > 1
    residuals = fitted - x.mean(axis=0)
    lost = Estimate(0.3, INF, (0.0, INF), False, "unidentified")
    return ChainFit(
        Y=Estimate(Y, 0.02, (Y - 0.04, Y + 0.04), True),
        mu_eff_over_k=Estimate(mu, 0.01, (mu - 0.02, mu + 0.02), True),
        k=Estimate(2.0, INF, (0.9, INF), False, "no rate is resolved"),
        mean_friction_over_k=lost,
        noise_over_k=lost,
        tau=Estimate(NAN, NAN, (NAN, NAN), False),
        pull="measured",
        epochs=runs[0].epochs[::2].astype(float),
        observed=x.mean(axis=0),
        fitted=fitted,
        residuals=residuals,
        observed_spread=x.std(axis=0, ddof=1) if several else None,
        rmse=float(np.sqrt(np.mean(residuals**2))),
        r_squared=0.98,
        residual_in_seed_spread=None if not several else 4.0 if name == "noisy" else 1.2,
        singular_values=np.ones(4),
        singular_vectors=np.eye(4),
        parameters=("mu_eff/k", "log k", "log c", "log s"),
        identified={"Y": True, "mu_eff_over_k": True, "k": False},
        information_criterion=1.0,
        alternatives={pull: make_fit(name, runs, ()) for pull in alternatives},
        histories=len(runs),
        converged=True,
        status="",
        verdict="Made of a formula.",
    )


def make_fits(histories, *, other_pulls=True):
    kinds = ("ramped", "fixed") if other_pulls else ()
    return {name: make_fit(name, runs, kinds) for name, runs in histories.items()}


@pytest.fixture(scope="session")
def made():
    """The makers above."""
    return SimpleNamespace(history=make_history, histories=make_histories, fit=make_fit, fits=make_fits)


@pytest.fixture(scope="session")
def job():
    """Summary, histories and fits of a job of three seeds."""
    histories = make_histories(seeds=3)
    fits = make_fits(histories)
    return summarise(histories, fits, seed=7, seconds=1.5), histories, fits


@pytest.fixture(scope="session")
def page(job, tmp_path_factory):
    """Its report."""
    return write_report(*job, tmp_path_factory.mktemp("report"))
