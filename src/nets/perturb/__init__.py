"""Path dependence of training: perturb, train copies in lockstep, measure how they part, and fit laws to it."""

from .sphere import Perturbation, on_sphere, perturb_on_sphere

__all__ = ["Perturbation", "on_sphere", "perturb_on_sphere"]
