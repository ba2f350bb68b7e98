"""Lockstep training: learning-rate schedules, losses, memories at the start, and Ctrl-C."""

import os
import signal
import warnings

import numpy as np
import pytest
import torch
from torch import nn

from nets import CNN, MLP
from nets.ensembles import Adam, RMSProp
from nets.perturb import Divergence, cosine, divergence, step_decay, warm_up

RUN = {"eps": [0.0, 1e-3], "copies": 2, "steps": 12, "batch_size": 50, "times": [0, 1, 5, 12], "examples": 40}
PLAIN = {**RUN, "record": ("weights",)}


@pytest.fixture(scope="module")
def small():
    return {
        "mlp": MLP(width=12, depth=3).double(),
        "plain": MLP(width=12, depth=3, norm=None, input_norm=False).double(),
        "cnn": CNN(1, 10, 2, 2).double(),
    }


BACKENDS = [("mlp", "compiled"), ("plain", "compiled"), ("plain", "stacked"), ("plain", "loop"), ("cnn", "loop")]


@pytest.mark.parametrize(("name", "backend"), BACKENDS)
def test_a_constant_schedule_has_the_bits_of_a_number(small, few_digits, name, backend):
    options = {**PLAIN, "optimiser": "adamw", "weight_decay": 1e-2, "backend": backend}
    number = divergence(small[name], few_digits, lr=0.01, **options)
    for lr in (lambda n: 0.01, np.full(12, 0.01)):
        found = divergence(small[name], few_digits, lr=lr, **options)
        assert found.parameters.tobytes() == number.parameters.tobytes()
        assert found.buffers.tobytes() == number.buffers.tobytes()


SCHEDULES = {
    "step": step_decay(0.05, 5, 0.3), "cosine": cosine(0.05, 12), "warm-up": warm_up(0.05, 6),
    "both": warm_up(cosine(0.05, 12, 1e-3), 3),
}  # fmt: skip


@pytest.mark.parametrize("name", ["mlp", "plain"])
@pytest.mark.parametrize("optimiser", ["nesterov", "adam"])
def test_backends_agree_under_a_schedule_and_copies_of_size_zero_stay(small, few_digits, name, optimiser):
    scale = 1.0 if optimiser == "nesterov" else 0.03
    for schedule in SCHEDULES.values():
        options = {**PLAIN, "optimiser": optimiser, "lr": lambda n, rate=schedule: scale * rate(n)}
        found = [divergence(small[name], few_digits, backend=b, **options) for b in ("loop", "stacked", "compiled")]
        for other in found[1:]:
            np.testing.assert_allclose(other.parameters, found[0].parameters, rtol=0, atol=1e-10)
        assert all((f["distance_2"][0] == 0).all() for f in found)
        assert all((f["distance_2"][1] > 0).all() for f in found)


def test_schedules_move_the_weights_as_gradient_descent_does():
    """A linear model, full batch, by hand: w <- w - lr_n grad."""
    model = nn.Linear(4, 3).double()
    x, y = torch.linspace(-1, 1, 40, dtype=torch.float64).view(10, 4), torch.arange(10) % 3
    lr = step_decay(0.5, 2, 0.5)
    options = {"eps": 0.0, "copies": 1, "steps": 5, "optimiser": "sgd", "batch_size": None}
    found = divergence(model, (x, y), lr=lr, **options)
    w = [p.detach().clone().requires_grad_() for p in model.parameters()]
    for rate in (0.5, 0.5, 0.25, 0.25, 0.125):
        grads = torch.autograd.grad(nn.functional.cross_entropy(x @ w[0].T + w[1], y), w)
        w = [(p - rate * g).detach().requires_grad_() for p, g in zip(w, grads, strict=True)]
    np.testing.assert_allclose(found.parameters[0], torch.cat([p.flatten() for p in w]).detach(), atol=1e-14)
    assert found.settings["lr"] == 0.5
    assert found.settings["last_lr"] == 0.125


def test_schedules_are_what_they_say():
    assert [step_decay(1.0, 2, 0.5)(n) for n in range(5)] == [1, 1, 0.5, 0.5, 0.25]
    assert [warm_up(2.0, 4)(n) for n in range(6)] == [0.5, 1, 1.5, 2, 2, 2]
    half = [cosine(1.0, 100, 0.2)(n) for n in range(102)]
    assert half[0] == pytest.approx(1.0, abs=1e-4)
    assert half[49] + half[50] == pytest.approx(1.2)
    assert half[100:] == [0.2, 0.2]
    assert (np.diff(half) <= 0).all()


def test_a_perturbed_schedule_is_perturbed_as_a_whole(small, few_digits):
    options = {**PLAIN, "perturb": "lr", "eps": [0.0, 0.2], "optimiser": "sgd"}
    found = divergence(small["plain"], few_digits, lr=SCHEDULES["both"], **options)
    e = found.sizes[1]
    assert 0.1 <= abs(e) <= 0.2
    assert (found["distance_2"][0] == 0).all()
    scaled = divergence(small["plain"], few_digits, lr=lambda n: SCHEDULES["both"](n) * (1 + e), **options)
    np.testing.assert_array_equal(scaled.parameters[0], found.parameters[2])


LOSSES = {
    "mse": lambda f, y: (f - nn.functional.one_hot(y, 10)).square().mean(),
    "margin": lambda f, y: nn.functional.multi_margin_loss(f, y),
    "smoothed": lambda f, y: nn.functional.cross_entropy(f, y, label_smoothing=0.1),
}


@pytest.mark.parametrize("loss", LOSSES)
def test_losses_agree_with_their_formula_in_both_backends(small, few_digits, loss):
    own = {"mse": {"loss": "mse"}, "smoothed": {"label_smoothing": 0.1}}.get(loss, {"loss": LOSSES[loss]})
    options = {**RUN, "optimiser": "momentum", "lr": 0.02}
    found = [divergence(small["plain"], few_digits, backend=b, **own, **options) for b in ("loop", "stacked")]
    by_hand = divergence(small["plain"], few_digits, backend="loop", loss=LOSSES[loss], **options)
    for other in found:
        np.testing.assert_allclose(other.parameters, by_hand.parameters, rtol=0, atol=1e-12)
        assert (other["distance_2"][0] == 0).all()
        assert (other["test/logit_rms"][0] == 0).all()
        assert other.settings["backend"] != "compiled"
    if loss != "smoothed":
        outputs = found[0].network(0).eval()(torch.from_numpy(few_digits.x_test[:40]).double())
        value = LOSSES[loss](outputs, torch.from_numpy(few_digits.y_test[:40]))
        assert found[0].baseline["test/loss"][-1] == pytest.approx(value.item(), rel=1e-12)
    plain = divergence(small["plain"], few_digits, backend="loop", **options)
    assert np.abs(plain.parameters - by_hand.parameters).max() > 1e-4


def test_cross_entropy_may_be_given_as_the_function(small, few_digits):
    options = {**PLAIN, "optimiser": "sgd", "lr": 0.05}
    found, named = (
        divergence(small["plain"], few_digits, loss=loss, **options)
        for loss in (nn.functional.cross_entropy, "cross_entropy")
    )
    assert found.settings["backend"] == "compiled"
    assert found.parameters.tobytes() == named.parameters.tobytes()


KINDS = [
    ("label_smoothing", "momentum", ("loop", "stacked")),
    ("optimiser_state", "momentum", ("loop", "stacked", "compiled")),
    ("optimiser_state", "adam", ("loop", "stacked", "compiled")),
    ("optimiser_state", RMSProp(momentum=0.5), ("loop", "stacked", "compiled")),
    ("optimiser_state", RMSProp(), ("loop", "stacked")),
]


@pytest.mark.parametrize(("kind", "optimiser", "backends"), KINDS)
def test_losses_and_memories_part_copies_and_size_zero_does_not(small, few_digits, kind, optimiser, backends):
    lr = 0.02 if optimiser == "momentum" else 1e-3
    options = {**PLAIN, "eps": [0.0, 0.1, 0.1], "copies": 3, "perturb": kind, "optimiser": optimiser, "lr": lr}
    found = [divergence(small["plain"], few_digits, backend=b, **options) for b in backends]
    for other in found:
        np.testing.assert_allclose(other.parameters, found[0].parameters, rtol=0, atol=1e-10)
        d = other["distance_2"]
        assert (d[0] == 0).all()
        assert (d[:, 0] == 0).all()  # it is not the weights that were perturbed
        assert (d[1:, 1:] > 0).all()
        assert d[1, -1] != d[2, -1]
    assert found[0].sizes[0] == 0
    alone = divergence(small["plain"], few_digits, **{**options, "perturb": "init", "eps": 0.0}, backend=backends[0])
    np.testing.assert_array_equal(alone.parameters[0], found[0].parameters[0])  # making copies left the baseline
    assert ((found[0].sizes[1:] > 0.03) & (found[0].sizes[1:] < 0.2)).all()


def test_momentum_at_the_start_is_a_share_of_the_first_gradient(small, few_digits):
    """One step: w' - w = -lr momentum m(0), with |m(0)| = size |g|."""
    options = {**PLAIN, "eps": 0.3, "copies": 3, "steps": 1, "times": [0, 1], "perturb": "optimiser_state"}
    found = divergence(small["plain"], few_digits, optimiser="momentum", lr=0.1, **options)
    moved = np.linalg.norm(
        found.parameters[0] - np.concatenate([p.detach().flatten() for p in small["plain"].parameters()])
    )
    np.testing.assert_allclose(found["distance_2"][:, 1], 0.9 * found.sizes * moved, rtol=1e-9)
    np.testing.assert_allclose(found.sizes, 0.3, rtol=0.3)  # few entries carry most of the gradient


def test_pixels_without_a_gradient_keep_no_memory(small, few_digits):
    """Adam would divide by the root of nothing: a border pixel that is 0 in all images moves no weight."""
    x = few_digits.x_train.copy()
    x[:, 3] = 0
    options = {**PLAIN, "eps": 0.5, "steps": 3, "times": [0, 3], "perturb": "optimiser_state", "record": ("tensors",)}
    found = divergence(small["plain"], (x, few_digits.y_train), optimiser=Adam(), lr=1e-3, **options)
    w = [found.network(i).hidden[0].linear.weight.detach() for i in range(3)]
    assert torch.equal(w[0][:, 3], w[1][:, 3])
    assert not torch.equal(w[0][:, 4:], w[1][:, 4:])


@pytest.mark.parametrize("backend", ["compiled", "stacked", "loop"])
def test_ctrl_c_is_told_and_the_same_call_goes_on(small, few_digits, tmp_path, backend):
    """A signal, as a terminal sends it; with a schedule and memories, which a checkpoint must keep."""
    options = {**RUN, "steps": 20, "times": 8, "optimiser": "adam", "lr": cosine(1e-3, 20), "backend": backend}
    options |= {"eps": [0.0, 0.1], "perturb": "optimiser_state"}
    whole = divergence(small["plain"], few_digits, **options)
    assert whole.status == "finished"
    assert not whole.interrupted

    def press(step, steps):
        if step >= 5:
            os.kill(os.getpid(), signal.SIGINT)

    file = tmp_path / "run.npz"
    with pytest.warns(UserWarning, match=r"divergence was interrupted after step \d+ of 20"):
        part = divergence(small["plain"], few_digits, checkpoint=file, progress=press, **options)
    assert part.interrupted
    assert 5 <= part.steps_done < 20
    assert f"interrupted after step {part.steps_done} of 20" in part.status
    assert "run.npz" in part.status
    assert file.exists()  # though no checkpoint was due yet
    assert not part.finished.any()
    assert np.isnan(part["distance_2"][:, part.steps > part.steps_done]).all()
    assert Divergence.load(part.save(tmp_path / "part")).status == part.status
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        resumed = divergence(small["plain"], few_digits, checkpoint=file, **options)
    assert resumed.status == "finished"
    assert resumed.parameters.tobytes() == whole.parameters.tobytes()
    for curve in whole:
        np.testing.assert_array_equal(resumed[curve], whole[curve])
    with pytest.raises(ValueError, match=r"another run.*optimisers"):
        divergence(small["plain"], few_digits, checkpoint=file, **{**options, "lr": cosine(1e-3, 21)})


def test_without_a_checkpoint_the_status_says_what_would_have_kept_it(small, few_digits):
    def stop(step, steps):
        raise KeyboardInterrupt

    with pytest.warns(UserWarning, match="checkpoint="):
        part = divergence(small["plain"], few_digits, **PLAIN, optimiser="sgd", lr=0.1, progress=stop)
    assert part.interrupted
    assert part.steps_done == 1


def test_a_baseline_that_fails_is_no_interruption(small, few_digits):
    found = divergence(small["plain"], few_digits, **PLAIN, optimiser="sgd", lr=1e200)
    assert not found.interrupted
    assert "of the baseline, its" in found.status


def test_barriers_are_those_of_the_loss(small, few_digits):
    options = {**PLAIN, "eps": 0.5, "optimiser": "sgd", "lr": 0.05}
    found = divergence(small["plain"], few_digits, loss="mse", **options)
    x, y = few_digits.x_test, few_digits.y_test
    barriers = found.barriers(x, y, points=3)
    loss = LOSSES["mse"](found.network(0)(torch.from_numpy(x).double()), torch.from_numpy(y))
    assert barriers.lines[0].before.loss[0] == pytest.approx(loss.item(), rel=1e-12)
    own = divergence(small["plain"], few_digits, loss=LOSSES["margin"], **options)
    with pytest.raises(ValueError, match="give it as loss="):
        own.barriers(x, y)
    assert np.isfinite(own.barriers(x, y, points=3, loss=LOSSES["margin"]).before).all()
    aligned = found.aligned(normal_form=True)
    assert (aligned.aligned <= [a.normal for a in aligned.alignments]).all()


def test_bad_rates_losses_and_memories_are_refused(small, few_digits):
    good = {**PLAIN, "optimiser": "sgd", "lr": 0.1}
    for change, words in (
        ({"lr": lambda n: 0.1 - 0.05 * n}, r"lr must be positive and finite, but is 0.0 at step 2"),
        ({"lr": [0.1] * 7}, r"one rate for each of the 12 steps, but has shape \(7,\)"),
        ({"lr": 0.0}, "lr must be positive"),
        ({"loss": "hinge"}, "loss must be 'cross_entropy', 'mse' or a function"),
        ({"loss": LOSSES["mse"], "label_smoothing": 0.1}, "label_smoothing goes with a named loss"),
        ({"label_smoothing": 1.0}, r"label_smoothing must lie in \[0, 1\)"),
        ({"loss": lambda f, y: f.square().sum(1), "backend": "loop"}, "loss must return one number"),
        ({"loss": "mse", "backend": "compiled"}, "cross-entropy without label smoothing"),
        ({"perturb": "label_smoothing", "eps": 2.5}, r"must stay in \[0, 1\)"),
        ({"perturb": "label_smoothing", "eps": 0.1, "loss": LOSSES["mse"]}, "but it is a function"),
        ({"perturb": "optimiser_state"}, "needs an optimiser with a memory"),
        ({"perturb": "optimiser_state", "optimiser": "adam", "eps": -0.1}, "at least 0"),
    ):
        with pytest.raises(ValueError, match=words):
            divergence(small["plain"], few_digits, **{**good, **change})
    for make in (
        lambda: step_decay(0.1, 0), lambda: step_decay(-1, 2), lambda: cosine(0.1, 0), lambda: cosine(0.1, 5, -1),
        lambda: warm_up(0.1, 0), lambda: warm_up(-0.1, 3),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=r"must|at least"):
            make()
