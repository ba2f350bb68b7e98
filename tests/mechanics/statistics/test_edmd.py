import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.special import eval_hermitenorm

from mechanics.statistics import Fourier, GaussianKernels, Polynomials, edmd


def test_a_linear_map_on_polynomials_is_exact():
    """Eigenvalues of x -> diag(.9, .5) x on degree 2 are the products .9^a .5^b, with residual 0."""
    x = np.random.default_rng(0).normal(size=(200, 2))
    K = edmd(x, x * [0.9, 0.5], Polynomials(2), dt=0.5)
    assert_allclose(K.eigenvalues.real, [1, 0.9, 0.81, 0.5, 0.45, 0.25], atol=1e-12)
    assert K.residuals.max() < 1e-7
    assert_allclose(K.times[1], -0.5 / np.log(0.9))
    psi = Polynomials(2)(x)
    assert_allclose(psi @ K.matrix, Polynomials(2)(x * [0.9, 0.5]), atol=1e-11)
    f = K.functions(x)[:, 1].real
    assert_allclose(abs(f / x[:, 0]), 1 / np.sqrt(np.mean(x[:, 0] ** 2)), rtol=1e-9)


def test_a_rotation_on_fourier_modes_is_exact():
    x = np.random.default_rng(1).uniform(0, 2 * np.pi, 500)
    K = edmd(x, x + 1.1, Fourier(2))
    assert_allclose(np.sort(np.angle(K.eigenvalues)), np.sort([0, 1.1, -1.1, 2.2, -2.2]), atol=1e-12)
    assert K.residuals.max() < 1e-12


@pytest.mark.parametrize("dictionary", [Polynomials(4, 0.0, 0.7), GaussianKernels(np.linspace(-2.5, 2.5, 21), 0.4)])
def test_ornstein_uhlenbeck_decays_at_whole_rates_and_its_residuals_are_those_of_noise(dictionary):
    """mu_n = e^(-n dt), residual^2 = 1 - mu^2; 6e4 exact pairs, tolerance five standard errors."""
    rng = np.random.default_rng(2)
    dt, m = 0.3, 60_000
    x = rng.normal(0, np.sqrt(0.5), m)
    y = x * np.exp(-dt) + rng.normal(0, np.sqrt(0.5 * -np.expm1(-2 * dt)), m)
    K = edmd(x, y, dictionary, dt=dt)
    assert_allclose(K.eigenvalues[:3].real, np.exp(-dt * np.arange(3)), atol=0.02)
    assert_allclose(K.rates[1].real, -1.0, atol=0.04)
    assert_allclose(K.residuals[1], np.sqrt(-np.expm1(-2 * dt)), atol=0.01)
    assert K.excess[1] < 0.12


def test_ridge_shrinks_and_is_needed_for_wide_kernels():
    x = np.random.default_rng(3).uniform(-1, 1, 400)
    wide = GaussianKernels(np.linspace(-1, 1, 30), 1.0)
    assert edmd(x, 0.8 * x, wide).rank < 31
    ridged = edmd(x, 0.8 * x, wide, ridge=1e-8)
    assert ridged.rank == 31
    assert_allclose(ridged.eigenvalues[:3].real, [1, 0.8, 0.64], atol=0.02)
    heavy = edmd(x, 0.8 * x, Polynomials(1), ridge=0.5)
    assert heavy.eigenvalues[1].real < 0.7


def test_residuals_unmask_eigenvalues_that_are_none():
    """4 x (1 - x) without noise has no eigenvalue but 1: all others of a dictionary are spurious."""
    x = np.sin(np.random.default_rng(4).uniform(0, np.pi / 2, 5000)) ** 2
    K = edmd(x, 4 * x * (1 - x), Polynomials(5, 0.5, 0.35))
    assert K.residuals[0] < 1e-6
    assert K.residuals[1:].min() > 0.5


def test_polynomials_are_those_of_hermite():
    x = np.linspace(-2, 2, 9)
    assert_allclose(Polynomials(4)(x), np.stack([eval_hermitenorm(n, x) for n in range(5)], axis=1), atol=1e-12)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: edmd(np.ones(5), np.ones(6), Polynomials(1)), "same shape"),
        (lambda: edmd(np.ones(3), np.ones(3), Polynomials(5)), "cannot fix"),
        (lambda: edmd([1.0, np.nan], [1.0, 2.0], Polynomials(1)), "finite"),
        (lambda: edmd(np.arange(9.0), np.arange(9.0), Polynomials(1), ridge=-1), "ridge"),
        (lambda: edmd(np.arange(9.0), np.arange(9.0), lambda x: x[:3]), "dictionary must return"),
        (lambda: edmd(np.full(9, 1e200), np.full(9, 1e200), lambda x: x * np.inf), "lower the degree"),
        (lambda: GaussianKernels(np.zeros(2), 0.0), "width"),
        (lambda: Fourier(1, -1.0), "period"),
        (lambda: Polynomials(-1), "degree"),
        (lambda: Polynomials(1, 0.0, 0.0), "scale"),
    ],
)
def test_bad_input_says_what_was_wrong(call, message):
    with pytest.raises(ValueError, match=message):
        call()
