"""The solution between steps as SciPy's `OdeSolution`, evaluated by compiled code."""

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.integrate import DenseOutput, OdeSolution

from .engine.compile import compile_bound
from .engine.dense import evaluate_many

Array = NDArray[np.float64]


class DenseSolution(OdeSolution):
    """`sol(t)`: states of shape (n,) for a number t, (n, k) for an array of shape (k,).

    Outside `t_min` .. `t_max` the first or last polynomial is continued, as in SciPy.

    Attributes
    ----------
    ts : ndarray, shape (m,)
        Ends of the steps.
    t_min, t_max : float
    interpolants : list of scipy.integrate.DenseOutput
        One for each step.
    """

    def __init__(self, ts: Array, ys: Array, steps: Array, is_complex: bool) -> None:
        self._ts, self._ys, self._steps, self._is_complex = ts, ys, steps, is_complex
        self.ts = ts if len(ts) > 1 else np.repeat(ts, 2)
        self.n_segments = len(self.ts) - 1
        self.ascending = bool(ts[-1] >= ts[0])
        self.t_min, self.t_max = (ts[0], ts[-1]) if self.ascending else (ts[-1], ts[0])

    def __call__(self, t: ArrayLike) -> NDArray[Any]:
        """States at `t`."""
        times = np.asarray(t, dtype=np.float64)
        if times.ndim > 1:
            raise ValueError("`t` must be a float or a 1-D array.")
        return self._evaluate(self._ts, self._ys, self._steps, times)

    @cached_property
    def interpolants(self) -> list[DenseOutput]:
        """The polynomial of each step as an object of its own."""
        if not len(self._steps):
            return [_Piece(self, self._ts, self._ys, self._steps)]
        rows = (slice(i, i + 2) for i in range(self.n_segments))
        return [_Piece(self, self._ts[row], self._ys[row], self._steps[row][:1]) for row in rows]

    def _evaluate(self, ts: Array, ys: Array, steps: Array, t: Array) -> NDArray[Any]:
        wanted = np.ascontiguousarray(np.atleast_1d(t))
        out = np.empty((len(wanted), ys.shape[1]))
        if len(steps):
            run: Any = compile_bound(evaluate_many)
            run(wanted, ts, ys, steps, (steps.shape[1] - 1) // ys.shape[1], out)
        else:
            out[:] = ys[0]
        states: NDArray[Any] = out.view(np.complex128) if self._is_complex else out
        return states.T if t.ndim else states[0]


class _Piece(DenseOutput):
    """The polynomial of one step."""

    def __init__(self, whole: DenseSolution, ts: Array, ys: Array, steps: Array) -> None:
        super().__init__(ts[0], ts[-1])
        self._whole, self._rows = whole, (ts, ys, steps)

    def _call_impl(self, t: Any) -> NDArray[Any]:
        return self._whole._evaluate(*self._rows, np.asarray(t, dtype=np.float64))
