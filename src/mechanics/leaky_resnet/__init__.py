"""Leaky ResNets as Hamiltonian mechanics: Jacot and Kaiser, arXiv:2405.17573."""
