"""Calls that must not give an answer: each is refused in words, or flagged and the others go on."""

from copy import deepcopy

import numpy as np
import pytest
import torch
from torch import nn

from nets import CNN, MLP
from nets.perturb import (
    align,
    barrier,
    collapse,
    divergence,
    fit_law,
    normal_form,
    on_sphere,
    perturb_on_sphere,
    spec_of,
    symmetries_of,
)

T = np.arange(1.0, 11.0)


def plain(**options):
    return MLP(width=6, depth=3, norm=None, input_norm=False, **options).double()


def with_weight(value):
    model = plain()
    with torch.no_grad():
        model.output.weight[0, 0] = value
    return model


def zeroed():
    model = plain()
    with torch.no_grad():
        model.output.weight.zero_()
    return model


@pytest.fixture(scope="module")
def run(few_digits):
    options = {"copies": 2, "steps": 4, "optimiser": "sgd", "lr": 0.05, "batch_size": 40, "times": [0, 4]}
    return lambda model=None, data=few_digits, **change: divergence(
        model or plain(), data, **{**options, "eps": 0.1, **change}
    )


SPHERE = {
    "outside": (lambda: on_sphere(np.ones(4), 4.1, np.ones(4)), r"\[0, 4\], but is 4.1"),
    "negative": (lambda: on_sphere(np.ones(4), -0.1, np.ones(4)), "but is -0.1"),
    "no radius": (lambda: on_sphere(np.zeros(4), 0.1, np.ones(4)), "norm 0"),
    "no direction": (lambda: on_sphere(np.ones(4), 0.1, np.eye(4)[3]), "z has no direction"),
    "shapes": (lambda: on_sphere(np.ones(4), 0.1, np.ones(3)), "must have one shape"),
    "matrix": (lambda: on_sphere(np.ones((2, 2)), 0.1, np.ones((2, 2))), "must have one shape"),
    "no number": (lambda: perturb_on_sphere(plain(), "far"), "eps must be a number"),
    "zero layer": (lambda: perturb_on_sphere(zeroed(), 0.1), "output.weight has norm 0"),
    "nan": (lambda: perturb_on_sphere(with_weight(np.nan), 0.1), "must be finite to be perturbed, but output.weight"),
    "half": (lambda: perturb_on_sphere(plain().half(), 0.1), r"float32 or float64.*torch.float16"),
    "unit of 0": (
        lambda: perturb_on_sphere(zeroed(), 0.1, mode="gaussian", relative=True, parameters=["output.weight"]),
        "cannot be in units of it",
    ),
}


@pytest.mark.parametrize("case", SPHERE)
def test_perturbations_off_the_sphere_are_refused(case):
    call, words = SPHERE[case]
    with pytest.raises(ValueError, match=words):
        call()


def test_copies_that_do_not_fit_the_baseline_are_refused(run):
    """Not trained as if they were the baseline's architecture."""
    for copy, words in (
        (plain(slope=0.5), r"must compute as the baseline does.*negative_slope=0.5"),
        (plain(dropout=0.5), r"must compute as the baseline does.*Dropout\(p=0.5\)"),
        (plain().float(), "must have the tensors of the baseline"),
        (with_weight(np.inf), r"copies\[0\] must have finite parameters"),
    ):
        with pytest.raises(ValueError, match=words):
            run(copies=[copy], eps=None)


def test_runs_that_make_no_sense_are_refused(run, few_digits):
    for change, words in (
        ({"eps": 1e3}, r"eps must lie in \[0, 2 \|w0\|\]"),
        ({"eps": [0.1, -0.1]}, "but is -0.1"),
        ({"eps": "far"}, "eps must be a number"),
        ({"copies": 2.5}, "copies must be a number"),
        ({"lr": "0.1"}, "lr must be a number, a function"),
        ({"threads": 0}, "threads must be"),
        ({"checkpoint_every": 0}, "checkpoint_every must be"),
        ({"data": None}, "data must be Digits"),
        ({"data": (few_digits.x_train[:, :50], few_digits.y_train)}, r"does not take inputs of shape \(2, 50\)"),
        ({"model": zeroed()}, "output.weight has norm 0"),
        ({"model": with_weight(np.nan)}, "must be finite at the start"),
    ):
        with pytest.raises(ValueError, match=words):
            run(**change)


def test_networks_of_a_result_are_its_own(run, few_digits):
    found = run()
    assert found.network(0, plain().float()).output.weight.dtype == torch.float64  # not rounded
    for i in (-1, 3):
        with pytest.raises(ValueError, match=f"but {i} is asked for"):
            found.network(i)
    other = nn.Sequential(nn.Linear(found.parameters.shape[1] - 1, 1)).double()
    with pytest.raises(ValueError, match=r"another architecture than the run: 0\.weight"):
        found.network(0, other)
    with pytest.raises(ValueError, match=r"labels in 0 \.\. 9"):
        found.barriers(few_digits.x_test, few_digits.y_test + 5)
    with pytest.raises(ValueError, match="alignments must be those of the 2 copies"):
        found.barriers(few_digits.x_test, few_digits.y_test, alignments=run(copies=1).aligned())


def test_networks_that_cannot_be_compared_are_refused():
    with pytest.raises(ValueError, match=r"must compute alike.*negative_slope=1.0"):
        align(plain(), plain(slope=1.0))
    assert align(plain(), plain(dropout=0.3)).raw == 0  # no effect in evaluation
    with pytest.raises(ValueError, match="the model is a Bilinear, whose symmetries"):
        align(nn.Bilinear(2, 2, 2), nn.Bilinear(2, 2, 2))
    with pytest.raises(TypeError, match="networks must be"):
        align(plain(), None)
    for call in (normal_form, symmetries_of, spec_of, lambda m: align(m, plain()), lambda m: perturb_on_sphere(m, 0.1)):
        with pytest.raises(TypeError, match=r"must be an nn\.Module"):
            call("model")
    with pytest.raises(TypeError, match="must be a UnitSymmetries"):
        normal_form(plain(), symmetries={"a": 1})
    with pytest.raises(ValueError, match=r"cannot be balanced, but output\.weight"):
        normal_form(with_weight(1e200))
    x, y, loss = torch.zeros(3, 100).double(), torch.zeros(3).long(), nn.functional.cross_entropy
    for arguments, words in (
        ((np.zeros((3, 100)), y, loss), "must be tensors"),
        ((x, y[:2], loss), r"Tensor \(3, 100\) and Tensor \(2,\)"),
        ((x, y, lambda f, y: f), "loss must return one number"),
    ):
        with pytest.raises(ValueError, match=words):
            barrier(plain(), plain(), *arguments)
    images = CNN(1, 10, 2, 2)
    foreign = align(images, deepcopy(images))
    with pytest.raises(ValueError, match="align networks of one architecture"):
        barrier(plain(), plain(), x, y, loss, alignment=foreign)


def test_laws_and_scalings_of_nonsense_are_refused():
    with pytest.raises(ValueError, match="resamples must be"):
        fit_law(T, [T, 2 * T, 3 * T], resamples=-1)
    with pytest.raises(ValueError, match="time_power must be finite"):
        collapse([1.0, 2.0], [T, T], [T[None], T[None]], time_power=np.nan)


@pytest.mark.parametrize("backend", ["compiled", "stacked", "loop"])
def test_a_copy_that_diverges_midway_is_flagged_and_the_others_go_on(run, backend):
    """A rate beyond stability: it overflows after some steps; the control stays at 0."""
    options = {"perturb": "lr", "eps": [60.0, 0.0], "lr": 0.5, "steps": 80, "times": [0, 1, 40, 80]}
    options |= {"backend": backend, "record": ("weights",), "optimiser": "momentum", "weight_decay": 0.1}
    found = run(**options)
    assert found.failed_step[0] == found.failed_step[2] == -1
    assert 1 < found.failed_step[1] <= 80
    assert "step" in found.reasons[1]
    assert "1 of 2 copies failed" in found.status
    assert (found["distance_2"][1] == 0).all()
    assert np.isfinite(found["distance_2"][0, :2]).all()
    assert np.isnan(found["distance_2"][0, -1])


def test_views_and_read_only_arrays_are_data_like_their_copies():
    x, y = np.random.default_rng(0).normal(size=(20, 100)), np.arange(20) % 10
    fixed = x.copy()
    fixed.flags.writeable = False

    def run(*data):
        found = divergence(plain(), data, eps=0.1, copies=1, steps=2, optimiser="sgd", lr=0.1, batch_size=10)
        return found["distance_2"]

    np.testing.assert_array_equal(run(x[::-1], y[::-1]), run(x[::-1].copy(), y[::-1].copy()))
    np.testing.assert_array_equal(run(fixed, y), run(x, y))


def test_data_of_another_kind_are_named_by_their_type():
    with pytest.raises(ValueError, match=r"but is a Tensor\.$"):
        divergence(plain(), torch.zeros(4, 100), eps=0.1, copies=1, steps=1, optimiser="sgd", lr=0.1, batch_size=2)


def test_a_barrier_of_a_loss_by_name_is_refused_in_words():
    with pytest.raises(TypeError, match=r"loss must be a function .* but is 'mse'"):
        barrier(plain(), plain(seed=1), torch.zeros(4, 100).double(), torch.zeros(4), "mse")
    with pytest.raises(ValueError, match=r"torch.as_tensor makes them of arrays\) of as many"):
        barrier(plain(), plain(seed=1), np.zeros((4, 100)), np.zeros(4), nn.functional.cross_entropy)


def test_alignments_of_barriers_are_those_of_the_run():
    x, y = np.random.default_rng(0).normal(size=(20, 100)), np.arange(20) % 10
    found = divergence(plain(), (x, y), eps=0.1, copies=1, steps=2, optimiser="sgd", lr=0.1, batch_size=10)
    with pytest.raises(TypeError, match="alignments must be what aligned"):
        found.barriers(x, y, alignments=found.aligned().alignments)


def test_divergence_leaves_the_model_where_it_is():
    """Moving a module moves it in place: a network on an accelerator once came back on the processor."""
    moved = []

    class Watched(nn.Linear):
        def _apply(self, fn, recurse=True):
            moved.append(id(self))
            return super()._apply(fn, recurse)

    net = nn.Sequential(Watched(100, 10))
    x, y = np.random.default_rng(0).normal(size=(20, 100)), np.arange(20) % 10
    divergence(net, (x, y), eps=0.1, copies=1, steps=1, optimiser="sgd", lr=0.1, batch_size=10, backend="loop")
    assert id(net[0]) not in moved


def test_one_example_at_a_time_is_refused_where_batchnorm_has_no_variance():
    net = nn.Sequential(nn.Linear(100, 4), nn.BatchNorm1d(4), nn.Linear(4, 10))
    x, y = np.random.default_rng(0).normal(size=(20, 100)), np.arange(20) % 10
    with pytest.raises(ValueError, match="batch_size must be at least 2 for this model: Expected more than 1 value"):
        divergence(net, (x, y), eps=0.1, copies=1, steps=1, optimiser="sgd", lr=0.1, batch_size=1)
