import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.linalg import circulant
from scipy.signal import lfilter
from scipy.sparse import csr_matrix

from mechanics.statistics import (
    Boxes,
    Transfer,
    Voronoi,
    chapman_kolmogorov,
    eigenvalues,
    implied_times,
    stationary,
    transfer_operator,
    ulam,
    voronoi_centres,
)


def logistic(x):
    return 4 * x * (1 - x)


def chain(P, members, n, seed):
    """Paths of a Markov chain on 0..m-1, as points (members, n, 1)."""
    rng = np.random.default_rng(seed)
    edges = np.cumsum(P, axis=1)
    x = np.zeros((members, n), int)
    for t in range(1, n):
        x[:, t] = (rng.random(members)[:, None] > edges[x[:, t - 1]]).sum(axis=1)
    return x[:, :, None].astype(float)


def test_logistic_density_and_exponent():
    """Reference of the same method, 1000 cells, 200 points: L1 error .040, exponent .6833 (exact ln 2)."""
    boxes = Boxes(0.0, 1.0, 1000)
    T = ulam(logistic, boxes, 200)
    p = stationary(T)
    edges = np.linspace(0, 1, 1001)
    exact = np.diff(2 / np.pi * np.arcsin(np.sqrt(edges)))
    assert len(T.cells) == 1000
    assert_allclose(abs(p - exact).sum(), 0.040, atol=0.001)
    assert_allclose(p @ np.log(abs(4 - 8 * boxes.centres[:, 0])), 0.6833, atol=0.0005)


def test_doubling_map_is_uniform_and_its_other_eigenvalues_vanish():
    T = ulam(lambda x: 2 * x % 1, Boxes(0.0, 1.0, 64), 10)
    assert_allclose(stationary(T), 1 / 64, rtol=1e-12)
    assert abs(eigenvalues(T, 3)[1]) < 0.05  # a nilpotent block of size 6: rounding to the power 1/6


@settings(max_examples=30, deadline=None)
@given(a=st.floats(-3, 3), b=st.floats(-1, 1), cells=st.integers(1, 30), samples=st.integers(1, 9))
def test_rows_sum_to_one_and_the_density_is_stationary(a, b, cells, samples):
    T = ulam(lambda x: (a * x + b * np.sin(6 * x)) % 1, Boxes(0.0, 1.0, cells), samples)
    P = T.matrix.toarray()
    assert (P >= 0).all()
    assert_allclose(P.sum(axis=1), 1, rtol=1e-12)
    p = stationary(T)
    assert (p > 0).all()
    assert_allclose(p @ P, p, atol=1e-12)
    assert 0 < T.kept <= 1


def test_a_plane_is_numbered_in_c_order():
    boxes = Boxes([0, 0], [1, 2], [2, 4])
    assert_allclose(boxes.labels(boxes.centres), np.arange(8))
    assert boxes.labels([[1.0, 2.0], [1.1, 0.0], [0.0, 0.0]]).tolist() == [7, -1, 0]
    cat = lambda x: (x @ np.array([[2, 1], [1, 1]]) + 1e-9) % 1  # noqa: E731, 1e-9: images on edges go one way
    assert_allclose(stationary(ulam(cat, Boxes([0, 0], [1, 1], 12), 12)), 1 / 144, rtol=1e-9)  # it keeps area


def test_counted_matrix_has_the_eigenvalues_of_the_chain():
    """Seeded; 4000 x 100 transitions: tolerance five standard errors, about 0.004."""
    P = np.array([[0.9, 0.1, 0.0], [0.05, 0.9, 0.05], [0.0, 0.2, 0.8]])
    x = chain(P, 100, 4000, 0)
    centres = Voronoi([[0.0], [1.0], [2.0]])
    T = transfer_operator(x, centres)
    assert_allclose(T.matrix.toarray(), P, atol=0.01)
    exact = np.sort(np.linalg.eigvals(P).real)[::-1]
    assert_allclose(eigenvalues(T, 3), exact, atol=0.005)
    assert_allclose(implied_times(T, 2), -1 / np.log(exact[1:]), rtol=0.06)
    five = transfer_operator(x, centres, 5, dt=0.1)
    assert_allclose(implied_times(five, 1), -0.1 / np.log(exact[1]), rtol=0.05)
    assert five.lag == 0.5


def test_chapman_kolmogorov_passes_a_chain_and_fails_lumped_states():
    """Within 4.5 errors over 15 entries (false alarm 1e-4); two of four states lumped keep a memory: far outside."""
    P = np.array([[0.9, 0.1, 0.0], [0.05, 0.9, 0.05], [0.0, 0.2, 0.8]])
    good = chapman_kolmogorov(chain(P, 40, 1000, 1), Boxes(-0.5, 2.5, 3))
    assert good.worst < 4.5
    assert_allclose(good.estimated[0], good.predicted[0], atol=0.01)
    hidden = np.array([[0.95, 0.05, 0, 0], [0.05, 0.05, 0.9, 0], [0, 0.9, 0.05, 0.05], [0, 0, 0.05, 0.95]])
    bad = chapman_kolmogorov(chain(hidden, 40, 1000, 1), Boxes(-0.5, 3.5, 2))
    assert bad.worst > 8


def test_voronoi_cells_of_an_autoregression_find_its_time():
    """x' = .95 x + z has the time 19.5; 20 cells at lag 10 blur it by a few percent."""
    z = np.random.default_rng(2).normal(size=(20, 20000))
    x = lfilter([1.0], [1.0, -0.95], z, axis=1)[:, 200:, None]
    centres = voronoi_centres(x[0, ::10], 20)
    assert_allclose(implied_times(transfer_operator(x, Voronoi(centres), 10), 1)[0], -1 / np.log(0.95), rtol=0.08)


def test_a_long_chain_takes_the_sparse_way():
    """A circulant chain: its eigenvalues are the Fourier transform of its kernel."""
    kernel = np.exp(-np.minimum(np.arange(450), 450 - np.arange(450)) / 90)
    kernel /= kernel.sum()
    T = Transfer(csr_matrix(circulant(kernel)), np.arange(450), 1.0, 1.0)
    assert_allclose(stationary(T), 1 / 450, rtol=1e-10)
    assert_allclose(eigenvalues(T, 5), np.sort(np.fft.fft(kernel).real)[::-1][:5], atol=1e-10)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Boxes(1.0, 0.0, 3), "below upper"),
        (lambda: Boxes(0.0, 1.0, 0), "at least 1"),
        (lambda: Boxes(0.0, 1.0, 3).labels(np.zeros((4, 2))), "1 components"),
        (lambda: ulam(lambda x: x[:3], Boxes(0.0, 1.0, 3)), "shape"),
        (lambda: ulam(lambda x: x * np.nan, Boxes(0.0, 1.0, 3)), "finite"),
        (lambda: ulam(lambda x: x + 5, Boxes(0.0, 1.0, 3)), "enlarge"),
        (lambda: transfer_operator(np.zeros((5, 1)), Boxes(0.0, 1.0, 3), 5), "longer than the lag"),
        (lambda: transfer_operator(np.array([np.nan, 1.0, 0.0]), Boxes(0.0, 1.0, 3)), "finite"),
        (lambda: eigenvalues(ulam(logistic, Boxes(0.0, 1.0, 3)), 4), "at most"),
        (lambda: chapman_kolmogorov(np.zeros((3, 9, 1)), Boxes(-1.0, 1.0, 3)), "at least 8"),
        (lambda: voronoi_centres(np.zeros(3), 4), "at least 4"),
    ],
)
def test_bad_input_says_what_was_wrong(call, message):
    with pytest.raises(ValueError, match=message):
        call()
