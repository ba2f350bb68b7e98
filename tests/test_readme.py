"""The tours in the README run as they stand, and so does the beginning of the guide."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
GUIDE = (
    "start",
    "solve",
    "events",
    "ensembles",
    "methods",
    "stiff",
    "scipy",
    "chain",
    "engine",
    "statistics",
    "systems",
    "sweeps",
    "symbolic",
    "testing",
)
PAGES = [ROOT / "README.md", *(ROOT / "docs" / f"{name}.md" for name in GUIDE)]


def blocks():
    for page in PAGES:
        parts = re.findall(r"```python\n(.*?)```", page.read_text(), flags=re.DOTALL)
        if page.name == "README.md":
            yield from (pytest.param(part, id=f"{page.name}-{i}") for i, part in enumerate(parts))
        else:  # one story: later blocks use the names of earlier ones
            yield pytest.param("\n".join(parts), id=page.name)


@pytest.mark.slow
@pytest.mark.parametrize("code", list(blocks()))
def test_documented_code_runs(code, monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "Agg")
    exec(compile(code, "documentation", "exec"), {"__name__": "documentation"})
