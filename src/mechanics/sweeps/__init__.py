"""Many runs: a function on a grid of cells and seeds, on any workers, into a store that survives what happens to it."""

from .call import sweep
from .errors import StoreError
from .reading import failures, open_store, to_csv

__all__ = ["StoreError", "failures", "open_store", "sweep", "to_csv"]
