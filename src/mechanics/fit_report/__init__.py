"""Summary and self-contained page of one chain fit."""

from .summary import summarise
from .write import write_report

__all__ = ["summarise", "write_report"]
