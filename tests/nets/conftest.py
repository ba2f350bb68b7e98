"""One thread, small data, seeded numbers."""

import numpy as np
import pytest
import torch

from nets import Digits, load_mnist10


@pytest.fixture(autouse=True, scope="session")
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)  # products of 100 x 100 lose time to threads
    yield
    torch.set_num_threads(before)


@pytest.fixture
def rng():
    return np.random.default_rng(20240719)


@pytest.fixture(scope="session")
def digits():
    return load_mnist10()


@pytest.fixture(scope="session")
def few_digits(digits):
    """160 training and 100 test images."""
    return Digits(digits.x_train[:160], digits.y_train[:160], digits.x_test[:100], digits.y_test[:100], 10, "few")
