"""Training of Leaky ResNets: conventions of the loss, stages, adaptive steps, interruption, reproducibility."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal

from nets import LeakyHistory, LeakyResNet, train_leaky
from nets.data import teacher
from nets.geodesic import hamiltonian_profile
from nets.training.leaky import objective

DATA = teacher((6, 2, 4), 20, 0).sample(40, 30, seed=0)


def network(rho="equidistant", **more):
    return LeakyResNet(8, 4, 1.5, 6, 4, rho, dtype=torch.float64, **more)


def test_history_has_the_objective_of_the_model_it_leaves():
    model = network()
    h = train_leaky(model, DATA, lam=0.01, epochs=25, measure_every=10)
    assert_array_equal(h.epochs, [0, 10, 20, 25])
    f = model(torch.from_numpy(DATA.x_train)).detach().numpy()
    assert_allclose(h.mse[-1], ((f - DATA.y_train) ** 2).sum() / 40, rtol=1e-12)
    assert_allclose(h.penalty[-1], model.penalty(0.01).item(), rtol=1e-12)
    g = model(torch.from_numpy(DATA.x_test)).detach().numpy()
    assert_allclose(h.test_error[-1], ((g - DATA.y_test) ** 2).sum() / 30, rtol=1e-12)
    assert h.finished
    assert h.objective[-1] < h.objective[0]


def test_torch_mean_is_the_sum_with_lam_times_the_outputs():
    """MSELoss averages over N d_out numbers: d_out times C_mean + penalty(lam) is C + penalty(lam d_out)."""
    x, y = torch.from_numpy(DATA.x_train), torch.from_numpy(DATA.y_train)
    model = network()
    mean = torch.nn.functional.mse_loss(model(x), y) + model.penalty(0.01)
    assert_allclose(4 * mean.item(), objective(model, x, y, 0.04).item(), rtol=1e-13)
    a, b = network(), network()
    mean_run = train_leaky(a, DATA, lam=0.01, epochs=20, loss="mean")
    sum_run = train_leaky(b, DATA, lam=0.04, epochs=20)  # Adam does not see the factor 1/4, but for its eps
    assert_allclose(a.W.detach(), b.W.detach(), atol=1e-5)
    assert mean_run.settings["lam_effective"] == 0.04
    assert_allclose(mean_run.objective, sum_run.objective, rtol=1e-4)


def test_same_seeds_same_bits_and_batches_follow_the_seed():
    def weights(seed):
        model = network()
        train_leaky(model, DATA, lam=0.01, epochs=5, batch_size=16, seed=seed)
        return model.W.detach().numpy()

    state = torch.random.get_rng_state()
    assert_array_equal(weights(0), weights(0))
    assert abs(weights(0) - weights(1)).max() > 1e-6
    assert torch.equal(torch.random.get_rng_state(), state)


@pytest.mark.parametrize("polish", ["sgd", "lbfgs"])
def test_a_polish_lowers_the_objective(polish):
    model = network()
    h = train_leaky(model, DATA, lam=0.01, epochs=60, polish=polish, polish_epochs=40, measure_every=20)
    after_adam = h.objective[np.flatnonzero(h.epochs == 60)[0]]
    assert h.objective[-1] < after_adam
    assert 60 < h.epochs[-1] <= 100


def test_lbfgs_brings_the_network_nearer_to_a_critical_point():
    model = network(activation=("softplus", 4.0))
    train_leaky(model, DATA, lam=0.1, epochs=100)
    before = hamiltonian_profile(model, DATA.x_train, DATA.y_train, 0.1).cons.max()
    h = train_leaky(model, DATA, lam=0.1, epochs=0, polish="lbfgs", polish_epochs=400)
    after = hamiltonian_profile(model, DATA.x_train, DATA.y_train, 0.1).cons.max()
    assert after < 1e-2 * before
    assert "gradient" in h.settings["polish_ended"]


def test_adaptive_steps_move_every_ten_epochs_and_freeze_for_the_last_tenth():
    model = network("adaptive")
    h = train_leaky(model, DATA, lam=0.01, epochs=100, measure_every=1)
    moved = np.flatnonzero(abs(np.diff(h.rho, axis=0)).max(1) > 0) + 1
    assert_array_equal(moved, np.arange(10, 91, 10))
    assert_allclose(h.rho.sum(1), 1, rtol=1e-12)
    still = train_leaky(network("irregular"), DATA, lam=0.01, epochs=30, measure_every=10)
    assert_array_equal(still.rho[0], still.rho[-1])


def test_ctrl_c_keeps_what_was_done():
    def stop(epoch, epochs):
        if epoch == 7:
            raise KeyboardInterrupt

    model = network()
    h = train_leaky(model, DATA, lam=0.01, epochs=50, progress=stop)
    assert h.status == "interrupted at epoch 7"
    assert not h.finished
    assert h.epochs[-1] == 7
    same = network()
    # a constant rate: the cosine of 50 epochs is not that of 7
    train_leaky(model := network(), DATA, lam=0.01, epochs=50, schedule="constant", progress=stop)
    train_leaky(same, DATA, lam=0.01, epochs=7, schedule="constant")
    assert torch.equal(model.W, same.W)


def test_ctrl_c_in_the_polish_keeps_the_last_iterate():
    seen = {}

    def stop(epoch, epochs):
        seen[epoch] = model.W.detach().clone()
        if epoch == 9:
            raise KeyboardInterrupt

    model = network()
    h = train_leaky(model, DATA, lam=0.01, epochs=5, polish="lbfgs", polish_epochs=50, progress=stop)
    assert h.status == "interrupted at epoch 9"
    assert torch.equal(model.W, seen[9])
    assert not torch.equal(seen[9], seen[8])
    assert_allclose(h.penalty[-1], model.penalty(0.01).item(), rtol=1e-12)


def test_a_diverging_run_says_so():
    h = train_leaky(network(), DATA, lam=0.01, epochs=0, polish="sgd", polish_lr=1e6, polish_epochs=50)
    assert "infinite or nan" in h.status


def test_a_collapsed_run_is_recognised():
    h = train_leaky(network(), DATA, lam=50.0, epochs=400, lr=1e-2)
    assert h.collapsed
    assert not train_leaky(network(), DATA, lam=0.001, epochs=200, lr=1e-2).collapsed


def test_records_and_files(tmp_path):
    h = train_leaky(
        network(), DATA, lam=0.01, epochs=20,
        recorders={"norm": lambda model, epoch: model.W.square().sum(), "draw": lambda m, e: torch.rand(2)},
    )  # fmt: skip
    assert h.records["norm"].shape == (3,)
    kept = LeakyHistory.load(h.save(tmp_path / "run"))
    for name in ("epochs", "mse", "penalty", "test_error", "rho"):
        assert_array_equal(getattr(kept, name), getattr(h, name))
    assert kept.settings == h.settings
    assert kept.status == h.status
    assert_array_equal(kept.records["draw"], h.records["draw"])


def test_learned_projections_are_trained():
    model = network(projections="learned")
    before = model.P_in.detach().clone()
    train_leaky(model, DATA, lam=0.01, epochs=5)
    assert not torch.equal(model.P_in, before)


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"lam": 0.0}, ValueError, "lam must be positive"),
        ({"lr": -1.0}, ValueError, "lr must be positive"),
        ({"batch_size": 41}, ValueError, "at most 40"),
        ({"polish": "adam"}, ValueError, "polish must be"),
        ({"polish": "newton"}, ValueError, "smooth activation"),
        ({"loss": "max"}, ValueError, "loss must be"),
        ({"schedule": "step"}, ValueError, "schedule"),
        ({"epochs": -1}, ValueError, "epochs"),
        ({"recorders": [1]}, TypeError, "recorders"),
    ],
)
def test_wrong_arguments_are_refused(change, error, words):
    with pytest.raises(error, match=words):
        train_leaky(network(), DATA, **{"lam": 0.01, "epochs": 1, **change})


def test_wrong_models_and_data_are_refused():
    with pytest.raises(ValueError, match="projections are learned"):
        train_leaky(network(projections="learned"), DATA, lam=0.1, epochs=1, polish="lbfgs")
    with pytest.raises(ValueError, match=r"\(N, 5\)"):
        train_leaky(LeakyResNet(8, 4, 1.0, 5, 4), DATA, lam=0.1, epochs=1)
    with pytest.raises(ValueError, match="x_train must be finite"):
        train_leaky(network(), DATA._replace(x_train=np.nan * DATA.x_train), lam=0.1, epochs=1)
    with pytest.raises(ValueError, match="damping"):
        train_leaky(network("adaptive"), DATA, lam=0.1, epochs=1, damping=2.0)
    with pytest.raises(TypeError, match="classifiers"):
        train_leaky(torch.nn.Linear(6, 4), DATA, lam=0.1, epochs=1)
