"""Synthetic data sets, each a pure function of its arguments and the seed."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mechanics.checks import whole_numbers
from mechanics.noise import normals

from .digits import Digits

Array = NDArray[np.float64]


def gaussian_mixture(
    classes: int = 10,
    features: int = 100,
    samples: int = 256,
    *,
    test_samples: int = 100,
    separation: float = 1.0,
    spread: float = 1.0,
    seed: int = 0,
) -> Digits:
    """Classes that are normal clouds about normal means: x = separation m_c + spread s_c z.

    Parameters
    ----------
    classes, features, samples, test_samples : int
        Sizes; samples and test samples of each class.
    separation, spread : float
        Scale of the means m_c, with entries N(0, 1), and of the clouds, whose deviations s_c are |N(0, 1)|, one for
        each class and feature. log(Tr Sigma_W / Tr Sigma_B) is about 2 log(spread / separation).
    seed : int
        Of means, deviations and samples.

    Raises
    ------
    ValueError
        If a size is below 1 (below 2 for classes), or a scale is negative or not finite.
    """
    whole_numbers(classes=(classes, 2), features=(features, 1), samples=(samples, 1), test_samples=(test_samples, 1))
    for name, value in (("separation", separation), ("spread", spread)):
        if not (np.isfinite(value) and value >= 0):
            raise ValueError(f"{name} must be finite and not negative, but is {value}.")
    means = separation * _drawn(seed, 0, classes, features)
    deviations = spread * np.abs(_drawn(seed, 1, classes, features))

    def part(member: int, count: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        y = np.repeat(np.arange(classes), count)
        x = means[y] + deviations[y] * _drawn(seed, member, len(y), features)
        order = np.argsort(normals(seed, member + 2, 0, np.arange(len(y))))  # classes in random order
        return x[order].astype(np.float32), y[order]

    x_train, y_train = part(2, samples)
    x_test, y_test = part(3, test_samples)
    return Digits(x_train, y_train, x_test, y_test, classes=classes, name="Gaussian mixture")


def orthogonal_data(classes: int = 10, features: int = 100, *, noise: float = 0.1, seed: int = 0) -> Digits:
    """Classes on orthogonal directions: x = sqrt(1 - noise^2) e_c + noise e_i, all e orthonormal, each e_i once.

    Class c owns features / classes directions: the first is its mean's, each other one makes a point. Sigma_W and
    Sigma_B have one positive eigenvalue each, and orthogonal weights keep all that.

    Parameters
    ----------
    classes, features : int
        Sizes; features must be a multiple of classes, and at least twice as many.
    noise : float
        Length of a point's own part, 0 < noise < 1.
    seed : int
        Of the rotation (Haar) of all points.

    Raises
    ------
    ValueError
        If features is no multiple of classes, or noise is out of range.
    """
    whole_numbers(classes=(classes, 2), features=(features, 2))
    if features % classes or features < 2 * classes:
        raise ValueError(
            f"features must be a multiple of classes = {classes} and at least twice it, but is {features}."
        )
    if not 0 < noise < 1:
        raise ValueError(f"noise must lie between 0 and 1, but is {noise}.")
    n = features // classes
    Q, R = np.linalg.qr(_drawn(seed, 0, features, features))
    Q = Q * np.sign(np.diag(R))
    x = np.empty((classes * (n - 1), features))
    y = np.repeat(np.arange(classes), n - 1)
    for c in range(classes):
        own = Q[:, c * n : (c + 1) * n].T
        x[y == c] = np.sqrt(1 - noise**2) * own[0] + noise * own[1:]
    return Digits(x.astype(np.float32), y, x.astype(np.float32), y, classes=classes, name="orthogonal data")


class Regression(NamedTuple):
    """A data set with real targets."""

    x_train: Array
    """(n, features)"""
    y_train: Array
    """(n, outputs)"""
    x_test: Array
    y_test: Array


def synthetic_regression(
    features: int = 100,
    samples: int = 2000,
    *,
    outputs: int = 1,
    hidden: int = 30,
    noise: float = 0.0,
    test_samples: int = 1000,
    seed: int = 0,
) -> Regression:
    """Targets of a random network with one hidden layer: y = V tanh(W x) + noise z, x, z normal, Var y = 1 + noise^2.

    Parameters
    ----------
    features, samples, outputs, hidden, test_samples : int
        Sizes.
    noise : float
        Standard deviation of the noise of training targets; test targets have none.
    seed : int
        Of the network and the data.

    Raises
    ------
    ValueError
        If a size is below 1, or noise is negative or not finite.
    """
    whole_numbers(
        features=(features, 1),
        samples=(samples, 2),
        outputs=(outputs, 1),
        hidden=(hidden, 1),
        test_samples=(test_samples, 1),
    )
    if not (np.isfinite(noise) and noise >= 0):
        raise ValueError(f"noise must be finite and not negative, but is {noise}.")
    W = _drawn(seed, 0, hidden, features) * (2 / np.sqrt(features))
    V = _drawn(seed, 1, outputs, hidden)

    def clean(x: Array) -> Array:
        return np.tanh(x @ W.T) @ V.T

    x_train, x_test = _drawn(seed, 2, samples, features), _drawn(seed, 3, test_samples, features)
    y_train, y_test = clean(x_train), clean(x_test)
    centre, scale = y_train.mean(0), y_train.std(0)
    y_train = (y_train - centre) / scale + noise * _drawn(seed, 4, samples, outputs)
    return Regression(x_train, y_train, x_test, (y_test - centre) / scale)


def _drawn(seed: int, member: int, rows: int, columns: int) -> Array:
    """Normal numbers (rows, columns): a function of (seed, member, row, column)."""
    return normals(seed, member, np.arange(rows)[:, None], np.arange(columns))
