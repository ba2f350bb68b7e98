"""Early stopping: each network by its own losses, measured at its end, and nothing else changed."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from nets import MLP, Histories, History, MLPConfig, train, train_ensemble
from nets.data import gaussian_mixture
from nets.training import Stop

DATA = gaussian_mixture(3, 12, 25, test_samples=10, seed=4)
SIZES = {"epochs": 9, "width": 14, "depth": 4, "dtype": np.float64, "record": ("networks", "weights")}
CONFIGS = [
    MLPConfig(0, lr=1e-2, batch_size=20, dropout=0.1),
    MLPConfig(1, lr=1e-2, batch_size=20),
    MLPConfig(2, lr=1e-6, batch_size=20),
    MLPConfig(3, lr=3e-2, batch_size=30),
]
STOP = Stop(loss=0.25, change=0.0)
MEASURED = ("load_curves", "output_load", "train_accuracy", "test_accuracy", "by_batch", "weights")
BACKENDS = ["loop", "compiled", "torch"]


@pytest.fixture(scope="module")
def reference():
    return train_ensemble(CONFIGS, DATA, backend="loop", measure_every=1, **SIZES)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_network_stops_by_its_own_losses_and_keeps_its_last_measurements(reference, backend):
    told = []
    found = train_ensemble(
        CONFIGS,
        DATA,
        backend=backend,
        measure_every=[0, 2, 8, 9],
        stop=STOP,
        **SIZES,
        progress=lambda *at: told.append(at),
    )
    assert told[-1] == (36, 36)  # though some stopped before their last epoch
    below = reference.losses < 0.25
    expected = np.where(below.any(1), below.argmax(1) + 1, -1)
    assert len(set(expected)) >= 3  # at different epochs, and one never
    assert_array_equal(found.stopped_epoch, expected)
    assert found.finished.all()
    assert found.status[2] == "finished"
    for i, at in enumerate(np.where(expected > 0, expected, 9)):
        if at < 9:
            assert found.status[i] == f"stopped after epoch {at}: loss {reference.losses[i, at - 1]:.3g} < 0.25"
        assert found.epochs_done[i] == at
        assert np.isnan(found.losses[i, at:]).all()
        np.testing.assert_allclose(found.losses[i, :at], reference.losses[i, :at], rtol=1e-7)
        for name in MEASURED:  # later measurements repeat the last
            got, wanted = getattr(found, name)[i], getattr(reference, name)[i]
            np.testing.assert_allclose(got, wanted[[0, min(2, at), min(8, at), at]], atol=1e-6, err_msg=name)
        np.testing.assert_allclose(found.parameters[i], reference.weights[i, at], atol=1e-6)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_run_that_was_killed_among_stopped_networks_resumes_to_the_bit(tmp_path, backend):
    options = {**SIZES, "backend": backend, "stop": STOP, "measure_every": 3}
    whole = train_ensemble(CONFIGS, DATA, **options)

    def interrupt(done, total):
        if done == whole.epochs_done.sum() - 1:
            raise KeyboardInterrupt

    saved = {"checkpoint": tmp_path / "run.npz", "checkpoint_every": 2}
    cut = train_ensemble(CONFIGS, DATA, **options, **saved, progress=interrupt, threads=1)
    assert not cut.finished.all()
    assert (cut.stopped_epoch >= 0).any()
    again = train_ensemble(CONFIGS, DATA, **options, **saved)
    for name in (*MEASURED, "losses", "parameters", "stopped_epoch", "epochs_done"):
        assert_array_equal(getattr(again, name), getattr(whole, name), err_msg=name)
    with pytest.raises(ValueError, match="another run: stop differ"):
        train_ensemble(CONFIGS, DATA, **{**options, "stop": Stop()}, **saved)


def test_the_reason_is_kept_and_older_files_have_none(tmp_path):
    found = train_ensemble(CONFIGS[:2], DATA, stop=Stop(loss=0.0, change=10.0), **SIZES)
    assert_array_equal(found.stopped_epoch, [2, 2])
    loaded = Histories.load(found.save(tmp_path / "histories"))
    assert loaded.status == found.status
    assert "change of the loss" in loaded.status[0]
    assert "< 10" in loaded.status[0]
    assert found.to_xarray().stopped_epoch.values.tolist() == [2, 2]
    with np.load(tmp_path / "histories.npz") as file:
        older = {name: file[name] for name in file.files if name != "stopped_epoch"}
    np.savez(tmp_path / "older.npz", **older)
    assert Histories.load(tmp_path / "older.npz").stopped_epoch.tolist() == [-1, -1]


def test_the_plain_loop_stops_with_a_measurement(tmp_path):
    options = {"lr": 1e-2, "batch_size": 20, "seed": 3}
    whole = train(MLP(12, 14, 4, 3), DATA, epochs=9, **options)
    at = int((whole.train_loss < 0.4).argmax()) + 1
    assert 2 < at < 9
    found = train(
        MLP(12, 14, 4, 3), DATA, epochs=9, **options, measure_every=50, stop=Stop(loss=0.4, change=0),
        checkpoint=tmp_path / "run.npz",
    )  # fmt: skip
    assert found.epochs.tolist() == [0, at]
    assert_array_equal(found.load_curves[-1], whole.load_curves[at])
    assert_array_equal(found.test_accuracy[-1], whole.test_accuracy[at])
    assert found.status == f"stopped after epoch {at}: loss {whole.train_loss[at - 1]:.3g} < 0.4"
    assert found.finished
    assert History.load(tmp_path / "run.npz").finished


def test_published_numbers_and_their_limits():
    stop = Stop()
    assert stop.reason([]) == stop.reason([2.0]) == stop.reason([2.0, 2.0 - 1e-9]) == ""
    assert stop.reason([1e-5]) == "loss 1e-05 < 0.0001"
    assert stop.reason([2.0, 2.0]) == "change of the loss 0 < 1e-10"
    assert Stop(loss=0, change=0).reason([0.0, 0.0]) == ""
    for bad in ({"loss": -1.0}, {"change": np.nan}):
        with pytest.raises(ValueError, match="must not be negative"):
            Stop(**bad)
    with pytest.raises(TypeError, match="stop must be Stop"):
        train_ensemble(CONFIGS, DATA, epochs=1, stop=1e-4)
    with pytest.raises(TypeError, match="stop must be Stop"):
        train(MLP(12, 5, 2, 3), DATA, epochs=1, stop=1e-4)
