"""Phase diagrams: each cell is the simulation it stands for, however the diagram was made; the theory lies over it."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from mechanics.chain import Drive, PhaseDiagram, SpringChain, curvature, phase_diagram

BASE = SpringChain(blocks=5, mu_right=0.1)
EPS, LEFT = [0.0, 0.2, 0.5], [0.02, 0.1, 0.25, 0.3]


@pytest.fixture(scope="module")
def diagram():
    return phase_diagram(BASE, eps_bar=EPS, mu_left=LEFT, steps=300, dt=0.1, seeds=3, seed=4)


def same_as_simulations(diagram, chain_of, dt_of=lambda *_: 0.1, steps=300):
    for index in np.ndindex(diagram.curvature.shape):
        values = [axis[i] for axis, i in zip(diagram.axes.values(), index, strict=True)]
        run = chain_of(*values).simulate(steps, dt_of(*values), seed=diagram.seed, members=4)
        found = run.load_curve[diagram.seeds, -1]
        n = found.shape[-1]
        assert_array_equal(diagram.curves[index][:, :n], found)
        assert np.isnan(diagram.curves[index][:, n:]).all()
        assert_allclose(diagram.curvatures[index], curvature(found), rtol=1e-13)


def test_cells_are_simulations_bit_for_bit(diagram):
    same_as_simulations(diagram, lambda eps, left: BASE.replace(eps_bar=eps, mu_left=left))


def test_blocks_steps_noise_and_stiffness_can_vary():
    """Cells that share no block of lanes; chosen members; curves of shorter chains end in NaN."""
    grid = phase_diagram(BASE, blocks=[2, 4], k=[0.5, 1.5], dt=[0.05, 0.1], steps=200, seeds=[0, 3])
    assert grid.curvature.shape == (2, 2, 2)
    same_as_simulations(grid, lambda n, k, dt: BASE.replace(blocks=int(n), k=k), lambda n, k, dt: dt, 200)
    noise = phase_diagram(BASE, noise=["independent", "common"], steps=200, dt=0.1, seeds=2)
    same_as_simulations(noise, lambda name: BASE.replace(noise=str(name)), steps=200)


def test_chains_with_parameters_of_each_block_bounded_noise_and_a_drive():
    k = np.linspace(0.8, 1.2, 6)
    base = BASE.replace(k=k, truncation=1.5, drive=Drive.steady(0.1, 10.0), noise_decay=0.01)
    grid = phase_diagram(base, eps_bar=[0.1, 0.3], steps=300, dt=0.1, seeds=4)
    same_as_simulations(grid, lambda eps: base.replace(eps_bar=eps))


def test_a_store_gives_the_same_numbers_and_is_continued(diagram, tmp_path):
    pytest.importorskip("zarr")
    kept = phase_diagram(BASE, eps_bar=EPS, mu_left=LEFT, steps=300, dt=0.1, seeds=3, seed=4, out=tmp_path / "d")
    assert_array_equal(kept.curves, diagram.curves)
    assert_array_equal(kept.curvatures, diagram.curvatures)
    again = phase_diagram(BASE, eps_bar=EPS, mu_left=LEFT, steps=300, dt=0.1, seeds=3, seed=4, out=tmp_path / "d")
    assert_array_equal(again.curves, diagram.curves)
    with pytest.raises(ValueError, match="steps"):  # another diagram
        phase_diagram(BASE, eps_bar=EPS, mu_left=LEFT, steps=301, dt=0.1, seeds=3, seed=4, out=tmp_path / "d")


def test_statistics_and_selection(diagram):
    assert_allclose(diagram.curvature, diagram.curvatures.mean(axis=-1))
    assert_allclose(diagram.curvature_stderr, diagram.curvatures.std(axis=-1, ddof=1) / np.sqrt(3), atol=1e-15)
    row = diagram.sel(eps_bar=0.45)
    assert list(row.axes) == ["mu_left"]
    assert_array_equal(row.curvature, diagram.curvature[2])
    assert row.chain.eps_bar == 0.5
    chain, dt = diagram.cell(eps_bar=0.2, mu_left=0.11)
    assert (chain.eps_bar, chain.mu_left, dt) == (0.2, 0.1, 0.1)


def test_saved_and_labelled(diagram, tmp_path):
    loaded = PhaseDiagram.load(diagram.save(tmp_path / "d.npz"))
    assert loaded.chain == diagram.chain
    assert_array_equal(loaded.curvatures, diagram.curvatures)
    xr = pytest.importorskip("xarray")
    data = diagram.to_xarray()
    assert isinstance(data, xr.Dataset)
    assert_array_equal(data["curvature"].sel(eps_bar=0.2), diagram.curvature[1])


def test_strong_noise_turns_concave_linear_convex_with_the_friction():
    """(8): the sign of mu_left - mu_right; the mean field within 4 standard errors and its own bias of 0.1."""
    grid = phase_diagram(BASE, eps_bar=[0.5], mu_left=[0.02, 0.1, 0.25], steps=2000, dt=0.1, seeds=64)
    low, level, high = grid.curvature[0]
    assert low < -4 * grid.curvature_stderr[0, 0]
    assert abs(level) < 4 * grid.curvature_stderr[0, 1]
    assert high > 4 * grid.curvature_stderr[0, 2]
    assert (np.abs(grid.theory() - grid.curvature) < 4 * grid.curvature_stderr + 0.1).all()


def test_exact_flow_as_a_method():
    grid = phase_diagram(
        BASE.replace(eps_bar=0), mu_right=[0.02, 0.1], steps=100, dt=0.5, seeds=1, method="event_driven"
    )
    explicit = phase_diagram(BASE.replace(eps_bar=0), mu_right=[0.02, 0.1], steps=5000, dt=0.01, seeds=1)
    assert_allclose(grid.curvature, explicit.curvature, atol=1e-3)


def test_plot_draws_the_map_and_refuses_what_it_cannot_draw(diagram):
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    ax = diagram.plot()
    assert ax.get_ylabel().startswith("noise")
    with pytest.raises(ValueError, match="sel"):
        diagram.sel(eps_bar=0.0).plot()


@pytest.mark.parametrize(
    ("axes", "message"),
    [
        ({}, "a parameter to vary"),
        ({"friction": [1, 2]}, "no parameter"),
        ({"k": 1.0}, "sequence"),
        ({"k": [1.0, -1.0]}, "k must be positive"),
        ({"k": [1.0, 1.0]}, "twice"),
        ({"k": [1.0], "seeds": 0}, "seeds"),
        ({"k": [1.0, 9.0], "dt": 0.1}, "stability limit"),
    ],
)
def test_bad_grids_are_named(axes, message):
    with pytest.raises(ValueError, match=message):
        phase_diagram(BASE, **{"steps": 10, **axes})


@pytest.mark.parametrize(
    ("dynamics", "method"),
    [
        ("second_order", "explicit"),
        ("langevin", "splitting"),
        pytest.param("sign_law", "heun", marks=pytest.mark.sweep),
        pytest.param("second_order", "implicit", marks=pytest.mark.sweep),
        pytest.param("overdamped", "implicit", marks=pytest.mark.sweep),
    ],
)
def test_cells_of_every_dynamics_are_what_simulate_gives(dynamics, method):
    """Lanes that differ in friction alone, whose springs they share, and in springs too."""
    gamma = {} if dynamics == "overdamped" else {"gamma": 0.5}
    chain = SpringChain(blocks=4, mu_right=0.1, mu_left=0.05, eps=0.1, dynamics=dynamics, **gamma)
    for axes in ({"mu_right": [0.0, 0.05, 0.3], "eps": [0.0, 0.2]}, {"k": [0.5, 1.0], "mu_left": [0.0, 0.2]}):
        found = phase_diagram(chain, **axes, steps=40, dt=0.2, seeds=5, method=method)
        for place in np.ndindex(*found.curvature.shape):
            cell = chain.replace(**{name: values[i] for (name, values), i in zip(axes.items(), place, strict=True)})
            run = cell.simulate(40, dt=0.2, members=5, method=method)
            assert np.array_equal(found.load_curves[place], run.load_curve[:, -1].mean(axis=0)), (axes, place)
