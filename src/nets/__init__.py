"""PyTorch networks trained, measured layer by layer, and fitted to mechanical models."""
