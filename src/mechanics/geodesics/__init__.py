"""Geodesics of representations: the path of a Leaky ResNet's activations that costs least, without training one."""
