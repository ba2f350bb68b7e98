"""Path dependence of training: perturb, train copies in lockstep, measure how they part, and fit laws to it."""

from .alignment import Alignment, align, aligned_distance
from .chain_spec import spec_of
from .fitting import LawFit, Score, fit_law
from .interpolation import Barrier, LossLine, barrier
from .laws import LAWS
from .lockstep import Divergence, divergence
from .normal_forms import NormalForm, normal_form
from .permutation_spec import Blocks, PermutationSpec, attention_spec
from .permutations import spec_error
from .rates import cosine, step_decay, warm_up
from .scaling import Collapse, Scaling, collapse, effective_lr, fit_scaling
from .sphere import Perturbation, on_sphere, perturb_on_sphere
from .unit_symmetries import Flip, UnitScaling, UnitSymmetries, symmetries_of

__all__ = [
    "LAWS",
    "Alignment",
    "Barrier",
    "Blocks",
    "Collapse",
    "Divergence",
    "Flip",
    "LawFit",
    "LossLine",
    "NormalForm",
    "PermutationSpec",
    "Perturbation",
    "Scaling",
    "Score",
    "UnitScaling",
    "UnitSymmetries",
    "align",
    "aligned_distance",
    "attention_spec",
    "barrier",
    "collapse",
    "cosine",
    "divergence",
    "effective_lr",
    "fit_law",
    "fit_scaling",
    "normal_form",
    "on_sphere",
    "perturb_on_sphere",
    "spec_error",
    "spec_of",
    "step_decay",
    "symmetries_of",
    "warm_up",
]
