"""Does a Langevin method fit a problem, and the parameters with the table of its flows for one dt."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .engine.lane_parameters import Varied
from .engine.langevin_table import column
from .engine.parts import SecondOrder
from .langevin import FIELDS, LangevinParameters, sigmas
from .members import member_parameters
from .methods import Method
from .methods.langevin import LangevinMethod
from .problem import Problem

Array = NDArray[np.float64]
MOST_KEPT = 4096  # columns of tables

_columns: dict[Any, list[float]] = {}


def is_noisy(problem: Problem, method: Method) -> bool:
    """Whether a solve takes steps of noise on a grid; of amplitude 0, maybe."""
    return problem.diffusion is not None or method.kind == "langevin"


def check_langevin(problem: Problem, method: Method) -> None:
    """Raise ValueError unless the method fits the structure of the problem."""
    known = problem.second_order
    if not method.data.structured:
        inertia = known is not None or problem.diffusion is None
        if inertia or problem.noise not in method.noises:
            has = "inertia" if known else "none" if problem.diffusion is None else f"{problem.noise} noise"
            raise ValueError(
                f"{method} is for overdamped motion with additive noise, but this problem has {has}: make it with "
                'OverdampedLangevin, or Problem(..., noise="additive").'
            )
        return
    if known is None:
        raise ValueError(
            f"{method} splits m dv = F dt - gamma m v dt + sigma dW into its terms, which a drift does not show: make "
            "the problem with mechanics.Langevin(force, q0, v0, gamma=...), or take EULER_MARUYAMA or SRA1."
        )
    if known.friction and not method.data.rubs:
        raise ValueError(
            f"{method} has no letter for the dry friction of this problem: take FRICTION_BAOAB, or a word with D such "
            'as langevin_splitting("D R O R D").'
        )
    if method.data.rubs and not known.friction:
        raise ValueError(f"{method} has a letter for dry friction, but the problem has none: take BAOAB, or friction=.")


def one_draw(method: Method) -> bool:
    """Whether a step has one normal for each Brownian motion, so that it can follow a path or refine its noise."""
    data: Any = method.data
    return method.kind != "langevin" or (data.draws == 1 and not getattr(data, "both", False))


def structure_of(problem: Problem, method: Method) -> SecondOrder | None:
    """What is known of the equation, for the methods that use it."""
    known: SecondOrder | None = problem.second_order
    return known if method.kind == "langevin" and method.data.structured else None


def with_table(problem: Problem, method: Method, dt: float | None) -> Any:
    """The parameters of the problem as the method's kernels take them."""
    if structure_of(problem, method) is None:
        return problem.p
    return problem.p._replace(table=_table(problem.p, method.data, float(dt or 0.0), problem.second_order))


def varied_with_table(problem: Problem, method: Method, dt: float | None, varied: Varied) -> Varied:
    """The same for the members of an ensemble: the table differs between them where its numbers do."""
    known = structure_of(problem, method)
    if known is None:
        return varied
    shared: Any = varied.shared
    step = float(dt or 0.0)
    names = LangevinParameters._fields
    layout: Any = varied.layout
    if layout is None or all(layout[names.index(name)] == "shared" for name in FIELDS):
        return varied._replace(shared=shared._replace(table=_table(shared, method.data, step, known)))
    if layout[names.index("table")] != "shared":  # given back by a user: made again
        raise ValueError("p.table is filled in by ensemble; leave it as it is in problem.p.")
    rows = [
        _table(member_parameters(varied, who), method.data, step, known).tolist() for who in range(len(varied.rows))
    ]
    table = np.array(rows)
    return Varied(shared._replace(table=table[0]), np.hstack([varied.rows, table]), (*layout[:-1], table.shape[1]))


def _table(p: LangevinParameters, data: LangevinMethod, dt: float, known: SecondOrder) -> Array:
    """Rows of a table, one after the other."""
    sigma = sigmas(p)
    right, left = (p.mu_right, p.mu_left) if known.friction else (0.0, 0.0)
    if not known.each:
        return np.array(_column(data, dt, p.gamma, p.mass, float(sigma), right, left, known.friction))
    values = [np.broadcast_to(x, np.shape(p.gamma)).tolist() for x in (p.gamma, p.mass, sigma, right, left)]
    rubs = known.friction
    columns = [_column(data, dt, g, m, s, right, left, rubs) for g, m, s, right, left in zip(*values, strict=True)]
    return np.array(columns).T.reshape(-1)


def _column(
    data: LangevinMethod, dt: float, gamma: float, mass: float, sigma: float, right: float, left: float, rubs: bool
) -> list[float]:
    key = data, dt, gamma, mass, sigma, right, left, rubs
    if key not in _columns:
        if len(_columns) > MOST_KEPT:
            _columns.clear()
        _columns[key] = column(data, dt, gamma, mass, sigma, (right, left) if rubs else None)
    return _columns[key]
