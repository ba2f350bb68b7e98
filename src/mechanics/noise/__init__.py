"""Random numbers that are a pure function of (seed, member, step, component)."""

from .brownian import BrownianPath
from .normals import normals, seed_word

__all__ = ["BrownianPath", "normals", "seed_word"]
