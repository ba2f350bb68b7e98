"""Trained Leaky ResNets as geodesics: their energies, conserved quantities, spectra and steps."""

from .steps import adapt_steps, relative_distances

__all__ = ["adapt_steps", "relative_distances"]
