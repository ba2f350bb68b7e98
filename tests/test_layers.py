"""What may import what, in fresh interpreters."""

import subprocess
import sys

import pytest

HEAVY = ("matplotlib", "sympy", "torch", "xarray", "dask", "pandas", "nets")


def fresh(code):
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize(
    "module", ["mechanics", "mechanics.chain", "mechanics.fit", "mechanics.noise", "mechanics.plots"]
)
def test_mechanics_imports_nothing_heavy(module):
    loaded = fresh(f"import sys, {module}; print([m for m in {HEAVY} if m in sys.modules])")
    assert loaded == "[]"


def test_importing_mechanics_alone_does_not_import_numba():
    assert fresh("import sys, mechanics; print('numba' in sys.modules)") == "False"


def test_mechanics_works_with_torch_absent():
    code = """
import sys
class NoTorch:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "torch":
            raise ImportError("torch is absent")
sys.meta_path.insert(0, NoTorch())
from mechanics.chain import SpringChain
from mechanics.fit import fit_chain
print(SpringChain(eps_bar=0.0).simulate(10).x.shape)
"""
    assert fresh(code) == "(1, 2, 9)"


def test_both_packages_ship_their_types():
    import importlib.resources

    for package in ("mechanics", "nets"):
        assert importlib.resources.files(package).joinpath("py.typed").is_file()
