"""Lockstep training: backends agree, copies of size 0 stay at 0, runs resume, failures are flagged."""

from copy import deepcopy

import numpy as np
import pytest
import torch
from torch import nn

from nets import CNN, MLP
from nets.ensembles import SGD
from nets.models import ResNet, Transformer
from nets.perturb import Divergence, divergence

RUN = {"eps": [0.0, 1e-3], "copies": 2, "steps": 12, "batch_size": 50, "times": 6, "examples": 40}


@pytest.fixture(scope="module")
def small():
    """Normed network, plain network, residual network, transformer; in double precision."""
    return {
        "mlp": MLP(width=12, depth=3, dropout=0.2).double(),
        "plain": MLP(width=12, depth=3, norm=None, input_norm=False, dropout=0.2).double(),
        "cnn": CNN(1, 10, 3, 2, dropout=0.1).double(),
        "resnet": ResNet(width=3, blocks=1).double(),
        "transformer": Transformer(width=8, layers=1, dropout=0.1).double(),
    }


@pytest.mark.parametrize(
    ("name", "backends", "optimiser"),
    [
        ("mlp", ("compiled", "stacked"), "nesterov"),
        ("mlp", ("compiled",), "sgd"),
        ("plain", ("compiled", "stacked"), "adam"),
        ("plain", ("stacked",), "adamw"),
        ("plain", ("stacked",), "rmsprop"),
        ("plain", ("stacked",), "momentum"),
        ("cnn", ("stacked",), "sgd"),
        ("resnet", ("stacked",), "momentum"),
        ("transformer", ("stacked",), "sgd"),
    ],
)
def test_backends_agree_with_torch_optimisers_and_control_copies_stay_at_zero(
    small, few_digits, name, backends, optimiser
):
    """1e-10: rounding of another order of sums, grown over 12 steps."""
    lr = 1e-3 if optimiser in ("adam", "adamw", "rmsprop") else 0.02
    options = {**RUN, "optimiser": optimiser, "lr": lr, "weight_decay": 1e-3}
    reference = divergence(small[name], few_digits, backend="loop", **options)
    assert reference.finished.all()
    for backend in backends:
        found = divergence(small[name], few_digits, backend=backend, **options)
        np.testing.assert_allclose(found.parameters, reference.parameters, rtol=0, atol=1e-10)
        np.testing.assert_allclose(found.buffers, reference.buffers, rtol=0, atol=1e-10)
        for result in (found, reference):
            assert (result["distance_2"][0] == 0).all()
            assert (result["test/logit_rms"][0] == 0).all()
            assert (result["test/disagreement"][0] == 0).all()
            assert (result["distance_2"][1] > 0).all()


def test_sphere_perturbation_is_realised(small, few_digits):
    found = divergence(small["plain"], few_digits, **{**RUN, "eps": 0.3}, optimiser="sgd", lr=0.01)
    np.testing.assert_allclose(found.sizes, 0.3, rtol=1e-12)
    np.testing.assert_allclose(found["distance_2"][:, 0], 0.3, rtol=1e-12)
    np.testing.assert_allclose(found.norms, found.norms[0], rtol=1e-13)
    np.testing.assert_allclose(found["relative_to_start"], found["distance_2"] / found.norms[0], rtol=1e-13)


CHANGES = {
    "init-global": 0.1, "init-gaussian": 0.1, "swap": 1, "permute": 1, "order": 1, "lr": 0.1, "momentum": 0.05,
    "weight_decay": 0.1, "replace": 3, "drop": 3, "input_noise": 0.1, "flip": 3,
}  # fmt: skip


@pytest.mark.parametrize("kind", CHANGES)
def test_every_perturbation_parts_copies_in_both_backends_and_size_zero_does_not(small, few_digits, kind):
    options = {"copies": 3, "steps": 10, "batch_size": 20, "times": [0, 1, 10], "record": ("weights",)}
    options |= {"optimiser": "momentum", "lr": 0.02, "weight_decay": 1e-3, "perturb": kind, "seed": 5}
    eps = [0.0, CHANGES[kind], CHANGES[kind]]
    found = divergence(small["plain"], few_digits, eps=eps, backend="stacked", **options)
    other = divergence(small["plain"], few_digits, eps=eps, backend="loop", **options)
    np.testing.assert_allclose(found.parameters, other.parameters, rtol=0, atol=1e-10)
    d = found["distance_2"]
    assert (d[0] == 0).all()
    assert (d[1:, -1] > 1e-8).all()
    assert d[1, -1] != d[2, -1]
    if not kind.startswith("init"):
        assert (d[:, 0] == 0).all()  # it is not the weights that were perturbed


def test_compiled_backend_takes_smaller_batches_of_copies_that_lost_examples(small, few_digits):
    options = {**RUN, "eps": [0, 4], "perturb": "drop", "optimiser": "sgd", "lr": 0.05}
    found, other = (divergence(small["mlp"], few_digits, backend=b, **options) for b in ("compiled", "loop"))
    np.testing.assert_allclose(found.parameters, other.parameters, rtol=0, atol=1e-10)
    assert found["distance_2"][1, -1] > 0


def test_hyperparameter_copies_differ_in_sign_and_size(small, few_digits):
    options = {**RUN, "eps": 0.2, "copies": 4, "steps": 1, "perturb": "lr", "optimiser": "sgd", "lr": 0.1}
    found = divergence(small["plain"], few_digits, **options)
    assert (np.sign(found.sizes) == [1, -1, 1, -1]).all()
    assert ((np.abs(found.sizes) >= 0.1) & (np.abs(found.sizes) <= 0.2)).all()
    # one SGD step: w' - w = -lr e g, so that d is proportional to |e|
    d = found["distance_2"][:, -1]
    np.testing.assert_allclose(d / np.abs(found.sizes), d[0] / abs(found.sizes[0]), rtol=1e-9)


def test_one_step_of_a_linear_model_grows_by_its_hessian():
    """Softmax regression, full batch: d(1) = (1 - lr H) d(0), H from autograd."""
    model = nn.Linear(4, 3).double()
    generator = torch.Generator().manual_seed(1)
    x, y = torch.randn(30, 4, generator=generator, dtype=torch.float64), torch.arange(30) % 3
    found = divergence(
        model, (x, y), eps=1e-6, copies=2, steps=1, optimiser="sgd", lr=0.5, batch_size=None, times=[0, 1]
    )

    def loss(w):
        return nn.functional.cross_entropy(torch.addmm(w[12:], x, w[:12].view(3, 4).T), y)

    w0 = torch.cat([p.detach().flatten() for p in model.parameters()])
    H = torch.func.hessian(loss)(w0).numpy()
    run = divergence(model, (x, y), eps=1e-6, copies=2, steps=0, optimiser="sgd", lr=0.5, batch_size=None)
    d0 = run.parameters[1:] - run.parameters[0]
    predicted = d0 - 0.5 * d0 @ H
    np.testing.assert_allclose(found.parameters[1:] - found.parameters[0], predicted, atol=1e-12)


def test_checkpoint_gives_the_same_bits(small, few_digits, tmp_path):
    options = {**RUN, "optimiser": "adam", "lr": 1e-3, "steps": 20, "checkpoint_every": 7}
    for name, backend in (("mlp", "compiled"), ("plain", "stacked"), ("plain", "loop")):
        file = tmp_path / f"{backend}.npz"

        def interrupt(step, steps):
            if step >= 9:
                raise KeyboardInterrupt

        whole = divergence(small[name], few_digits, backend=backend, **options)
        part = divergence(small[name], few_digits, backend=backend, checkpoint=file, progress=interrupt, **options)
        assert 9 <= part.steps_done < 20
        assert not part.finished.any()
        assert "interrupted" in part.reasons[0]
        seen = part.steps <= part.steps_done
        np.testing.assert_array_equal(part["distance_2"][:, seen], whole["distance_2"][:, seen])
        assert np.isnan(part["distance_2"][:, ~seen]).all()
        resumed = divergence(small[name], few_digits, backend=backend, checkpoint=file, **options)
        assert resumed.parameters.tobytes() == whole.parameters.tobytes()
        assert resumed.buffers.tobytes() == whole.buffers.tobytes()
        for curve in whole:
            np.testing.assert_array_equal(resumed[curve], whole[curve])
    with pytest.raises(ValueError, match=r"another run.*optimisers"):
        divergence(small["plain"], few_digits, backend="loop", checkpoint=file, **{**options, "lr": 2e-3})


@pytest.mark.parametrize("backend", ["compiled", "stacked", "loop"])
def test_a_copy_that_overflows_is_flagged_and_the_others_go_on(small, few_digits, backend):
    """Weights of 1e38 in single precision overflow the logits; the other copy is that of a run without it."""
    model = deepcopy(small["mlp" if backend == "compiled" else "plain"]).float()
    broken, fine = deepcopy(model), deepcopy(model)
    with torch.no_grad():
        broken.hidden[0].linear.weight.mul_(1e3)
        broken.output.weight.copy_(3e38 * torch.tensor([1.0, -1.0]).repeat(5)[:, None])
        fine.output.weight.add_(1e-3)
    options = {**RUN, "eps": None, "optimiser": "sgd", "lr": 0.05, "backend": backend, "record": ("weights",)}
    found = divergence(model, few_digits, **{**options, "copies": [broken, fine]})
    alone = divergence(model, few_digits, **{**options, "copies": [fine]})
    assert found.failed_step.tolist() == [-1, 1, -1]
    assert "step 1" in found.reasons[1]
    assert found.reasons[2] == "finished"
    np.testing.assert_array_equal(found["distance_2"][1], alone["distance_2"][0])
    assert np.isnan(found["distance_2"][0, 1:]).all()
    assert found.finished.tolist() == [False, True]


def test_weights_beyond_any_distance_are_flagged(small, few_digits):
    options = {**RUN, "perturb": "lr", "eps": [1e200, 0.0], "optimiser": "sgd", "lr": 0.05, "times": [0, 1, 12]}
    found = divergence(small["plain"], few_digits, **{**options, "record": ("weights",)})
    assert found.failed_step.tolist() == [-1, 1, -1]
    assert "too large at step 1" in found.reasons[1]
    assert (found["distance_2"][1] == 0).all()


def test_inputs_are_refused_with_reasons(small, few_digits):
    good = {**RUN, "optimiser": "sgd", "lr": 0.1}
    with pytest.raises(ValueError, match=r"copies\[0\].*must have the tensors of the baseline.*hidden.0.linear.weight"):
        divergence(
            small["plain"], few_digits, **{**good, "copies": [MLP(width=9, depth=3, norm=None).double()], "eps": None}
        )
    for change, words in (
        ({"perturb": "luck"}, "perturb must be one of"),
        ({"perturb": "beta1"}, "optimiser with beta1"),
        ({"perturb": "weight_decay", "eps": 0.1}, "weight_decay is 0"),
        ({"perturb": "swap", "eps": 0.5}, "number of pairs"),
        ({"optimiser": "lion"}, "optimiser must be one of"),
        ({"eps": [0.1, 0.1, 0.1]}, "one for each of the 2"),
        ({"eps": None}, "eps must be given"),
        ({"batch_size": 1000}, "at most the 160"),
        ({"lr": -1.0}, "lr must be positive"),
        ({"backend": "fast"}, "backend must be"),
        ({"times": [0, 99]}, "steps in 0 .. 12"),
        ({"record": "weights"}, "must list"),
        ({"probe": np.zeros((3, 7))}, "inputs of shape"),
    ):
        with pytest.raises(ValueError, match=words):
            divergence(small["plain"], few_digits, **{**good, **change})
    with pytest.raises(ValueError, match="with BatchNorm in all layers or in none"):
        divergence(small["cnn"], few_digits, **{**good, "backend": "compiled"})
    with pytest.raises(ValueError, match=r"labels must lie in 0 \.\. 9"):
        divergence(small["plain"], (few_digits.x_train, few_digits.y_train + 5), **good)
    with pytest.raises(ValueError, match="logits"):
        divergence(
            nn.Sequential(nn.Linear(100, 3), nn.Flatten(0)).double(), (few_digits.x_train, few_digits.y_train), **good
        )


def test_the_callers_generator_and_model_are_left_alone(small, few_digits):
    before = {k: v.clone() for k, v in small["transformer"].state_dict().items()}
    torch.manual_seed(3)
    state = torch.get_rng_state()
    divergence(small["transformer"], few_digits, **{**RUN, "steps": 2}, optimiser=SGD(), lr=0.1)
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(before[k], v) for k, v in small["transformer"].state_dict().items())


def test_results_are_saved_labelled_fitted_and_aligned(small, few_digits, tmp_path):
    options = {**RUN, "eps": 0.05, "copies": 3, "steps": 60, "times": 20, "optimiser": "sgd", "lr": 0.1}
    options |= {"record": ("weights", "tensors", "functions"), "probe": few_digits.x_test[:7]}
    found = divergence(small["mlp"], few_digits, **options)
    again = Divergence.load(found.save(tmp_path / "run"))
    assert again.keys() == found.keys()
    assert again.tensor_names == found.tensor_names
    for name in found:
        np.testing.assert_array_equal(again[name], found[name])
    assert again.settings == found.settings
    assert again.reasons == found.reasons
    labelled = found.to_xarray()
    assert labelled["probe_js"].dims == ("copy", "step")
    assert labelled["tensor_distance_2"].sizes["tensor"] == len(found.tensor_names)
    np.testing.assert_allclose(np.square(found.tensors["distance_2"]).sum(2), found["distance_2"] ** 2, rtol=1e-12)
    fit = found.fit("distance_2", laws=("constant", "linear", "exponential"), resamples=20)
    assert fit.copies == 3
    with pytest.raises(KeyError, match="was not recorded"):
        found["distance"]
    with pytest.raises(ValueError, match="give model="):
        again.network(1)
    aligned = again.aligned(small["mlp"])
    np.testing.assert_allclose(aligned.raw, found["distance_2"][:, -1], rtol=1e-12)
    assert (aligned.aligned <= aligned.raw).all()
    barriers = found.barriers(few_digits.x_test, few_digits.y_test, statistics_x=few_digits.x_train, points=5)
    assert (barriers.before >= 0).all()
    assert (barriers.after >= 0).all()
    assert found.plot("test/kl").lines
