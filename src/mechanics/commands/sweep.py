"""`mechanet sweep status STORE` and `mechanet sweep resume STORE`."""

import importlib
import os
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

Folder = Annotated[Path, typer.Argument(help="Folder of the store: `out` of the sweep.")]


sweep = typer.Typer(help="Look at the store of a sweep, or go on with it.", no_args_is_help=True)


@sweep.command()
def status(store: Folder) -> None:
    """Say what a store holds: cells done, failed and left, and why runs failed."""
    from ..sweeps.extra import require_extra

    require_extra()
    from ..sweeps.dataset import failures, to_dataset
    from ..sweeps.store import open_folder

    found = open_folder(store)
    dataset = to_dataset(found)
    about, manifest = dataset.attrs, found.manifest
    axes = ", ".join(f"{name} ({n})" for name, n in zip(found.grid.axes, found.grid.cell_shape, strict=True))
    print(f"function   {manifest.function}" + (f" in {manifest.script}" if manifest.script else ""))
    print(f"axes       {axes or 'none'}; {len(found.grid.seeds)} seeds")
    print(f"outputs    {', '.join(found.outputs) or 'none yet'}")
    print(f"runs       {about['finished_runs']} finished, {about['failed_runs']} failed, of {about['runs']}")
    print(f"blocks     {len(found.records.found)} of {found.blocks.count}")
    print(f"time       {about['wall_time_s']:.1f} s of sweeps, {about['run_time_s']:.1f} s in workers")
    for text, count in Counter(text for _, text in failures(found)).most_common(5):
        print(f"failed     {count} times: {text}")
    print(f"status     {about['status']}")


@sweep.command()
def resume(
    store: Folder,
    function: Annotated[str | None, typer.Option(help="module:name of the function, where it has moved.")] = None,
    executor: Annotated[str, typer.Option(help="threads or processes.")] = "threads",
    failed: Annotated[bool, typer.Option("--failed", help="Do failed runs again, too.")] = False,
    workers: Annotated[int | None, typer.Option(help="Number of workers; default: the processors.")] = None,
) -> None:
    """Run what a store lacks, with the function it was made by."""
    from ..sweeps.extra import require_extra

    require_extra()
    from ..sweeps.call import sweep as run
    from ..sweeps.store import open_folder

    if executor not in ("threads", "processes"):
        raise typer.BadParameter(f"--executor must be threads or processes, but is {executor}.")
    found = open_folder(store)
    manifest, grid = found.manifest, found.grid
    if not manifest.restorable:
        raise ValueError(f"The parameters of this sweep are more than the store says. {_from_python(manifest.script)}")
    allowed = manifest.allow_nan
    dataset = run(
        _find(function or manifest.function, manifest.script),
        grid.axes,
        seeds=grid.seeds.tolist(),
        out=store,
        executor=executor,  # type: ignore[arg-type]
        workers=workers,
        resume="failed" if failed else True,
        vectorised=manifest.vectorised,
        retries=manifest.retries,
        allow_nan=allowed if isinstance(allowed, bool) else [str(name) for name in allowed],
        parameters=manifest.parameters,
        units=manifest.units,
        dims={name: [str(dim) for dim in own] for name, own in manifest.dims.items()},
    )
    about = dataset.attrs
    print(f"{about['finished_runs']} finished, {about['failed_runs']} failed, of {about['runs']}: {about['status']}")


def _find(name: str, script: str | None) -> Callable[..., Any]:
    """The function `module:name`, from here or from the installed packages."""
    module, _, path = name.partition(":")
    if module == "__main__" or "<" in path or not path:
        raise ValueError(f"The function {name} cannot be imported: it was defined in a script. {_from_python(script)}")
    sys.path.insert(0, os.getcwd())
    try:
        found: Any = importlib.import_module(module)
        for part in path.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError) as error:
        raise ValueError(f"The function {name} cannot be imported here ({error}). {_from_python(script)}") from None
    if not callable(found):
        raise ValueError(f"{name} is not a function.")
    return found


def _from_python(script: str | None) -> str:
    where = f"run {script} again" if script else "call sweep(...) in Python as before"
    return f"To go on, {where} with the same out=; or name the function by --function module:name."
