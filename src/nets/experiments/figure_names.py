"""Names of the figures that `network_figure` makes; a file of its own, so that the command line loads nothing else."""

from typing import Literal

FigureName = Literal[
    "dropout", "noise", "learning-rate", "batch-size", "trajectories", "movie", "linear", "initial-weights",
    "no-batch-norm", "widths", "depths", "data", "metrics", "regression", "cnn",
]  # fmt: skip
