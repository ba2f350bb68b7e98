"""Conjugate gradients that one Newton step of a representation geodesic needs, under different preconditioners.

    python benchmarks/geodesic_preconditioners.py [--decay 0.02] [--depths 1 3 7]

At the critical point of w N = 1e3 (see `geodesic_sizes.py`), random right-hand sides in the range of gradients; steps
until the residual's norm has fallen by 1e-2 and 1e-6. "per layer" is the Kronecker product of both covariances of each
layer, as in K-FAC; "k of d" the dense solve that sees k random combinations of the d outputs of each sample.
"""

import argparse

import numpy as np

from geodesic_sizes import SIZES, first_weights, task_of
from harness.table import table
from mechanics.geodesics.gauss_newton import minimise
from mechanics.geodesics.layers import swept
from mechanics.geodesics.preconditioner import gauss_newton_preconditioner, probes, scales, sensitivities
from mechanics.geodesics.products import second_derivative
from mechanics.geodesics.trust_region import conjugate_gradients


def per_layer(task, W, path):
    """1 + (F_l F_l^T) x (S_l S_l^T) / N for each layer, inverted in the eigenvectors of the two factors."""
    pairs = []
    for F, S in zip(sensitivities(task, W, path, probes(task, None)), path.S, strict=True):
        f, U = np.linalg.eigh(np.tensordot(F, F, ((1, 2), (1, 2))))
        s, V = np.linalg.eigh(S @ S.T / S.shape[1])
        pairs.append((U, V, 1 / (1 + f[:, None] * s)))
    return lambda v: np.stack([U @ (D * (U.T @ v_l @ V)) @ V.T for v_l, (U, V, D) in zip(v, pairs, strict=True)])


def steps(product, inverse, g, rtol):
    trail = conjugate_gradients(product, inverse, g, 1e200, rtol=rtol, max_steps=1000)
    return str(len(trail.legs)) + {"small residual": "", "limit": "+", "negative curvature": " negative"}[trail.end]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--decay", type=float, default=0.02, help="lambda / Lt")
    parser.add_argument("--depths", type=float, nargs="+", default=[1, 3, 7])
    arguments = parser.parse_args()
    size, rows = SIZES["1e3"], []
    W = first_weights(size)
    for Lt in arguments.depths:
        task = task_of(size, arguments.decay, Lt)
        W, report = minimise(task, W, tol=1e-6)
        path, c = swept(task, W), scales(task)
        right = np.random.default_rng(0).standard_normal(task.Y.shape)
        solves = {k: gauss_newton_preconditioner(task, W, path, combinations=k) for k in (1, 2, 4, None)}
        g = solves[None].correction(right)
        inverses = {"none": lambda v: v, "per layer": per_layer(task, W, path)}
        inverses |= {f"{k or size.d} of {size.d}": s.inverse for k, s in solves.items()}
        for name, inverse in inverses.items():
            row = [f"{Lt:g}", f"{report.cons:.0e}", name]
            for exact in (False, True):
                product = second_derivative(task, W, path, exact=exact)
                row += [steps(lambda v, p=product, c=c: c * p(c * v), inverse, g, rtol) for rtol in (1e-2, 1e-6)]
            rows.append(row)
    heads = ("Lt", "cons", "preconditioner", "Gauss-Newton 1e-2", "1e-6", "Hessian 1e-2", "1e-6")
    print(table(heads, rows))


if __name__ == "__main__":
    main()
