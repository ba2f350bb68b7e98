"""What the benchmarks share: the systems, their references, the limits in C, timing and tables."""
