"""What a command needs beyond the base installation, said before it starts."""

import sys
from collections.abc import Iterable
from importlib.util import find_spec

import typer

NEEDS = {"torch": "PyTorch", "jinja2": "Jinja2", "matplotlib": "Matplotlib", "xarray": "xarray", "zarr": "Zarr"}


def need(command: str, modules: Iterable[str], extras: str = "nets") -> None:
    """End with what to install unless the modules are there."""
    missing = [NEEDS[module] for module in modules if find_spec(module) is None]
    if missing:
        print(f"mechanet {command} needs {' and '.join(missing)}: pip install 'mechanet[{extras}]'", file=sys.stderr)
        raise typer.Exit(1)
