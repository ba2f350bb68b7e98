"""Histories of a chain by (5)-(6) in numpy, shared by the tests of noise."""

import numpy as np
import pytest

DT = 0.01
EPOCHS = np.r_[0, np.unique(np.round(np.geomspace(0.1, 12, 24), 2))]


def simulated(members, seed, mu_right, mu_left, s, *, epochs=EPOCHS, k=1.0, blocks=5, x0=0.0, dt=DT):
    """Positions (members, epochs, blocks + 2), target 1, by explicit Euler steps."""
    rng = np.random.default_rng(seed)
    x = np.zeros((members, blocks + 2))
    x[:, 1:-1], x[:, -1] = x0, 1.0
    saved = np.round(epochs / dt).astype(int)
    out = []
    for step in range(saved[-1] + 1):
        if step in saved:
            out.append(x.copy())
        z = k * np.diff(x, 2, axis=1) + s * rng.standard_normal((members, blocks))
        x[:, 1:-1] += dt * (z - np.clip(z, -mu_left, mu_right))
    return np.stack(out, axis=1)


@pytest.fixture(scope="session")
def case():
    """Six histories, friction .10 and .05, noise .1: epochs, loads without the end, mean-field fit."""
    from mechanics.fit import fit_chain

    loads = 1.0 - simulated(6, 5, 0.10, 0.05, 0.10)[..., :-1]
    return EPOCHS, loads, fit_chain(loads, EPOCHS, pull="fixed")


@pytest.fixture(scope="session")
def refined(case):
    """The refined fit of `case`."""
    from mechanics.fit import refine_chain

    epochs, loads, fit = case
    return refine_chain(fit, loads, epochs, dt=DT, members=600, seed=3)
