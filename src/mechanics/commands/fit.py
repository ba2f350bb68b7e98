"""`mechanet fit`: fit a spring-block chain to load curves in a file."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer


def fit(
    file: Annotated[
        Path,
        typer.Argument(
            exists=True,
            dir_okay=False,
            help="CSV (epoch, D_0, D_1, ...) or .npz (load_curves, epochs; or a saved run).",
        ),
    ],
    pull: Annotated[str, typer.Option(help="What the far end does: auto, fixed or ramped.")] = "auto",
    model: Annotated[
        str, typer.Option(help="Named model, several separated by commas, or auto to try all (docs/fit_models.md).")
    ] = "uniform",
    last: Annotated[str, typer.Option(help="What the last column is: auto, block or end.")] = "auto",
    out: Annotated[Path, typer.Option(help="Folder of the results.")] = Path("out/fit"),
) -> None:
    """Fit a spring-block chain to load curves measured over time: numbers with intervals, and a verdict.

    Writes fit.json and fit.png.
    """
    import matplotlib as mpl
    import matplotlib.pyplot as plt

    from mechanics.files import write_text
    from mechanics.fit import fit_chain

    mpl.use("Agg")
    load_curves, epochs = _read(file)
    models = model.split(",") if "," in model else model
    found = fit_chain(load_curves, epochs, model=models, pull=pull, last=last)  # type: ignore[arg-type]
    write_text(out / "fit.json", json.dumps(found.to_dict(), indent=2) + "\n")
    axes = found.plot()
    figure: Any = axes.figure
    figure.savefig(out / "fit.png", dpi=150)
    plt.close(figure)
    print(found)
    print(f"Results: {out}")


def _read(file: Path) -> tuple[Any, Any]:
    """Load curves (epochs, layers) or (seeds, epochs, layers), and the epochs."""
    import numpy as np

    if file.suffix == ".npz":
        with np.load(file, allow_pickle=False) as arrays:
            if "load_curves" in arrays and "epochs" in arrays:
                return arrays["load_curves"], arrays["epochs"]
            if "x" in arrays and "ts" in arrays:
                return arrays["x"][..., -1:] - arrays["x"], arrays["ts"]
            raise ValueError(
                f"{file} holds {', '.join(arrays.files)}; wanted are load_curves and epochs, or a saved run."
            )
    try:
        table = np.genfromtxt(file, delimiter=",", comments="#", skip_header=_has_header(file))
    except ValueError as error:
        raise ValueError(f"{file} is not a table of numbers separated by commas: {error}") from None
    if table.ndim != 2 or table.shape[1] < 3 or not np.isfinite(table).all():
        raise ValueError(
            f"{file} must hold a row for each epoch: the epoch, then D_0, D_1, ..., all finite; it reads as an array "
            f"of shape {table.shape}."
        )
    return table[:, 1:], table[:, 0]


def _has_header(file: Path) -> bool:
    with file.open() as lines:
        first = lines.readline().split(",")[0].strip()
    try:
        float(first)
    except ValueError:
        return True
    return False
