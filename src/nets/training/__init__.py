"""Training of one network with its load curves measured on the way."""

from .history import History
from .leaky import train_leaky
from .leaky_history import LeakyHistory
from .loop import train
from .stopping import Stop

__all__ = ["History", "LeakyHistory", "Stop", "train", "train_leaky"]
