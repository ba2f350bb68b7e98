"""Mode maps and animations show what the flow and the run say."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from mechanics.chain import Drive, SpringChain, exact_flow

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")

from mechanics.plots import animate_chain, plot_modes  # noqa: E402

FLOW = exact_flow(SpringChain(mu_right=0.05, eps_bar=0, drive=Drive([0, 4, 8], [0, 1, 0.2])), t1=10.0)


def test_mode_map_has_a_column_between_two_events():
    mesh = plot_modes(FLOW).collections[0]
    assert_array_equal(mesh.get_array().reshape(7, -1).T, [state.modes for state in FLOW.pieces])
    edges = mesh.get_coordinates()[0, :, 0]
    assert_array_equal(edges, [*(state.t for state in FLOW.pieces), 10.0])


def test_mode_map_of_a_run_is_the_sign_of_its_steps():
    run = SpringChain(eps_bar=0).simulate(50, 0.1, save_every=1)
    mesh = plot_modes(run, until=3.0).collections[0]
    assert_array_equal(mesh.get_array().reshape(7, -1).T, np.sign(np.diff(run.x[0, :31, 1:-1], axis=0)))
    with pytest.raises(ValueError, match="save_every"):
        plot_modes(SpringChain(eps_bar=0).simulate(0, 0.1))


def test_animation_is_written_frame_by_frame(tmp_path):
    image = pytest.importorskip("PIL.Image")
    animate_chain(FLOW, tmp_path / "made" / "flow.gif", frames=4, dpi=40)
    assert image.open(tmp_path / "made" / "flow.gif").n_frames == 4
    with pytest.raises(ValueError, match=r"\.gif or \.mp4"):
        animate_chain(FLOW, tmp_path / "flow.png")
