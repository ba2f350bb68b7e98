"""The compiling core: kernels, the one place that caches, elementary functions that vectorise."""

from .compile import CompileCounts, compile_bound, compile_counts, kernel

__all__ = ["CompileCounts", "compile_bound", "compile_counts", "kernel"]
