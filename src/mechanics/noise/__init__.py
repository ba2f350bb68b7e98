"""Random numbers that are a pure function of (seed, member, step, component)."""

from .normals import normals, seed_word

__all__ = ["normals", "seed_word"]
