"""Random numbers that are a pure function of (seed, member, step, component), and processes made of them."""

from .brownian import BrownianPath, refine
from .normals import normals, seed_word

__all__ = ["BrownianPath", "normals", "refine", "seed_word"]
