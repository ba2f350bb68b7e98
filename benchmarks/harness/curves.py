"""Work-precision curves of many competitors on one case, and what they say at equal achieved error."""

import numpy as np

from . import table, timing

SMALLEST = 1e-17


def ladders(name, solvers, measure, ladder, too_slow):
    """Runs by (competitor, tolerance) and their errors; a competitor leaves the ladder when it is slow or fails.

    `solvers` holds `solve(tol) -> run`, `run() -> final state`; `measure(final)` is its error.
    """
    runs, errors = {}, {}
    for solver, solve in solvers.items():
        for tol in ladder:
            try:
                run = solve(tol)
                final = np.array(run())
                seconds, _ = timing.once(run, 1)
                error = measure(final)
            except Exception as failure:
                words = str(failure).splitlines() or [""]
                print(f"  {name}, {solver} at {tol:.0e}: {type(failure).__name__}: {words[0]}", flush=True)
                if (solver, ladder[0]) in runs:
                    break
                continue
            if np.isfinite(error):
                runs[solver, tol], errors[solver, tol] = run, max(error, SMALLEST)
            if seconds > too_slow:
                break
    return runs, errors


def work_precision(runs, errors, repeats):
    """{competitor: (errors, medians, minima)}, each along the ladder."""
    times = timing.interleaved(runs, repeats)
    curves = {}
    for key in runs:
        point = errors[key], times[key].median, times[key].smallest
        for part, value in zip(curves.setdefault(key[0], ([], [], [])), point, strict=True):
            part.append(value)
    return curves


def at_error(errors, costs, target):
    """Cost at `target` by log-log interpolation along decreasing tolerance; None if no tolerance reached it.

    Where even the loosest tolerance is more accurate than the target, its cost is taken: nothing cheaper was seen.
    """
    for k, error in enumerate(errors):
        if error <= target:
            if k == 0:
                return costs[0]
            x = np.log([errors[k - 1], error])
            y = np.log([costs[k - 1], costs[k]])
            return float(np.exp(y[0] + (np.log(target) - x[0]) / (x[1] - x[0]) * (y[1] - y[0])))
    return None


def rows_at(curves, target, limit=None):
    """One row a competitor, fastest first: median and minimum at the target, over `limit`, and over the best peer."""
    found = {name: (at_error(e, med, target), at_error(e, low, target)) for name, (e, med, low) in curves.items()}
    peer = [med for name, (med, _) in found.items() if med and not name.startswith(("C ", "mechanics"))]
    best = min(peer, default=None)
    ordered = sorted(found.items(), key=lambda item: item[1][0] or np.inf)
    return [
        [name, table.seconds(med), table.seconds(low)]
        + ([table.ratio(med, found.get(limit, (None, None))[0])] if limit else [])
        + [table.ratio(med, best)]
        for name, (med, low) in ordered
    ]
