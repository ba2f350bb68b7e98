"""Training of one network with its load curves measured on the way."""

from .history import History
from .loop import train

__all__ = ["History", "train"]
