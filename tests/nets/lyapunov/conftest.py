"""The folder's helpers, and every optimiser."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from trainings import EVERY


@pytest.fixture(params=EVERY)
def every(request):
    """Names of `trainings.EVERY`."""
    return request.param
