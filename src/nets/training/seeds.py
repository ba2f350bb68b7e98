"""Generators for the purposes of a training run, each a function of (seed, purpose)."""

import zlib

import numpy as np
import torch


def derived_seed(seed: int, purpose: str) -> int:
    """Seed for one purpose; runs differ in it if either the seed or the purpose differs."""
    mixed = np.random.SeedSequence([seed, zlib.crc32(purpose.encode())]).generate_state(1, np.uint64)
    return int(mixed[0] >> np.uint64(1))  # torch takes signed 64-bit seeds


def generator(seed: int, purpose: str, device: torch.device | str = "cpu") -> torch.Generator:
    """A torch generator for one purpose on one device."""
    return torch.Generator(device=device).manual_seed(derived_seed(seed, purpose))
