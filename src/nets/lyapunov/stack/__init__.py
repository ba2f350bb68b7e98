"""Hessian products of plain feed-forward networks in closed form, all directions at once."""

from .network import Stack, stack_of

__all__ = ["Stack", "stack_of"]
