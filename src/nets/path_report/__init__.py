"""A self-contained page of a study of path dependence."""

from .write import write_report

__all__ = ["write_report"]
