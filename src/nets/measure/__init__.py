"""Statistics of a network's layers: arrays in, numbers out."""

from .collapse import Collapse, neural_collapse
from .hooks import hooked
from .load_curve import LayerLoads, load_curve, measure_layers
from .probe import LayerProbe
from .regression import LinearReadout, regression_curve
from .separation import separation
from .sharpness import Sharpness
from .sharpness import sharpness as sharpness
from .similarity import LayerSimilarity, linear_cka
from .spectrum import FeatureSpectrum
from .statistics import LayerStatistics

__all__ = [
    "Collapse",
    "FeatureSpectrum",
    "LayerLoads",
    "LayerProbe",
    "LayerSimilarity",
    "LayerStatistics",
    "LinearReadout",
    "Sharpness",
    "hooked",
    "linear_cka",
    "load_curve",
    "measure_layers",
    "neural_collapse",
    "regression_curve",
    "separation",
    "sharpness",
]
