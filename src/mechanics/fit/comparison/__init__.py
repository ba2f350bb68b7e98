"""Which of several models, chains and plain curves, follows and foretells load curves best."""

from .compare import compare_models
from .predict import PredictionScore, predict_score
from .result import ModelComparison, ModelScore

__all__ = ["ModelComparison", "ModelScore", "PredictionScore", "compare_models", "predict_score"]
