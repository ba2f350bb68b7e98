"""Order conditions of Runge-Kutta methods from rooted trees.

A method with stages K_j and weights w_j is exact to order r where, for every rooted tree t of at most r vertices,

    sum_j w_j phi_j(t) = theta^|t| / gamma(t),   phi_j([t_1 .. t_m]) = prod_i sum_k A_jk phi_k(t_i)

with theta = 1 for the step and its error estimates, 0 < theta < 1 for an interpolant.

References
----------
Butcher, Math. Comp. 26 (1972) 79-106; Hairer, Norsett, Wanner, Solving Ordinary Differential Equations I, 2nd ed.,
II.2, theorem 2.13.
"""

from functools import cache

import numpy as np

from .bernstein import bernstein_basis
from .tableau import Tableau, Vector

Tree = tuple["Tree", ...]  # a vertex is the sorted tuple of its branches; () is a single vertex


@cache
def rooted_trees(order: int) -> tuple[Tree, ...]:
    """All rooted trees with `order` vertices: 1, 1, 2, 4, 9, 20, 48, 115, 286, 719, 1842, 4766, ... of them.

    Raises
    ------
    ValueError
        If `order` is below 1.
    """
    if order < 1:
        raise ValueError(f"order must be at least 1, got {order!r}: the smallest tree has one vertex.")
    return _forests(order - 1, order - 1)


@cache
def _forests(vertices: int, largest: int) -> tuple[tuple[Tree, ...], ...]:
    """All multisets of trees of at most `largest` vertices each, `vertices` together."""
    if vertices == 0:
        return ((),)
    found = []
    for first in range(min(vertices, largest), 0, -1):
        branches = rooted_trees(first)
        for rest in _forests(vertices - first, first):
            # equal sizes are taken in the order of `rooted_trees`, so that a multiset comes up once
            start = branches.index(rest[0]) if rest and size(rest[0]) == first else 0
            found += [(branch, *rest) for branch in branches[start:]]
    return tuple(found)


@cache
def size(tree: Tree) -> int:
    """|t|, the number of vertices."""
    return 1 + sum(size(branch) for branch in tree)


@cache
def density(tree: Tree) -> int:
    """gamma(t) = |t| prod_i gamma(t_i)."""
    product = size(tree)
    for branch in tree:
        product *= density(branch)
    return product


def stage_matrix(tab: Tableau) -> Vector:
    """A with all stages, shape (s + 1 + x, s + 1 + x): rows 0 .. s-1, then b (for K_s), then the extra stages."""
    rows = (*tab.A, tuple(tab.b), *tab.extra_A)
    A = np.zeros((len(rows), len(rows)))
    for i, row in enumerate(rows):
        A[i, : len(row)] = row
    return A


def order_defects(tab: Tableau, weights: Vector, order: int, *, theta: float = 1.0, target: float = 1.0) -> Vector:
    """Largest violation of the order conditions, for each number of vertices up to `order`.

    Parameters
    ----------
    tab : Tableau
        Stages.
    weights : ndarray, shape (m,), m <= s + 1 + x
        Weights of the first m stages: b, a row of e, or the interpolant's weights at theta.
    order : int
        Number of vertices up to which conditions are evaluated.
    theta : float
        Where in the step, in units of dt.
    target : float
        1 where the weights should integrate, 0 where they should cancel (error estimates).

    Returns
    -------
    defects : ndarray, shape (order,)
        |sum_j w_j phi_j - target theta^|t| / gamma| over (sum_j |w_j phi_j| + theta^|t| / gamma), the largest of
        all trees with 1, 2, .. `order` vertices. Rounding leaves about 1e-15.
    """
    A = stage_matrix(tab)
    w = np.zeros(len(A))
    w[: len(weights)] = weights
    branch_sums: dict[Tree, Vector] = {}
    defects = np.zeros(order)
    for vertices in range(1, order + 1):
        for tree in rooted_trees(vertices):
            phi = np.ones(len(A))
            for branch in tree:
                phi = phi * branch_sums[branch]
            if vertices < order:
                branch_sums[tree] = A @ phi
            terms = w * phi
            wanted = theta**vertices / density(tree)
            defect = abs(float(np.sum(terms)) - target * wanted) / (float(np.sum(np.abs(terms))) + wanted)
            defects[vertices - 1] = max(defects[vertices - 1], defect)
    return defects


def interpolant_weights(tab: Tableau, theta: float) -> Vector:
    """w_j(theta), shape (s + 1 + x,)."""
    return tab.B @ bernstein_basis(tab.B.shape[1], theta)
