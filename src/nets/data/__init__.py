"""Data sets as plain arrays."""

from .cifar import load_cifar10
from .digits import Digits, load_mnist10
from .mnist import load_fashion_mnist, load_mnist
from .synthetic import Regression, gaussian_mixture, orthogonal_data, synthetic_regression
from .teachers import Teacher, teacher

__all__ = [
    "Digits",
    "Regression",
    "Teacher",
    "gaussian_mixture",
    "load_cifar10",
    "load_fashion_mnist",
    "load_mnist",
    "load_mnist10",
    "orthogonal_data",
    "synthetic_regression",
    "teacher",
]
