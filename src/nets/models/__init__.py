"""Network architectures with named layers to measure."""

from .dropout import Dropout
from .mlp import MLP

__all__ = ["MLP", "Dropout"]
