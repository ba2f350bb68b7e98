"""Data sets as plain arrays."""

from .digits import Digits, load_mnist10
from .mnist import load_mnist
from .teachers import Regression, Teacher, teacher

__all__ = ["Digits", "Regression", "Teacher", "load_mnist", "load_mnist10", "teacher"]
