"""Distances in weight and function space against numpy and closed forms."""

import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon
from scipy.special import softmax
from scipy.stats import entropy

from nets.perturb.lockstep.function_distances import FUNCTIONS, LABELLED, function_distances, outputs_of
from nets.perturb.lockstep.weight_distances import WEIGHTS, weight_distances


def test_weight_distances_are_those_of_numpy(rng):
    w, other, start, other_start = rng.normal(size=(4, 12))
    found = dict(zip(WEIGHTS, weight_distances(w, other, start, other_start, np.array([0, 5, 6])), strict=True))
    for column, part in ((0, slice(None)), (1, slice(0, 5)), (2, slice(5, 6)), (3, slice(6, 12))):
        a, b, a0, b0 = w[part], other[part], start[part], other_start[part]
        norm = np.linalg.norm
        d = norm(a - b)
        exact = {
            "distance_1": norm(a - b, 1), "distance_2": d, "distance_inf": norm(a - b, np.inf),
            "relative_to_start": d / norm(a0), "relative": d / norm(a),
            "relative_to_both": d / np.sqrt(norm(a) * norm(b)), "rms": d / np.sqrt(len(a)),
            "cosine": a @ b / norm(a) / norm(b),
            "displacement_cosine": (a - a0) @ (b - b0) / norm(a - a0) / norm(b - b0),
            "angle": np.arccos(np.clip(a @ b / norm(a) / norm(b), -1, 1)),
        }  # fmt: skip
        for name, value in exact.items():
            assert found[name][column] == pytest.approx(value, rel=1e-9), (name, column)


def test_small_angles_keep_their_digits():
    """arccos would give 0 or 1.5e-8."""
    w, other = np.array([1.0, 0.0]), np.array([1.0, 1e-10])
    angle = weight_distances(w, other, w, w, np.array([0]))[WEIGHTS.index("angle"), 0]
    assert angle == pytest.approx(1e-10, rel=1e-9)


def test_zero_norms_give_nan_and_equal_weights_give_zero():
    zero, one = np.zeros(3), np.ones(3)
    found = dict(zip(WEIGHTS, weight_distances(zero, one, zero, one, np.array([0]))[:, 0], strict=True))
    assert np.isnan([found[n] for n in ("relative", "cosine", "displacement_cosine", "angle")]).all()
    same = dict(zip(WEIGHTS, weight_distances(one, one, one, one, np.array([0]))[:, 0], strict=True))
    assert same["distance_1"] == same["distance_2"] == same["distance_inf"] == same["angle"] == 0


def test_function_distances_are_those_of_scipy(rng):
    f, g = 2 * rng.normal(size=(2, 40, 5))
    y = rng.integers(0, 5, 40)
    base, copy = outputs_of(f + rng.normal(size=(40, 1)), y), outputs_of(g, y)  # a shift of all logits is no distance
    found = dict(zip(FUNCTIONS + LABELLED, function_distances(base, copy), strict=True))
    p, q = softmax(f, 1), softmax(g, 1)
    centred = (f - f.mean(1, keepdims=True)) - (g - g.mean(1, keepdims=True))
    kl = entropy(p, q, axis=1).mean()
    rows = np.arange(40)
    loss = -np.log(q[rows, y]).mean() + np.log(p[rows, y]).mean()
    exact = {
        "logit_rms": np.sqrt((centred**2).mean()), "logit_l1": np.abs(centred).mean(),
        "probability_l1": np.abs(p - q).sum(1).mean(), "kl": (kl + entropy(q, p, axis=1).mean()) / 2,
        "js": (jensenshannon(p, q, axis=1) ** 2).mean(), "disagreement": (f.argmax(1) != g.argmax(1)).mean(),
        "agreement_soft": (p * q).sum(1).mean(), "cross_loss_hard": -np.log(q[rows, f.argmax(1)]).mean(),
        "cross_loss_soft": -(p * np.log(q)).sum(1).mean(), "cross_excess": kl,
        "loss": -np.log(q[rows, y]).mean(), "accuracy": (g.argmax(1) == y).mean(), "loss_difference": loss,
        "loss_change": abs(loss),
        "accuracy_difference": (g.argmax(1) == y).mean() - (f.argmax(1) == y).mean(),
        "accuracy_change": abs((g.argmax(1) == y).mean() - (f.argmax(1) == y).mean()),
    }  # fmt: skip
    assert exact.keys() == found.keys()
    for name, value in exact.items():
        assert found[name] == pytest.approx(value, rel=1e-10), name


def test_functions_far_apart_stay_finite():
    base, copy = (
        outputs_of(np.array([[800.0, 0.0]]), np.array([0])),
        outputs_of(np.array([[0.0, 800.0]]), np.array([0])),
    )
    found = dict(zip(FUNCTIONS + LABELLED, function_distances(base, copy), strict=True))
    assert found["kl"] == pytest.approx(800)
    assert found["js"] == pytest.approx(np.log(2))
