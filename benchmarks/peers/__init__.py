"""The competitors, one module a library. A module is used if its library can be imported.

A module has `VERSION` and any of
- `single(case) -> {name: solve}`, with `solve(tol) -> run` and `run() -> state at t1`;
- `stiff(case)`: the same for the stiff systems of `harness.cases`;
- `fixed(case, y0, steps) -> {name: run}` and `adaptive(case, y0, tol) -> {name: run}`, `run() -> states (members, n)`;
- `trivial() -> {name: run}`: a solve of y' = -y over one unit of time, for the overhead of a call.
What a library cannot do with a case is left out of its dictionary.
"""

import importlib

MODULES = (
    "with_mechanics",
    "with_heyoka",
    "with_cyrk",
    "with_numbalsoda",
    "with_sundae",
    "with_numba",
    "with_numpy",
    "with_diffrax",
    "with_torchode",
    "with_torchdiffeq",
    "with_scipy",
)


def load(without=()):
    """Modules by name, and a sentence for each about its version or why it is missing."""
    found, words = {}, []
    for name in MODULES:
        library = name.removeprefix("with_")
        if library in without:
            words.append(f"{library} left out on request")
            continue
        try:
            found[library] = importlib.import_module(f".{name}", __name__)
            words.append(f"{library} {found[library].VERSION}")
        except ImportError as error:
            words.append(f"{library} left out ({error})")
    return found, words


def collect(modules, entry, *arguments):
    """{name: value} of all modules that have `entry`."""
    out = {}
    for module in modules.values():
        if hasattr(module, entry):
            out.update(getattr(module, entry)(*arguments))
    return out
