"""Ensembles that start from given weights."""

import numpy as np
import pytest
import torch

from nets import MLP, MLPConfig, train_ensemble
from nets.ensembles.layout import flat_parameters

SIZES = {"width": 8, "depth": 3}
CONFIGS = [MLPConfig(seed=4, data_seed=1, batch_size=50), MLPConfig(seed=5, data_seed=1, batch_size=50)]
RUN = {"epochs": 2, **SIZES, "record": ("networks",)}


def test_own_weights_given_change_no_bit_and_others_are_trained_from_there(few_digits):
    plain = train_ensemble(CONFIGS, few_digits, **RUN)
    own = [MLP(**SIZES, seed=c.seed) for c in CONFIGS]
    for initial in (own, np.array([flat_parameters(m) for m in own])):
        given = train_ensemble(CONFIGS, few_digits, initial=initial, **RUN)
        assert given.parameters.tobytes() == plain.parameters.tobytes()
    same = train_ensemble(CONFIGS, few_digits, initial=[own[0], own[0]], **RUN)
    assert (same.parameters[0] == same.parameters[1]).all()  # equal weights, batches and settings
    assert (same.parameters[0] == plain.parameters[0]).all()
    stopped = train_ensemble(CONFIGS, few_digits, initial=plain.parameters, **{**RUN, "epochs": 0})
    assert stopped.parameters.tobytes() == plain.parameters.tobytes()


def test_a_checkpoint_belongs_to_its_initial_weights(few_digits, tmp_path):
    weights = np.array([flat_parameters(MLP(**SIZES, seed=c.seed)) for c in CONFIGS])
    file = tmp_path / "run.npz"
    first = train_ensemble(CONFIGS, few_digits, initial=weights, checkpoint=file, **RUN)
    again = train_ensemble(CONFIGS, few_digits, initial=weights, checkpoint=file, **RUN)
    assert again.parameters.tobytes() == first.parameters.tobytes()
    for other in (weights + 1e-3, None):
        with pytest.raises(ValueError, match="another run: initial weights"):
            train_ensemble(CONFIGS, few_digits, initial=other, checkpoint=file, **RUN)


def test_weights_that_do_not_fit_are_refused(few_digits):
    good = MLP(**SIZES)
    broken = MLP(**SIZES)
    with torch.no_grad():
        broken.output.bias[0] = np.nan
    for initial, words in (
        ([good], "each of the 2 networks"),
        (np.zeros((2, 3)), "numbers for each"),
        ([good, MLP(width=9, depth=3)], r"initial\[1\].*'width': 9"),
        ([good, torch.nn.Linear(2, 2)], r"initial\[1\] must be an MLP, but is Linear"),
        ([good, broken], "network 1 holds others"),
        ([good, MLP(**SIZES, norm=None)], r"initial\[1\].*'norm': None"),
    ):
        with pytest.raises(ValueError, match=words):
            train_ensemble(CONFIGS, few_digits, initial=initial, **RUN)
