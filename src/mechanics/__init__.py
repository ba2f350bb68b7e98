"""Mechanical models with friction and noise: integrators, chains, fits."""

__version__ = "0.1.0"
