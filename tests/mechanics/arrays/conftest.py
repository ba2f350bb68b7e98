"""Frameworks that are installed here, and devices that they see."""

from types import SimpleNamespace

import numpy as np
import pytest

FRAMEWORKS = ("numpy", "strict", "torch", "torch on cuda", "jax", "cupy")


@pytest.fixture(params=FRAMEWORKS)
def framework(request):
    """`.xp`, `.array(values, dtype)` and `.numpy(array)` of one framework."""
    return framework_named(request.param)


def framework_named(name):
    if name == "numpy":
        return SimpleNamespace(name=name, xp=np, array=np.asarray, numpy=np.asarray, type=np.ndarray)
    if name == "strict":
        xp = pytest.importorskip("array_api_strict")
        array = lambda values, dtype: xp.asarray(np.asarray(values, dtype))  # noqa: E731
        return SimpleNamespace(name=name, xp=xp, array=array, numpy=np.from_dlpack, type=type(array(0.0, "float64")))
    if name.startswith("torch"):
        torch = pytest.importorskip("torch")
        device = "cuda" if "cuda" in name else "cpu"
        if device == "cuda" and not torch.cuda.is_available():
            pytest.skip("no CUDA device")
        array = lambda values, dtype: torch.tensor(values, dtype=getattr(torch, dtype), device=device)  # noqa: E731
        return SimpleNamespace(
            name=name, xp=torch, array=array, numpy=lambda x: x.detach().cpu().numpy(), type=torch.Tensor
        )
    if name == "jax":
        jax = pytest.importorskip("jax")
        jax.config.update("jax_enable_x64", True)
        array = lambda values, dtype: jax.numpy.asarray(values, dtype=dtype)  # noqa: E731
        return SimpleNamespace(name=name, xp=jax.numpy, array=array, numpy=np.asarray, type=jax.Array)
    xp = pytest.importorskip("cupy")
    array = lambda values, dtype: xp.asarray(values, dtype=dtype)  # noqa: E731
    return SimpleNamespace(name=name, xp=xp, array=array, numpy=xp.asnumpy, type=xp.ndarray)
