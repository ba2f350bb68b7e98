"""Every number of a chain fit as plain data: schema "mechanet-fit/1", documented in docs/fit_files.md."""

from typing import Any

from ..fit import ChainFit
from ..fit_files import LoadCurves

SCHEMA = "mechanet-fit/1"


def summarise(data: LoadCurves, fit: ChainFit, *, files: list[str]) -> dict[str, Any]:
    """The fit's own numbers (`ChainFit.to_dict`) at the top, and what was fitted.

    Returns
    -------
    dict
        Numbers, strings, lists and dicts only; what is not known or not finite is None.
    """
    from ..chain import curvature
    from ..doctor import versions

    final = data.load_curves[:, -1]
    return {
        "schema": SCHEMA,
        "files": files,
        "source": data.source,
        "setting": data.setting,
        "seeds": list(data.seeds),
        "layers": data.layers,
        "notes": list(data.notes),
        "load_curve": final.mean(axis=0).tolist(),
        "load_curve_sd": final.std(axis=0, ddof=1).tolist() if len(final) > 1 else None,
        "curvature": float(curvature(final.mean(axis=0))),
        "versions": versions(),
        **fit.to_dict(),
    }
