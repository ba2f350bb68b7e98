"""`mechanet chain`: simulate a spring-block chain from the command line."""

import json
from pathlib import Path
from typing import Annotated, Literal

import typer

Dynamics = Literal["overdamped", "second_order", "langevin", "sign_law", "smooth_law"]
Noise = Literal["independent", "common"]


def chain(
    blocks: Annotated[int, typer.Option(min=1, help="Moving blocks.")] = 7,
    k: Annotated[float, typer.Option(help="Spring stiffness.")] = 1.0,
    mu_right: Annotated[float, typer.Option(help="Friction against motion to the right.")] = 0.1,
    mu_left: Annotated[float, typer.Option(help="Friction against motion to the left.")] = 0.1,
    target: Annotated[float, typer.Option(help="Position of the pulled end.")] = 1.0,
    eps_bar: Annotated[float, typer.Option(min=0, help="Standard deviation of the force noise in one step.")] = 0.1,
    dynamics: Annotated[Dynamics, typer.Option(help="Equations of motion.")] = "overdamped",
    gamma: Annotated[float | None, typer.Option(help="Damping of second-order dynamics.")] = None,
    noise: Annotated[Noise, typer.Option(help="A draw for each block, or one for all.")] = "independent",
    noise_decay: Annotated[float, typer.Option(min=0, help="Rate of the noise's decay.")] = 0.0,
    steps: Annotated[int, typer.Option(min=0, help="Steps.")] = 10_000,
    dt: Annotated[float, typer.Option(help="Length of a step.")] = 0.01,
    members: Annotated[int, typer.Option(min=1, help="Chains with noise of their own.")] = 64,
    seed: Annotated[int, typer.Option(min=0, help="Decides every number.")] = 0,
    save_every: Annotated[int | None, typer.Option(min=1, help="Steps between saved states.")] = None,
    out: Annotated[Path, typer.Option(help="Folder of the results.")] = Path("out/chain"),
) -> None:
    """Simulate a spring-block chain: its load curve, its curvature, and a picture.

    Writes run.npz (mechanics.chain.load_run reads it), summary.json and load_curve.png.
    """
    import sys

    import matplotlib as mpl
    import numpy as np
    from rich.console import Console

    from mechanics.chain import SpringChain, curvature, save_run
    from mechanics.files import write_text

    mpl.use("Agg")
    model = SpringChain(
        blocks, k, mu_right, mu_left, target, eps_bar, dynamics, gamma, noise=noise, noise_decay=noise_decay
    )
    run = model.simulate(steps, dt, seed=seed, members=members, save_every=save_every, progress=sys.stderr.isatty())
    last = run.load_curve[:, -1]
    scale = 1 / np.sqrt(len(last))
    bends = np.array([curvature(D) for D in last])
    summary = {
        "chain": model.to_dict(), "seed": seed, "dt": dt, "steps": run.steps, "members": len(last),
        "status": run.status,
        "load_curve": last.mean(axis=0).tolist(),
        "load_curve_se": (last.std(axis=0, ddof=1) * scale).tolist() if len(last) > 1 else None,
        "curvature": float(curvature(last.mean(axis=0))),
        "curvature_se": float(bends.std(ddof=1) * scale) if len(last) > 1 else None,
    }  # fmt: skip
    save_run(run, out / "run.npz")
    write_text(out / "summary.json", json.dumps(summary, indent=2) + "\n")
    _draw(run, last, out / "load_curve.png")
    console = Console()
    error = "" if summary["curvature_se"] is None else f" +- {summary['curvature_se']:.2g}"
    shape = "convex" if summary["curvature"] > 0 else "concave"
    console.print(f"curvature {summary['curvature']:+.3g}{error} ({shape}), {run.status}", highlight=False)
    console.print("  D " + " ".join(f"{D:.3f}" for D in summary["load_curve"]), highlight=False)
    print(f"Results: {out}")


def _draw(run: object, last: object, path: Path) -> None:
    """Load curves of saved times, or the last one with its scatter."""
    import matplotlib.pyplot as plt
    import numpy as np

    from mechanics.plots import plot_load_curve

    fig, ax = plt.subplots(figsize=(5, 3.2), layout="constrained")
    curves = run.load_curve.mean(axis=0)  # type: ignore[attr-defined]
    shown = np.unique(np.linspace(0, len(curves) - 1, min(8, len(curves))).astype(int))
    plot_load_curve(curves[shown], ax)
    spread = np.std(last, axis=0)  # type: ignore[call-overload]
    l = np.arange(curves.shape[1])
    ax.fill_between(l, curves[-1] - spread, curves[-1] + spread, color="0.85", lw=0, label="members, one sd")
    ax.legend(frameon=False)
    fig.savefig(path, dpi=150)
    plt.close(fig)
