"""Random numbers that are a pure function of (seed, member, step, component), and processes made of them."""

from .brownian import BrownianPath, refine
from .coloured import ColouredSample, OrnsteinUhlenbeck
from .normals import normals, seed_word
from .options import ColouredParameters, DecayingParameters, with_coloured_noise, with_decaying_noise

__all__ = [
    "BrownianPath",
    "ColouredParameters",
    "ColouredSample",
    "DecayingParameters",
    "OrnsteinUhlenbeck",
    "normals",
    "refine",
    "seed_word",
    "with_coloured_noise",
    "with_decaying_noise",
]
