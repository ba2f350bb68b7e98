"""How path dependent is training: runs along each axis of "Scaling laws of path dependence", and its hypotheses."""
