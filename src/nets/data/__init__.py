"""Data sets as plain arrays."""

from .digits import Digits, load_mnist10
from .mnist import load_mnist

__all__ = ["Digits", "load_mnist", "load_mnist10"]
