"""Function-space exponents, and two copies as a check of the tangent dynamics."""

import mpmath
import numpy as np
import pytest
import torch
from scipy.linalg import eigh
from torch import nn
from torch.func import jacfwd
from trainings import EVERY, examples, network

from nets import MLP
from nets.ensembles import SGD, Adam
from nets.lyapunov import training_spectrum, two_copies
from nets.lyapunov.product import identity, log_singular_values
from nets.lyapunov.run import moved

CE = nn.functional.cross_entropy
PROBE = examples(7, seed=5)[0]


@pytest.mark.parametrize("metric", ["logit", "fisher"])
def test_exponents_are_generalised_eigenvalues_of_the_pulled_back_metric(metric):
    """(1 / 2T) ln eig(P^T G_T P, G_0), by the derivative of the whole run and jacfwd."""
    T, settings = 10, {"optimiser": SGD(0.9), "lr": 0.3, "batch_size": 5, "seed": 3, "loss": CE}
    found = training_spectrum(
        network(), examples(), steps=T, k=4, measure_at=[0, T], probe=PROBE, metric=metric, keep=True, **settings
    )
    job, start = found.training, found.kept_from

    def pulled(w, W):
        J = jacfwd(lambda u: job.network.outputs(u, PROBE))(w)
        p = torch.softmax(job.network.outputs(w, PROBE), dim=1).detach()
        M = torch.diag_embed(p) - p[:, :, None] * p[:, None, :] if metric == "fisher" else torch.eye(3).double()
        A = J @ W.T
        return torch.einsum("nck,ncd,ndl->kl", A, M.expand(len(PROBE), 3, 3), A).numpy() / len(PROBE)

    at, V = start.at, job.from_chart(start.Q, start.at, 0)
    G0 = pulled(at.w, V[0])
    for n in range(T):
        at, V, _ = moved(job, at, V, n, np.inf)
    exact = np.log(eigh(pulled(at.w, V[0]), G0, eigvals_only=True)[::-1]) / (2 * T)
    np.testing.assert_allclose(found.measured.function[1], exact, rtol=0, atol=1e-9)
    assert np.isnan(found.measured.function[0]).all()
    first = np.log(pulled(at.w, V[0])[0, 0] / G0[0, 0]) / (2 * T)
    assert found.measured.function_first[1] == pytest.approx(first, abs=1e-12)


def test_the_first_direction_is_what_two_trainings_show():
    """Root mean squares of logit differences of two trainings 1e-6 apart, to errors of that order."""
    settings = {"optimiser": SGD(), "lr": 0.3, "loss": CE, "steps": 30}
    found = training_spectrum(network(), examples(), k=1, measure_at=[30], probe=PROBE, keep=True, **settings)
    job, direction = found.training, found.kept_from.Q[0][0]
    moving = [job.network.start, job.network.start + 1e-6 * direction]
    differences = [job.network.outputs(moving[1], PROBE) - job.network.outputs(moving[0], PROBE)]
    for n in range(30):
        x, y = job.batches.at(n)
        moving = [w - 0.3 * job.network.gradient(w, x, y, n)[1] for w in moving]
    differences.append(job.network.outputs(moving[1], PROBE) - job.network.outputs(moving[0], PROBE))
    rate = float(torch.log(differences[1].norm() / differences[0].norm())) / 30
    assert found.measured.function_first[0] == pytest.approx(rate, abs=1e-6)


def test_long_products_keep_their_small_singular_values():
    """60 triangles, growing by e^(2, -4, -9) each: beside 500 digits, to 1e-10 of each logarithm's e-fold."""
    rng, P = np.random.default_rng(0), identity(3)
    exact = mpmath.matrix(np.eye(3).tolist())
    left, right = np.triu(rng.normal(size=(3, 3))), rng.normal(size=(3, 2))
    with mpmath.workdps(500):
        for _ in range(60):
            R = np.triu(rng.normal(size=(3, 3)))
            R[np.diag_indices(3)] = np.exp([2.0, -4.0, -9.0])
            P, exact = P.then(R), mpmath.matrix(R.tolist()) * exact
        whole = mpmath.matrix(left.tolist()) * exact * mpmath.matrix(right.tolist())
        values = [float(mpmath.log(s)) for s in mpmath.svd_r(whole, compute_uv=False)]
    np.testing.assert_allclose(log_singular_values(left, P, right), values, rtol=0, atol=1e-9)
    assert values[0] - values[1] > 300  # far more than doubles hold


@pytest.mark.parametrize("name", ["sgd", "momentum dampening decay", "nesterov", "adam", "rmsprop momentum"])
def test_two_copies_part_as_the_first_vector_grows(name):
    """Step by step; errors are 1e-8 times ratios of derivatives, large where a root of v has just begun."""
    optimiser, more = EVERY[name]
    settings = {"optimiser": optimiser, "lr": 0.02, "steps": 30, "batch_size": 5, "seed": 3, "loss": CE, **more}
    spectrum = training_spectrum(network(), examples(), k=2, **settings)
    copies = two_copies(network(), examples(), **settings)
    np.testing.assert_allclose(
        copies.rates[0], spectrum.first, rtol=0, atol=1e-6 if isinstance(optimiser, SGD) else 1e-5
    )


@pytest.mark.parametrize("layers", ["batchnorm", "dropout"])
def test_batch_statistics_and_masks_are_part_of_the_map(layers):
    """Copies agree with tangents only if masks are shared and the derivative goes through the statistics."""
    inner = nn.BatchNorm1d(5) if layers == "batchnorm" else nn.Dropout(0.3)
    model = nn.Sequential(network(sizes=(4, 5)), inner, nn.Tanh(), network(1, sizes=(5, 3)))
    settings = {"optimiser": SGD(0.9), "lr": 0.1, "steps": 20, "batch_size": 6, "seed": 3, "loss": CE}
    spectrum = training_spectrum(model, examples(), k=2, **settings)
    without = training_spectrum(nn.Sequential(*model[:1], *model[2:]), examples(), k=2, **settings)
    copies = two_copies(model, examples(), **settings)
    np.testing.assert_allclose(copies.rates[0], spectrum.first, rtol=0, atol=3e-6)
    assert np.abs(spectrum.first - without.first).max() > 1e-3


def test_dropout_of_this_package_is_masked_too():
    model = MLP(inputs=4, width=5, depth=3, classes=3, dropout=0.5, norm=None, input_norm=False)
    settings = {"optimiser": SGD(), "lr": 0.1, "steps": 5, "k": 1, "loss": CE}
    one, same, other = (training_spectrum(model, examples(), seed=seed, **settings).losses for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert np.abs(one - other).max() > 1e-3
    assert len(np.unique(one)) == 5  # masks change from step to step beyond what the step does
    still = training_spectrum(model, examples(), seed=1, **{**settings, "lr": 1e-12}).losses
    assert np.ptp(still) > 1e-3


def test_a_scan_of_distances_shows_curvature_at_one_end():
    """The error of a rate is proportional to the distance where it is not rounding: slope 1 from 1e-6 to 1e-3."""
    settings = {"optimiser": SGD(), "lr": 0.5, "steps": 5, "loss": CE}
    first = training_spectrum(network(), examples(), k=1, **settings).first
    sizes = np.array([1e-6, 1e-5, 1e-4, 1e-3])
    copies = two_copies(network(), examples(), distances=sizes, **settings)
    errors = np.abs(copies.rates - first).max(axis=1)
    assert 0.9 < np.polyfit(np.log(sizes), np.log(errors), 1)[0] < 1.1
    assert copies.local(2).shape == (4, 2)


def test_copies_of_a_diverging_training_say_so():
    model = nn.Linear(4, 3).double()
    copies = two_copies(model, examples(), optimiser=SGD(), lr=1e3, steps=60, loss=lambda f, y: (f**2).mean())
    assert copies.divergence is not None
    assert np.isnan(copies.exponents).all()
    with pytest.raises(ValueError, match="distances"):
        two_copies(model, examples(), optimiser=Adam(), lr=0.1, steps=1, distances=[0.0])
