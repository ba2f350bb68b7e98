"""`mechanet phase-diagram`: curvature of load curves over two parameters of the chain."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from .chain import Dynamics

AXIS = "as name=first:last:count, for example eps_bar=0:0.5:26"


def phase_diagram(
    vertical: Annotated[str, typer.Argument(help=f"Axis drawn upwards, {AXIS}.")] = "eps_bar=0:0.5:26",
    horizontal: Annotated[str, typer.Argument(help=f"Axis drawn to the right, {AXIS}.")] = "mu_left=0:0.3:31",
    blocks: Annotated[int, typer.Option(min=1, help="Moving blocks.")] = 7,
    k: Annotated[float, typer.Option(help="Spring stiffness.")] = 1.0,
    mu_right: Annotated[float, typer.Option(help="Friction against motion to the right.")] = 0.1,
    mu_left: Annotated[float, typer.Option(help="Friction against motion to the left.")] = 0.1,
    eps_bar: Annotated[float, typer.Option(min=0, help="Standard deviation of the force noise in one step.")] = 0.1,
    dynamics: Annotated[Dynamics, typer.Option(help="Equations of motion.")] = "overdamped",
    gamma: Annotated[float | None, typer.Option(help="Damping of second-order dynamics.")] = None,
    steps: Annotated[int, typer.Option(min=0, help="Steps of each simulation.")] = 2_000,
    dt: Annotated[float, typer.Option(help="Length of a step.")] = 0.1,
    seeds: Annotated[int, typer.Option(min=1, help="Members of each cell.")] = 8,
    seed: Annotated[int, typer.Option(min=0, help="Decides every number.")] = 0,
    store: Annotated[
        Path | None, typer.Option(help="Folder of a store that a second call continues (extra sweep).")
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder of the results.")] = Path("out/phase-diagram"),
) -> None:
    """Map the curvature of the chain's load curves over two of its parameters.

    Writes diagram.npz (mechanics.chain.PhaseDiagram.load reads it) and diagram.png.
    """
    import matplotlib as mpl
    import matplotlib.pyplot as plt

    from mechanics.chain import SpringChain
    from mechanics.chain import phase_diagram as simulate

    mpl.use("Agg")
    chain = SpringChain(blocks, k, mu_right, mu_left, 1.0, eps_bar, dynamics, gamma)
    axes: dict[str, Any] = dict(_axis(text) for text in (vertical, horizontal))
    if len(axes) != 2:
        raise ValueError(f"The two axes must differ, but both are {vertical.partition('=')[0]!r}.")
    found = simulate(chain, **axes, steps=steps, dt=dt, seeds=seeds, seed=seed, out=store, progress=sys.stderr.isatty())
    found.save(out / "diagram.npz")
    fig, ax = plt.subplots(figsize=(6, 4), layout="constrained")
    found.plot(ax)
    fig.savefig(out / "diagram.png", dpi=150)
    plt.close(fig)
    convex = float((found.curvature > 0).mean())
    print(f"{found.curvature.size} cells of {seeds} members, {100 * convex:.0f} % of them convex")
    print(f"Results: {out}")


def _axis(text: str) -> tuple[str, list[float]]:
    """Name and values of name=first:last:count."""
    import numpy as np

    name, _, span = text.partition("=")
    try:
        first, last, count = span.split(":")
        values = np.linspace(float(first), float(last), int(count))
    except ValueError:
        raise ValueError(f"An axis is written {AXIS}, but is {text!r}.") from None
    return name, values.tolist()
