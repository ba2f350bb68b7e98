"""Load curves in files: CSV tables, npz files, Zarr stores, and what this project's own runs save."""

from .curves import LoadCurves
from .read import read_load_curves

__all__ = ["LoadCurves", "read_load_curves"]
