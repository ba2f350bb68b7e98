"""Network architectures with named layers to measure."""

from .dropout import Dropout
from .leaky_resnet import LeakyResNet
from .mlp import MLP

__all__ = ["MLP", "Dropout", "LeakyResNet"]
