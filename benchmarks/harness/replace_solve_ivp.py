"""A pytest plugin: test modules that import `solve_ivp` get the function named by SOLVE_IVP_REPLACEMENT instead.

Only the name inside the test module changes, so a replacement may still call scipy's own. What happened is written as
JSON to SOLVE_IVP_RESULTS: the calls that reached the replacement, and for each test its outcome, error and last line.
With SOLVE_IVP_FALLBACK=1 a NotImplementedError of the replacement is answered by scipy's own function and counted.
"""

import functools
import importlib
import json
import os
from pathlib import Path

import scipy.integrate

RESULTS = {"calls": 0, "fallbacks": 0, "tests": []}


def imported(path):
    """The object at a dotted path, such as mechanics.solve_ivp or package.module.function."""
    module, _, name = path.rpartition(".")
    try:
        return getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise ImportError(f"no solve_ivp at {path!r}: {error}") from error


def pytest_collection_modifyitems(items):
    replacement = imported(os.environ["SOLVE_IVP_REPLACEMENT"])
    fallback = os.environ.get("SOLVE_IVP_FALLBACK") == "1"

    @functools.wraps(replacement)
    def solve_ivp(*args, **kwargs):
        RESULTS["calls"] += 1
        try:
            return replacement(*args, **kwargs)
        except NotImplementedError:
            if not fallback:
                raise
        RESULTS["fallbacks"] += 1
        return scipy.integrate.solve_ivp(*args, **kwargs)

    for module in {item.module for item in items}:
        if hasattr(module, "solve_ivp"):
            module.solve_ivp = solve_ivp


def pytest_runtest_logreport(report):
    if report.when == "call" or report.outcome != "passed":
        crash = getattr(report.longrepr, "reprcrash", None)
        message = crash.message if crash else str(report.longrepr or "")
        source = getattr(report.longrepr, "reprtraceback", None)
        lines = str(source.reprentries[0]).splitlines() if source and source.reprentries else []
        failing = next((line[1:].strip() for line in lines if line.startswith(">")), "")
        RESULTS["tests"].append([report.nodeid.split("::", 1)[-1], report.outcome, message, failing])


def pytest_sessionfinish():
    Path(os.environ["SOLVE_IVP_RESULTS"]).write_text(json.dumps(RESULTS))
