"""Euler's method: first order, for comparison and for right-hand sides that change at every step."""

from .method import Method
from .tableau import tableau

EULER = Method(
    name="EULER",
    order=1,
    data=tableau(A=[[]], b=[1], c=[0], dense_order=1),
    reference="Euler, Institutiones Calculi Integralis I (1768); interpolant: cubic Hermite, as exact as the steps.",
)
