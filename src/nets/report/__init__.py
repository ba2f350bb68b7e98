"""A self-contained page of a Fig. 4 job: figures, tables and what they mean."""

from .write import write_report

__all__ = ["write_report"]
