"""What a sweep needs beyond mechanics itself: the packages of the extra `sweep`, imported when a sweep is called."""

import importlib

PACKAGES = ("xarray", "zarr", "cloudpickle", "threadpoolctl")
INSTALL = "pip install 'mechanet[sweep]'"


def require_extra() -> None:
    """Raise ImportError with the command that installs what is missing."""
    missing = []
    for package in PACKAGES:
        try:
            importlib.import_module(package)
        except ImportError:
            missing.append(package)
    if missing:
        raise ImportError(f"Sweeps need {', '.join(missing)}; install the extra with: {INSTALL}")
