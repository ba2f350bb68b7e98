"""Separation of classes, layer by layer: arrays in, numbers out."""

from .hooks import hooked
from .load_curve import LayerLoads, load_curve, measure_layers
from .separation import separation
from .statistics import LayerStatistics

__all__ = ["LayerLoads", "LayerStatistics", "hooked", "load_curve", "measure_layers", "separation"]
