"""What the three front ends agree on: terms for each thing that a kernel computes."""

from dataclasses import dataclass, field
from typing import Any

from .differentiate import derivative
from .groups import ACCELERATION, Group, Output, slot, symbols_of
from .kernels import Terms
from .layout import Layout


@dataclass(frozen=True, eq=False)
class Equations:
    """M(t, y, p) dy = rate(t, y, p); without `mass` M is one.

    Attributes
    ----------
    layout : Layout
        Of state and parameters.
    rate : Terms
        What is added to each component.
    mass : Terms
        Entries (i, j) of the mass matrix of the last components of dy, by coordinates; empty for the identity.
    numbers : dict
        Sums over terms by name: "energy", "lagrangian".
    vectors : dict
        Terms by name: "momenta", "diffusion".
    noise : str or None
        Kind of noise, for `Problem`.
    """

    layout: Layout
    rate: Terms
    mass: Terms = ()
    numbers: dict[str, list[tuple[Group, Any]]] = field(default_factory=dict)
    vectors: dict[str, Terms] = field(default_factory=dict)
    noise: str | None = None

    def jacobian(self) -> Terms:
        """d (rate - M w) / d y at fixed w = dy; entries (i, j)."""
        families = tuple(self.layout.offsets)
        result = []
        for g, outputs in (*self.rate, *map(_inertia, self.mass)):
            entries = []
            for target, expression in outputs:
                for family, k in symbols_of(expression, families):
                    changed = derivative(expression, slot(family, k))
                    if changed != 0:
                        entries.append(Output((*target, (family, k)), changed))
            result.append((g, entries))
        return result


def _inertia(terms: tuple[Group, Any]) -> tuple[Group, list[Output]]:
    """-M w, as outputs to the rows of the velocities."""
    g, outputs = terms
    rows: dict[int, Any] = {}
    for ((_, k), (_, j)), expression in outputs:
        rows[k] = rows.get(k, 0) - expression * slot(ACCELERATION, j)
    return g, [Output((("v", k),), expression) for k, expression in rows.items()]
