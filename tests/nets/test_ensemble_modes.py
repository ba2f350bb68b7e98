"""Measurements with dropout, and batch sizes that change with the epoch, on all backends."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal

from nets import MLPConfig, train_ensemble
from nets.data import gaussian_mixture
from nets.ensembles import draws
from nets.ensembles.checks import make_plan
from nets.measure import LayerStatistics

DATA = gaussian_mixture(3, 12, 25, test_samples=10, seed=4)
SIZES = {"epochs": 3, "width": 14, "depth": 4, "dtype": np.float64, "record": ("networks",)}
NAMES = ("losses", "load_curves", "output_load", "train_accuracy", "test_accuracy")


def on_all_backends(configs, **options):
    return [train_ensemble(configs, DATA, backend=b, **{**SIZES, **options}) for b in ("loop", "compiled", "torch")]


def test_mode_train_measures_with_dropout_and_the_datas_statistics():
    """Against a forward pass written out with the masks of `draws`, at the rate of the last epoch."""
    config = MLPConfig(0, slope=0.1, dropout=[0.1, 0.2, 0.4], batch_size=20)
    found = on_all_backends(
        [config, MLPConfig(1, batch_size=20), MLPConfig(2, dropout=0.5, batch_size=20)], mode="train"
    )
    for other in found[1:]:
        for name in NAMES:
            assert_allclose(getattr(other, name), getattr(found[0], name), atol=1e-8, err_msg=name)
    by_class = np.argsort(DATA.y_train, kind="stable")
    x, y = torch.from_numpy(DATA.x_train[by_class]).double(), DATA.y_train[by_class]
    model = found[0].model(0).train()
    with torch.no_grad():
        h = model.input(x)
        expected = [LayerStatistics(3).update(h, y).D]
        for l, layer in enumerate(model.hidden):
            h = layer.activation(layer.norm(layer.linear(h)))
            expected.append(LayerStatistics(3).update(h, y).D)
            h = h * torch.from_numpy(draws.kept_units(0, 3, l + 1, 14, len(y), 0.6, draws.MEASURED).T) / 0.6
        output = model.output(h)
    assert_allclose(found[0].load_curves[0, -1], expected, atol=1e-8)
    assert_allclose(found[0].output_load[0, -1], LayerStatistics(3).update(output, y).D, atol=1e-8)
    assert_allclose(found[0].train_accuracy[0, -1], (output.argmax(1).numpy() == y).mean())


def test_mode_train_differs_from_batch_by_dropout_alone_and_changes_no_training():
    configs = [MLPConfig(0, dropout=0.3, batch_size=20), MLPConfig(1, batch_size=20)]
    with_dropout, without = (train_ensemble(configs, DATA, mode=mode, **SIZES) for mode in ("train", "batch"))
    assert_array_equal(with_dropout.parameters, without.parameters)
    assert_array_equal(with_dropout.test_accuracy, without.test_accuracy)
    assert_array_equal(with_dropout.load_curves[1], without.load_curves[1])
    assert_array_equal(with_dropout.load_curves[0, :, :2], without.load_curves[0, :, :2])  # before any dropout
    assert np.abs(with_dropout.load_curves[0, :, 2:] - without.load_curves[0, :, 2:]).min() > 1e-3
    assert with_dropout.by_batch.all()


def test_mode_train_without_training():
    dropped, kept = (
        train_ensemble([MLPConfig(0, dropout=p)], DATA, mode="train", **{**SIZES, "epochs": 0}) for p in (0.5, 0.0)
    )
    assert np.abs(dropped.load_curves[0, 0, 2:] - kept.load_curves[0, 0, 2:]).min() > 1e-3


def test_masks_of_measurements_are_not_those_of_training():
    """5 standard errors of the agreement of independent fair masks."""
    masks = [draws.kept_units(7, 3, 1, 300, 100, 0.5, stream) for stream in (draws.DROPOUT, draws.MEASURED)]
    assert abs((masks[0] == masks[1]).mean() - 0.5) < 5 * 0.5 / np.sqrt(30_000)


def test_a_batch_size_may_change_with_the_epoch():
    """75 examples: batches of 20, 37 and all; a last example alone joins the batch before (37 + 38)."""
    sizes = [20, 37, 75]
    configs = [
        MLPConfig(0, dropout=0.2, batch_size=sizes),
        MLPConfig(1, label_noise=0.3, input_noise=0.1, batch_size=lambda epoch: sizes[epoch]),
        MLPConfig(2, dropout=0.2, batch_size=20),
    ]
    found = on_all_backends(configs, mode="batch")
    for other in found[1:]:
        for name in NAMES:
            assert_allclose(getattr(other, name), getattr(found[0], name), atol=1e-8, err_msg=name)
    plan = make_plan(configs, DATA, 3, 14, 4, 1, None, "auto", np.float64)
    assert [np.diff(plan.edges(0, epoch)).tolist() for epoch in range(3)] == [[20, 20, 20, 15], [37, 38], [75]]
    assert plan.first_steps[0].tolist() == [0, 4, 6, 7]
    one, two = (train_ensemble([c], DATA, **SIZES) for c in (replace(configs[0], batch_size=20), configs[0]))
    assert_array_equal(one.losses[:, 0], two.losses[:, 0])
    assert not np.array_equal(one.losses[:, 1], two.losses[:, 1])
    assert two.to_xarray().batch_size.values.tolist() == [75]


@pytest.mark.parametrize("backend", ["loop", "compiled", "torch"])
def test_a_run_with_a_batch_size_schedule_resumes_to_the_bit(tmp_path, backend):
    def interrupt(done, total):
        if done == 3:
            raise KeyboardInterrupt

    config = MLPConfig(0, dropout=0.2, batch_size=(20, 10, 37, 75))
    options = {**SIZES, "epochs": 4, "backend": backend}
    whole = train_ensemble([config], DATA, **options)
    saved = {**options, "checkpoint": tmp_path / "run.npz", "checkpoint_every": 2}
    assert not train_ensemble([config], DATA, progress=interrupt, **saved).finished.all()
    again = train_ensemble([config], DATA, **saved)
    assert_array_equal(again.parameters, whole.parameters)
    assert again.configs[0].batch_size == (20, 10, 37, 75)
