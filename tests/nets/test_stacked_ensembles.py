"""Backend "torch" against the reference: the same masks, orders and noises, so the same networks."""

import numpy as np
import pytest
import torch

from nets import MLPConfig, train_ensemble
from nets.data import gaussian_mixture
from nets.ensembles import SGD, Adam, AdamW, RMSProp, draws
from nets.ensembles.device_masks import kept_units, seed_words, thresholds

DATA = gaussian_mixture(3, 12, 25, test_samples=10, seed=4)
SIZES = {"epochs": 5, "width": 14, "depth": 4, "dtype": np.float64, "record": ("networks",)}


@pytest.mark.parametrize("batch", [1, 7, 8, 50])
def test_masks_are_those_of_the_reference(batch):
    cpu = torch.device("cpu")
    seeds, keeps = [0, 5, 2**63 - 1], [0.9, 0.5, 0.3]
    found = kept_units(seed_words(seeds, cpu), 2**40 + 3, 2, 6, batch, thresholds(keeps, cpu))
    for mask, seed, keep in zip(found, seeds, keeps, strict=True):
        np.testing.assert_array_equal(mask.numpy(), draws.kept_units(seed, 2**40 + 3, 2, 6, batch, keep))


@pytest.mark.parametrize(
    "optimiser", [SGD(), SGD(0.9), SGD(0.9, nesterov=True), Adam(), AdamW(), RMSProp(), RMSProp(momentum=0.5)]
)
def test_networks_are_those_of_the_reference(optimiser):
    # under an L2 decay adaptive optimisers make steps of rounding where gradients vanish: shifts before a BatchNorm
    decay = 1e-2 if isinstance(optimiser, (SGD, AdamW)) else 0.0
    configs = [
        MLPConfig(0, slope=0.1, dropout=0.2, lr=3e-3, batch_size=20, optimiser=optimiser, weight_decay=decay),
        MLPConfig(1, slope=0.0, dropout=0.0, lr=1e-3, batch_size=20, optimiser=optimiser, label_noise=0.3),
        MLPConfig(2, slope=0.5, dropout=0.4, lr=2e-3, batch_size=20, optimiser=optimiser, input_noise=0.5),
        MLPConfig(3, lr=[1e-3, 2e-3, 1e-3, 1e-4, 0.1], batch_size=None, optimiser=optimiser, label_corruption=0.2),
    ]
    reference = train_ensemble(configs, DATA, backend="loop", **SIZES)
    found = train_ensemble(configs, DATA, backend="torch", device="cpu", **SIZES)
    np.testing.assert_allclose(found.parameters, reference.parameters, atol=1e-8)
    np.testing.assert_allclose(found.running, reference.running, atol=1e-8)
    for name in ("losses", "load_curves", "output_load", "train_accuracy", "test_accuracy"):
        np.testing.assert_allclose(getattr(found, name), getattr(reference, name), rtol=1e-6, err_msg=name)
    np.testing.assert_array_equal(found.by_batch, reference.by_batch)


@pytest.mark.parametrize("optimiser", [Adam(), RMSProp()])
def test_decay_of_adaptive_optimisers_has_the_losses_of_the_reference(optimiser):
    configs = [MLPConfig(0, lr=3e-3, batch_size=20, optimiser=optimiser, weight_decay=0.1)]
    found, reference = (train_ensemble(configs, DATA, backend=b, **SIZES) for b in ("torch", "loop"))
    np.testing.assert_allclose(found.losses, reference.losses, rtol=1e-10)


def test_a_network_that_blows_up_is_named_and_the_others_go_on():
    configs = [MLPConfig(seed, lr=lr, batch_size=25) for seed, lr in enumerate((1e-3, 1e30, 1e-3))]
    found, reference = (
        train_ensemble(configs, DATA, epochs=4, width=8, depth=3, dtype=np.float32, backend=b)
        for b in ("torch", "loop")
    )
    np.testing.assert_array_equal(found.failed_epoch, reference.failed_epoch)
    np.testing.assert_array_equal(found.failed_layer, reference.failed_layer)
    assert found.status[0] == found.status[2] == "finished"
    assert "infinite or nan" in found.status[1]


def test_a_resumed_stack_has_the_same_bits(tmp_path):
    configs = [MLPConfig(seed, dropout=0.3, batch_size=25) for seed in range(2)]
    whole = train_ensemble(configs, DATA, backend="torch", **SIZES)
    stopped = {**SIZES, "checkpoint": tmp_path / "run.npz", "checkpoint_every": 2}
    seen = []

    def stop(done, total):
        seen.append(done)
        if done == 7:
            raise KeyboardInterrupt

    cut = train_ensemble(configs, DATA, backend="torch", progress=stop, **stopped)
    assert not cut.finished.all()
    again = train_ensemble(configs, DATA, backend="torch", **stopped)
    np.testing.assert_array_equal(again.parameters, whole.parameters)
    np.testing.assert_array_equal(again.losses, whole.losses)


def test_a_device_needs_the_stack():
    with pytest.raises(ValueError, match="backend='torch'"):
        train_ensemble([MLPConfig()], DATA, epochs=1, backend="compiled", device="cuda")
