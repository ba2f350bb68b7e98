"""A likelihood fit of steps in plain sentences, with what its surprises say of the model."""

import numpy as np
from numpy.typing import NDArray

from .result import Estimate

Array = NDArray[np.float64]
COARSE = 0.1  # |J| dt beyond which Euler's bias is named
LONG = 1.0  # beyond which the linearised drift is doubtful


def surprises_say(z: Array) -> list[str]:
    """Whether standardised surprises (N, n) are uncorrelated, of variance 1, and normal."""
    said = []
    z = z[np.isfinite(z).all(axis=1)]
    N = len(z)
    r1 = float((z[1:] * z[:-1]).mean() / (z**2).mean())
    if abs(r1) > 4.0 / np.sqrt(N * z.shape[1]):
        why = "measurement noise or" if r1 < 0 else "a force with memory or"
        said.append(
            f"Neighbouring surprises are correlated (r = {r1:+.3f}): {why} a wrong drift; errors are too small."
        )
    tail = float((z**4).mean() / (z**2).mean() ** 2) - 3.0
    if abs(tail) > 5.0 * np.sqrt(24.0 / (N * z.shape[1])):
        said.append(f"Surprises have excess kurtosis {tail:+.2f}: the noise is not Gaussian, or depends on the state.")
    return said


def likelihood_verdict(
    estimates: dict[str, Estimate], flat: list[str], surprises: Array, status: str, density: str, stiffness: float
) -> str:
    """All of it."""
    said = ["; ".join(f"{name} = {e}" for name, e in estimates.items()) + "."]
    said += [f"Not identifiable: {words}." for words in flat]
    if density == "euler":
        bias = "below 1 %" if stiffness < 0.02 else f"about {50.0 * stiffness:.2g} %"
        said.append(f"Euler's step biases rates by |J| dt / 2, {bias} here.")
        if stiffness > COARSE:
            said.append("That is much: take density='linearisation'.")
    elif stiffness > LONG:
        said.append(
            f"Steps are long (|J| dt = {stiffness:.2g}): the drift is taken as linear in between, which it may not be."
        )
    said += surprises_say(surprises)
    return " ".join([*said, status])
