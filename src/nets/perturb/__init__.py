"""Path dependence of training: perturb, train copies in lockstep, measure how they part, and fit laws to it."""

from .fitting import LawFit, Score, fit_law
from .laws import LAWS
from .sphere import Perturbation, on_sphere, perturb_on_sphere

__all__ = ["LAWS", "LawFit", "Perturbation", "Score", "fit_law", "on_sphere", "perturb_on_sphere"]
