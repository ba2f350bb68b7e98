# Every target makes its own environment first; a second call reuses it.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check

.PHONY: demo test sweep lint docs bench examples short-examples clean

demo: $(VENV)/.ready
	$(BIN)/mechanet demo --out out/demo

test: $(VENV)/.ready
	$(BIN)/python -m pytest -n auto --dist worksteal

sweep: $(VENV)/.ready
	$(BIN)/python -m pytest -n auto --dist worksteal -m sweep

examples: $(VENV)/.ready
	$(BIN)/python examples/run_all.py --out out/examples

short-examples: $(VENV)/.ready
	$(BIN)/python examples/run_all.py --out out/examples --short

lint: $(VENV)/.ready-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: $(VENV)/.ready-docs
	$(BIN)/sphinx-build -W --keep-going -b html docs docs/_build/html

bench: $(VENV)/.ready
	$(BIN)/python benchmarks/run_all.py

clean:
	rm -rf $(VENV) out docs/_build docs/gallery .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find src tests examples benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

# constraints.txt pins one tested set; pyproject.toml says what is needed.
$(VENV)/.ready: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(PIP) install --constraint constraints.txt --editable '.[nets,sweep,test]'
	@touch $@

$(VENV)/.ready-dev: $(VENV)/.ready
	$(PIP) install --constraint constraints.txt --editable '.[nets,sweep,test,dev]'
	@touch $@

$(VENV)/.ready-docs: $(VENV)/.ready
	$(PIP) install --constraint constraints.txt --editable '.[nets,sweep,test,docs]'
	@touch $@
