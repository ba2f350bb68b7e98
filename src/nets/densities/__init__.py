"""Densities of training: two-time correlations, where trainings end and why, and transfer operators in plateaus."""

from .correlations import TwoTime, two_time
from .crossed import Components, crossed_components
from .ends import EndPoints, end_points, settings_of
from .intervals import MeanSquare
from .levels import LevelEffect, level_effect
from .outputs import final_logits, logits_in_time
from .plateaus import Stationarity, stationarity
from .projection import Projection, principal_components
from .relaxation import Relaxation, correlation_time
from .slow import SlowMotion, slow_motion

__all__ = [
    "Components",
    "EndPoints",
    "LevelEffect",
    "MeanSquare",
    "Projection",
    "Relaxation",
    "SlowMotion",
    "Stationarity",
    "TwoTime",
    "correlation_time",
    "crossed_components",
    "end_points",
    "final_logits",
    "level_effect",
    "logits_in_time",
    "principal_components",
    "settings_of",
    "slow_motion",
    "stationarity",
    "two_time",
]
