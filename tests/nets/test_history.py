"""A history survives the disk, and nothing half-written does."""

import json

import numpy as np
import pytest

from nets import MLP, History, train
from nets.plots import plot_load_curves


@pytest.fixture(scope="module")
def history(few_digits):
    recorders = {"norm": lambda model, epoch: model.output.weight.norm(), "name": lambda model, epoch: f"e{epoch}"}
    return train(MLP(width=10, depth=3), few_digits, epochs=3, batch_size=80, recorders=recorders)


def test_saved_history_is_read_back_bit_for_bit(history, tmp_path):
    path = history.save(tmp_path / "folder" / "run")
    assert path.suffix == ".npz"
    back = History.load(path)
    for name in ("epochs", "load_curves", "output_load", "train_loss", "train_accuracy", "test_accuracy"):
        assert np.array_equal(getattr(back, name), getattr(history, name))
        assert getattr(back, name).dtype == getattr(history, name).dtype
    assert back.settings == history.settings == json.loads(json.dumps(history.settings))
    assert back.status == history.status
    assert back.records.keys() == history.records.keys()
    assert all(np.array_equal(back.records[name], history.records[name]) for name in back.records)
    assert [p.name for p in path.parent.iterdir()] == ["run.npz"]


def test_a_failed_save_leaves_the_old_file(history, tmp_path, monkeypatch):
    path = history.save(tmp_path / "run.npz")
    old = path.read_bytes()

    def full_disk(*args, **kwargs):
        args[0].write(b"half")
        raise OSError("no space left")

    monkeypatch.setattr(np, "savez_compressed", full_disk)
    with pytest.raises(OSError, match="no space"):
        history.save(path)
    assert path.read_bytes() == old
    assert list(tmp_path.iterdir()) == [path]


def test_other_files_are_refused(tmp_path):
    np.savez(tmp_path / "other.npz", a=np.zeros(3))
    with pytest.raises(ValueError, match="not a saved History"):
        History.load(tmp_path / "other.npz")


def test_plot_draws_the_last_curve_and_the_line_of_equal_loads(history):
    import matplotlib.pyplot as plt

    ax = history.plot()
    drawn = [line.get_ydata() for line in ax.lines]
    assert any(np.array_equal(y, history.load_curves[-1]) for y in drawn)
    assert np.array_equal(drawn[-1], history.load_curves[-1][[0, -1]])
    _, own = plt.subplots()
    assert plot_load_curves(history, own, epochs=[0, 3]) is own
    assert len(own.lines) == 3
    with pytest.raises(ValueError, match="measured"):
        plot_load_curves(history, epochs=[7])
    plt.close("all")
