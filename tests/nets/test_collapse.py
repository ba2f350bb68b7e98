"""Neural collapse: exact values on constructed features, and against a network's own arrays."""

import numpy as np
import pytest
import torch
from torch import nn

from nets import MLP
from nets.measure import neural_collapse, separation
from nets.measure.collapse import simplex_defects


class Passing(nn.Module):
    """Features that are the input, and a classifier."""

    def __init__(self, W):
        super().__init__()
        self.features = nn.Identity()
        self.classifier = nn.Linear(W.shape[1], len(W), bias=False, dtype=torch.float64)
        self.classifier.weight.data = torch.as_tensor(W)

    def forward(self, x):
        return self.classifier(self.features(x))


def simplex(C, d=None, scale=3.0):
    M = scale * (np.eye(C) - 1 / C)
    return M if d is None else M @ np.linalg.qr(np.random.default_rng(0).normal(size=(d, C)))[0].T


def test_collapsed_features_with_their_own_classifier_have_no_defect():
    M = simplex(5, 12)
    y = np.repeat(np.arange(5), [7, 9, 11, 5, 8])  # classes of different sizes
    found = neural_collapse(Passing(0.3 * M), M[y], y, layers="features")
    assert found.names == ("features",)
    for value in (found.nc1, found.equinorm, found.equiangular, found.angle, found.nc4):
        assert abs(value[0]) < 1e-12
    assert found.nc3 < 1e-12
    assert found.centre_accuracy[0] == 1.0


def test_nc1_is_the_pseudo_inverse_metric_over_the_classes():
    rng = np.random.default_rng(1)
    y = np.repeat(np.arange(4), 30)
    h = simplex(4, 9)[y] + rng.normal(size=(120, 9))
    found = neural_collapse(Passing(rng.normal(size=(4, 9))), h, y, layers="features", batch_size=17)
    assert found.nc1[0] == pytest.approx(np.exp(separation(h, y, "pinv")) / 4, rel=1e-12)


def test_decisions_and_classifier_against_plain_numpy():
    rng = np.random.default_rng(2)
    W, y = rng.normal(size=(3, 6)), np.repeat(np.arange(3), 20)
    h = rng.normal(size=(60, 6)) + 2 * rng.normal(size=(3, 6))[y]
    found = neural_collapse(Passing(W), h, y, layers="features")
    means = np.array([h[y == c].mean(0) for c in range(3)])
    nearest = ((h[:, None] - means) ** 2).sum(2).argmin(1)
    assert found.nc4[0] == pytest.approx((nearest != (h @ W.T).argmax(1)).mean())
    assert found.centre_accuracy[0] == pytest.approx((nearest == y).mean())
    M = means - means.mean(0)
    expected = np.linalg.norm(W / np.linalg.norm(W) - M / np.linalg.norm(M))
    assert found.nc3 == pytest.approx(expected, rel=1e-12)


def test_geometry_of_orthogonal_means():
    # e_c have equal norms and cosines -1/(C-1) after centring; doubling one spoils both
    assert simplex_defects(np.eye(4)) == pytest.approx((0, 0, 0), abs=1e-14)
    spoilt = np.eye(3)
    spoilt[0] *= 2
    assert min(simplex_defects(spoilt)) > 0.05
    assert np.isnan(simplex_defects(np.ones((3, 5)))).all()


def test_every_layer_of_a_network_is_measured():
    data = np.random.default_rng(3).normal(size=(80, 12)).astype(np.float32)
    found = neural_collapse(MLP(inputs=12, width=16, depth=3, classes=4), data, np.arange(80) % 4)
    assert len(found.names) == len(found.nc1) == 3
    assert np.isfinite(found.nc3)


def test_labels_beyond_the_output_are_named():
    with pytest.raises(ValueError, match="columns"):
        neural_collapse(Passing(np.eye(3)), np.eye(4)[:, :3], np.array([0, 1, 2, 5]), layers="features")
