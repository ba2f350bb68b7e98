"""Ensembles: compiled training is PyTorch's, mask for mask; runs resume to the bit; failures stay where they are."""

import threading
from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from torch import nn

from nets import MLP, Digits, Histories, MLPConfig, train_ensemble
from nets.ensembles import SGD, SGLD, Adam, AdamW, RMSProp, draws, loop
from nets.ensembles.checks import make_plan
from nets.ensembles.compiled import advance
from nets.ensembles.layout import flat_parameters
from nets.ensembles.plan import new_state

SIZES = {"width": 16, "depth": 4}
DOUBLE = {**SIZES, "dtype": np.float64, "threads": 1}
NOISY = {"dropout": 0.2, "label_noise": 0.3, "input_noise": 0.2, "slope": 0.1}
ARRAYS = ("load_curves", "output_load", "losses", "train_accuracy", "test_accuracy", "parameters", "running")


@pytest.fixture(scope="module")
def few():
    """161 training and 90 test examples in 6 features and 3 classes: 4 batches of 40, the last of 41."""
    rng = np.random.default_rng(5)
    y = rng.integers(3, size=251)
    x = rng.normal(size=(251, 6)) + 1.5 * rng.normal(size=(3, 6))[y]
    return Digits(x[:161], y[:161], x[161:], y[161:], 3, "few")


def without_gradient(width, depth, inputs, classes):
    """Which parameters have a gradient of exactly 0: what is added before a BatchNorm."""
    model = MLP(inputs, width, depth, classes)
    names = [name for name, p in model.named_parameters() for _ in range(p.numel())]
    return np.array([name == "input.bias" or name.endswith("linear.bias") for name in names])


def trained(few, config, backend="compiled", **options):
    options = {**DOUBLE, "epochs": 5, "record": ("networks",), "mode": "eval", **options}
    return train_ensemble([config], few, backend=backend, **options)


@pytest.mark.parametrize(("width", "depth", "batch"), [(16, 4, 40), (64, 3, 161), (5, 1, 40), (3, 2, 11)])
def test_gradients_are_those_of_autograd_with_the_same_masks(few, width, depth, batch):
    """One step of SGD with lr 1 moves by the gradient; 161 examples and width 64 need more random words than fit."""
    config = MLPConfig(seed=3, slope=0.1, dropout=0.3, lr=1.0, batch_size=batch, optimiser=SGD())
    data = Digits(few.x_train[:batch], few.y_train[:batch], few.x_test, few.y_test, 3)
    plan = make_plan([config], data, 1, width, depth, 1, None, "eval", np.float64)
    state = new_state(plan, snapshots=False)
    start = state.parameters[0].copy()
    model = loop.make_model(plan, config, start, state.running[0]).train()
    loop.set_masks(model, 3, 0, batch, 0.7)
    order = draws.epoch_order(3, 0, batch)
    x, y = torch.from_numpy(data.x_train[order]).double(), torch.from_numpy(data.y_train[order])
    loss = nn.functional.cross_entropy(model(x), y)
    loss.backward()
    expected = np.concatenate([p.grad.numpy().ravel() for p in model.parameters()])
    advance(plan, state, 1, lambda: False, threads=1)
    assert_allclose(start - state.parameters[0], expected, atol=1e-10)
    assert_allclose(state.losses[0, 0], float(loss.detach()), rtol=1e-12)
    assert np.abs(expected[~without_gradient(width, depth, 6, 3)]).max() > 1e-3


OPTIMISERS = {
    "adam": {"optimiser": Adam(beta1=0.8, beta2=0.99, eps=1e-6)},
    "adam decay": {"optimiser": Adam(), "weight_decay": 0.01},
    "adamw": {"optimiser": AdamW(), "weight_decay": 0.3},
    "sgd": {"optimiser": SGD(), "lr": 0.05, "weight_decay": 0.01},
    "momentum": {"optimiser": SGD(0.9), "lr": 0.05, "weight_decay": 0.01},
    "nesterov": {"optimiser": SGD(0.9, nesterov=True), "lr": 0.05},
    "rmsprop": {"optimiser": RMSProp()},
    "sgld": {"optimiser": SGLD(1e-3), "lr": 0.05, "weight_decay": 0.01},
    "rmsprop momentum": {"optimiser": RMSProp(decay=0.9, eps=1e-6, momentum=0.5), "weight_decay": 0.01},
}


@pytest.mark.parametrize("name", OPTIMISERS)
def test_twenty_steps_of_each_optimiser_are_pytorchs(few, name):
    config = MLPConfig(seed=1, batch_size=40, **{**NOISY, **OPTIMISERS[name]})
    ours, reference = (trained(few, config, backend) for backend in ("compiled", "loop"))
    # What has no gradient is rounding noise in PyTorch, which an L2 decay of an adaptive optimiser amplifies without
    # any effect on the loss; what it shifts, the running means, is then left out as well.
    noise = without_gradient(16, 4, 6, 3) & (name in ("adam decay", "rmsprop momentum"))
    assert_allclose(ours.parameters[0][~noise], reference.parameters[0][~noise], atol=1e-8)
    assert_allclose(ours.losses, reference.losses, rtol=1e-10)
    assert np.abs(ours.parameters[0] - flat_parameters(MLP(6, 16, 4, 3, seed=1))).max() > 1e-3
    if not noise.any():
        for array in ("running", "load_curves", "output_load", "train_accuracy", "test_accuracy"):
            assert_allclose(getattr(ours, array), getattr(reference, array), atol=1e-8, err_msg=array)


def test_loads_by_the_datas_own_statistics_are_those_of_the_reference(few):
    ours, reference = (trained(few, MLPConfig(batch_size=40), b, mode="batch") for b in ("compiled", "loop"))
    assert ours.by_batch.all()
    assert_allclose(ours.load_curves, reference.load_curves, atol=1e-8)
    assert np.ptp(ours.load_curves[0, -1]) > 0.5


def test_constant_and_dead_features_have_the_loads_of_the_reference(few):
    x = few.x_train.copy()
    x[:, 1:3] = 7.0
    data = replace(few, x_train=x)
    ours, reference = (trained(data, MLPConfig(), b, epochs=3, mode="batch") for b in ("compiled", "loop"))
    assert_allclose(ours.load_curves, reference.load_curves, atol=1e-8)


def test_automatic_mode_is_that_of_train(few):
    histories = train_ensemble(
        [MLPConfig(batch_size=10), MLPConfig(batch_size=40)], few, epochs=9, test_every=[9], **DOUBLE
    )
    # 16 steps an epoch (the last example joins the batch before): 110 are done after epoch 7; 4 steps are too few
    assert_array_equal(histories.by_batch, [[True] * 7 + [False] * 3, [True] * 10])
    assert np.isnan(histories.test_accuracy[:, :-1]).all()
    assert (histories.test_accuracy[:, -1] > 0.5).all()


def test_masks_keep_the_stated_share_and_differ_between_steps_and_layers():
    """200,000 units each: 5 standard errors, false alarm 6e-7 a mask."""
    for keep in (0.5, 0.9, 0.99):
        mask = draws.kept_units(7, 3, 1, 1000, 200, keep)
        assert abs(mask.mean() - keep) < 5 * np.sqrt(keep * (1 - keep) / mask.size)
    half = [draws.kept_units(7, step, layer, 1000, 200, 0.5) for step, layer in ((3, 1), (4, 1), (3, 2))]
    for a, b in ((0, 1), (0, 2), (1, 2)):
        assert abs((half[a] == half[b]).mean() - 0.5) < 5 * 0.5 / np.sqrt(half[0].size)


def test_masks_do_not_depend_on_the_number_of_units_asked_for():
    assert_array_equal(draws.kept_units(7, 3, 1, 5, 41, 0.7), draws.kept_units(7, 3, 1, 9, 41, 0.7)[:5])
    assert_array_equal(draws.kept_units(7, 3, 1, 5, 41, 0.7), draws.kept_units(7, 3, 1, 5, 44, 0.7)[:, :41])


def test_order_and_labels_are_fair():
    """Every class takes its share of 30,000 drawn labels within 5 standard errors."""
    assert_array_equal(np.sort(draws.epoch_order(1, 4, 500)), np.arange(500))
    y = np.zeros(30_000, dtype=np.int64)
    for drawn in (draws.noisy_labels(1, 2, y, 1.0, 3), draws.corrupted_labels(1, y, 1.0, 3)):
        counts = np.bincount(drawn, minlength=3)
        assert np.abs(counts - 10_000).max() < 5 * np.sqrt(30_000 * 2 / 9)
    kept = draws.noisy_labels(1, 2, y, 0.25, 3)
    assert not kept[7500:].any()
    assert kept[:7500].any()
    assert np.count_nonzero(draws.corrupted_labels(1, y, 0.3, 3)) == pytest.approx(6000, abs=5 * np.sqrt(2000))


def test_a_network_alone_and_among_others_in_threads_has_the_same_bits(few):
    configs = [MLPConfig(seed=s, batch_size=40 + s, **NOISY) for s in range(4)]
    options = {**DOUBLE, "epochs": 3, "record": ("networks", "weights")}
    together = train_ensemble(configs, few, **{**options, "threads": 3})
    alone = train_ensemble(configs[2:3], few, **options)
    for name in (*ARRAYS, "weights"):
        assert_array_equal(getattr(together, name)[2:3], getattr(alone, name), err_msg=name)
    assert_array_equal(together.weights[:, -1], together.parameters)
    assert len({h.tobytes() for h in together.losses}) == 4


class Killed(Exception):
    pass


@pytest.mark.parametrize("backend", ["compiled", "loop"])
@pytest.mark.parametrize(
    "optimiser", [Adam(), SGD(0.9), RMSProp(momentum=0.5), SGLD(1e-3)], ids=lambda o: type(o).__name__
)
def test_a_killed_run_resumes_to_the_bit(few, tmp_path, backend, optimiser):
    configs = [MLPConfig(seed=s, batch_size=60, optimiser=optimiser, **NOISY) for s in range(2)]
    options = {**DOUBLE, "backend": backend, "epochs": 7, "record": ("networks",)}
    whole = train_ensemble(configs, few, **options)
    lock, calls = threading.Lock(), []

    def kill(done, total):
        with lock:
            calls.append(done)
            if len(calls) == 9:
                raise Killed

    saved = {"checkpoint": tmp_path / "run", "checkpoint_every": 2}
    with pytest.raises(Killed):
        train_ensemble(configs, few, **options, **saved, progress=kill)
    before = len(calls)
    resumed = train_ensemble(configs, few, **options, **saved, progress=lambda done, total: calls.append(done))
    for name in ARRAYS:
        assert_array_equal(getattr(resumed, name), getattr(whole, name), err_msg=name)
    assert len(calls) - before <= 14 - 8  # two networks had done four epochs when the last checkpoint was written
    again = train_ensemble(configs, few, **options, **saved)  # all is done
    assert_array_equal(again.parameters, whole.parameters)
    assert [p.name for p in tmp_path.iterdir()] == ["run.npz"]


@pytest.mark.parametrize("backend", ["compiled", "loop"])
def test_an_interrupted_run_returns_what_is_done(few, backend):
    def interrupt(done, total):
        if done == 5:
            raise KeyboardInterrupt

    options = {**DOUBLE, "backend": backend, "epochs": 3}
    histories = train_ensemble([MLPConfig(seed=s) for s in range(3)], few, **options, progress=interrupt)
    assert histories.status == ("finished", "interrupted after epoch 2", "interrupted after epoch 0")
    assert np.isfinite(histories.load_curves[1, :3]).all()
    assert np.isnan(histories.losses[2]).all()


def test_a_checkpoint_of_another_run_is_refused(few, tmp_path):
    options = {**DOUBLE, "epochs": 2, "checkpoint": tmp_path / "run.npz"}
    train_ensemble([MLPConfig()], few, **options)
    with pytest.raises(ValueError, match=r"another run: configs differ"):
        train_ensemble([MLPConfig(lr=0.1)], few, **options)
    with pytest.raises(ValueError, match=r"another run: epochs, measured epochs"):
        train_ensemble([MLPConfig()], few, **{**options, "epochs": 3})
    with pytest.raises(ValueError, match=r"another run: recorded weights"):
        train_ensemble([MLPConfig()], few, **options, record=("weights",))
    other = Digits(few.x_train + 1, few.y_train, few.x_test, few.y_test, 3)
    with pytest.raises(ValueError, match=r"another run: data"):
        train_ensemble([MLPConfig()], other, **options)


@pytest.mark.parametrize("backend", ["compiled", "loop"])
def test_a_network_that_explodes_is_left_and_named_while_others_go_on(few, backend):
    explodes = MLPConfig(seed=1, lr=lambda epoch: 1e300 if epoch == 2 else 1e-3, optimiser=SGD(), batch_size=80)
    good = MLPConfig(seed=2, batch_size=80)
    options = {**DOUBLE, "epochs": 4, "backend": backend, "record": ("networks",)}
    both = train_ensemble([explodes, good], few, **options)
    alone = train_ensemble([good], few, **options)
    assert_array_equal(both.parameters[1], alone.parameters[0])
    assert both.finished.tolist() == [False, True]
    assert (both.failed_epoch[0], both.failed_layer[0]) == (3, 1)
    assert both.status == (
        "numbers of layer 1 became infinite or nan in epoch 3; lower lr or the noise",
        "finished",
    )
    assert np.isfinite(both.load_curves[0, :3]).all()
    assert np.isnan(both.load_curves[0, 3:]).all()


def test_a_schedule_is_an_array_or_a_function(few):
    lrs = [1e-2, 1e-3, 1e-4]
    by_array = trained(few, MLPConfig(lr=np.array(lrs), dropout=0.1), epochs=3)
    by_function = trained(few, MLPConfig(lr=lambda epoch: lrs[epoch], dropout=lambda epoch: 0.1), epochs=3)
    constant = trained(few, MLPConfig(lr=1e-2, dropout=0.1), epochs=3)
    assert_array_equal(by_array.parameters, by_function.parameters)
    assert_array_equal(by_array.losses[:, 0], constant.losses[:, 0])
    assert not np.array_equal(by_array.parameters, constant.parameters)


def test_data_seed_changes_the_draws_and_not_the_first_weights(few):
    a, b = (
        trained(few, MLPConfig(seed=1, data_seed=d, batch_size=40), epochs=1, record=("weights",)) for d in (None, 9)
    )
    assert_array_equal(a.weights[0, 0], b.weights[0, 0])
    assert not np.array_equal(a.weights[0, 1], b.weights[0, 1])


def test_histories_are_saved_whole_and_labelled(few, tmp_path):
    configs = [MLPConfig(seed=s, lr=lambda epoch: 1e-3 / (1 + epoch), optimiser=SGD(0.5), **NOISY) for s in range(2)]
    histories = train_ensemble(configs, few, epochs=2, record=("networks",), **DOUBLE)
    loaded = Histories.load(histories.save(tmp_path / "histories"))
    for name in ARRAYS:
        assert_array_equal(getattr(loaded, name), getattr(histories, name))
    assert loaded.configs[1] == replace(configs[1], lr=(1e-3, 5e-4))
    assert loaded.settings == histories.settings
    table = histories.to_xarray()
    assert table.load_curves.sel(epoch=2).shape == (2, 4)
    assert table.lr.values.tolist() == [5e-4, 5e-4]
    with pytest.raises(ValueError, match="not a saved Histories"):
        Histories.load(_other_file(tmp_path))


def _other_file(folder):
    np.savez(folder / "other.npz", x=1)
    return folder / "other.npz"


def test_a_final_network_is_a_torch_module_with_the_measured_loads(few):
    from nets.measure import measure_layers

    histories = trained(few, MLPConfig(seed=4, batch_size=40, **NOISY))
    model = histories.model(0)
    loads = measure_layers(model, few.x_train, few.y_train)
    assert_allclose(loads.D, histories.load_curves[0, -1], atol=1e-8)
    assert model.hidden[0].dropout.p == 0.2
    with pytest.raises(ValueError, match="not recorded"):
        trained(few, MLPConfig(), epochs=1, record=()).model(0)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"batch_size": 1}, r"configs\[0\] must be a whole number in 2 .. 161"),
        ({"batch_size": 162}, r"in 2 .. 161"),
        ({"batch_size": [40, 1]}, r"configs\[0\] must be .* 1 at epoch 1"),
        ({"batch_size": [40]}, r"batch_size of configs\[0\] must have a number for each of the 2 epochs, but has 1"),
        ({"batch_size": lambda epoch: 40.5}, r"whole number in 2 .. 161 .* 40.5 at epoch 0"),
        ({"dropout": 1.0}, r"dropout must be in \[0, 1\)"),
        ({"dropout": lambda epoch: 0.9 + 0.1 * epoch}, r"dropout must be .* 1.0 at epoch 1"),
        ({"lr": 0.0}, "lr must be positive"),
        ({"lr": [1e-3]}, "for each of the 2 epochs"),
        ({"label_noise": 1.5}, "label_noise must be in"),
        ({"input_noise": np.nan}, "input_noise must be finite"),
        ({"weight_decay": -1}, "weight_decay must be finite"),
        ({"label_corruption": 2}, "label_corruption must lie"),
        ({"slope": np.inf}, "slope must be finite"),
        ({"seed": -1}, "seed must lie in"),
        ({"seed": 2**63}, r"seed must be below 2\^63"),
    ],
)
def test_wrong_settings_of_a_network_are_named(few, wrong, message):
    with pytest.raises(ValueError, match=message):
        train_ensemble([MLPConfig(**wrong)], few, epochs=2, **DOUBLE)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"epochs": -1}, "epochs must be a whole number of at least 0"),
        ({"width": 0}, "width must be"),
        ({"mode": "test"}, "mode must be"),
        ({"backend": "cuda"}, "backend must be"),
        ({"dtype": np.int32}, "dtype must be"),
        ({"record": "weights"}, "record must list"),
        ({"measure_every": 0}, "measure_every must be"),
        ({"measure_every": [9]}, r"measure_every must list epochs in 0 .. 2"),
        ({"threads": 0}, "threads must be"),
        ({"checkpoint_every": 0}, "checkpoint_every must be"),
    ],
)
def test_wrong_options_are_named(few, wrong, message):
    with pytest.raises(ValueError, match=message):
        train_ensemble([MLPConfig()], few, **{**DOUBLE, "epochs": 2, **wrong})


def test_data_without_a_variance_within_each_class_are_refused(few):
    lone = few.y_train.copy()
    lone[lone == 2] = 1
    lone[0] = 2
    with pytest.raises(ValueError, match="each with 2 examples or more"):
        train_ensemble([MLPConfig()], replace(few, y_train=lone), epochs=1)
    with pytest.raises(TypeError, match="sequence of at least one MLPConfig"):
        train_ensemble([], few, epochs=1)
    with pytest.raises(TypeError, match="optimiser must be"):
        MLPConfig(optimiser="adam")
    with pytest.raises(ValueError, match="momentum must lie"):
        SGD(momentum=1.0)


@pytest.mark.sweep
def test_single_precision_loads_are_those_of_torch_on_the_same_network(digits):
    """Ten epochs of real digits: the measured curve against a PyTorch forward pass and LayerStatistics."""
    from nets.measure import measure_layers

    config = MLPConfig(seed=1, dropout=0.1, batch_size=100)
    histories = train_ensemble([config], digits, epochs=10, record=("networks",), measure_every=10)
    loads = measure_layers(histories.model(0), digits.x_train, digits.y_train)
    assert_allclose(histories.load_curves[0, -1], loads.D, atol=1e-6)
    assert histories.test_accuracy[0, -1] > 0.9
