"""Network architectures with named layers to measure."""

from .cnn import CNN
from .dropout import Dropout
from .initial import NTKLinear
from .leaky_resnet import LeakyResNet
from .mlp import MLP
from .residual import ResNet
from .transformer import Transformer

__all__ = ["CNN", "MLP", "Dropout", "LeakyResNet", "NTKLinear", "ResNet", "Transformer"]
