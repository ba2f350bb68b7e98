"""PyTorch networks trained, measured layer by layer, and fitted to mechanical models."""

from .data import Digits, load_mnist, load_mnist10
from .models import MLP
from .train import History, train

__all__ = ["MLP", "Digits", "History", "load_mnist", "load_mnist10", "train"]
