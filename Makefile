# Everything runs from .venv, which the first call of any target sets up.
PYTHON ?= python3
BIN := .venv/bin
PACKAGES := docs/try/node_modules/.package-lock.json
export MPLBACKEND ?= Agg

.PHONY: coverage demo docs picture test test-fast test-oldest lint fuzz benchmark benchmark-ecg benchmark-eeg benchmark-zero-shot benchmark-vibration benchmark-spectra build clean universal-graph

demo: .venv/demo
	$(BIN)/python examples/run.py plot_recipe plot_ecg

# Warnings are errors, every example runs. The page try.html takes packages from the npm registry.
docs: .venv/ready
	$(BIN)/python -m sphinx --builder html --fail-on-warning --keep-going --nitpicky \
		--doctree-dir docs/_build/doctrees docs docs/_build/html
	$(BIN)/python docs/try/build.py docs/_build/html
	$(BIN)/python docs/check_links.py docs/_build/html
	$(BIN)/python docs/check_accessibility.py docs/_build/html

# The picture at the head of the README, by the code beneath it, and the logo of the site.
picture: .venv/ready
	$(BIN)/python docs/figures/readme.py docs/images/ecg.png
	$(BIN)/python docs/figures/logo.py

# Where npm or Chromium is missing, the test of the page try.html is skipped.
$(PACKAGES): docs/try/package-lock.json .venv/ready
	-$(BIN)/python docs/try/build.py

test: lint $(PACKAGES)
	$(BIN)/python -m pytest --numprocesses auto --dist worksteal

test-fast: lint
	$(BIN)/python -m pytest --numprocesses auto --dist worksteal -m "not slow"

coverage: .venv/ready $(PACKAGES)
	$(BIN)/python -m pytest --numprocesses auto --dist worksteal --cov --cov-report=term-missing

# Old packages use what newer ones of their dependencies deprecate.
test-oldest: .venv-oldest/ready
	.venv-oldest/bin/python -m pytest --numprocesses auto --dist worksteal -W ignore::DeprecationWarning -W ignore::PendingDeprecationWarning

lint: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

benchmark: .venv/ready
	$(BIN)/python benchmarks/recipe.py
	$(BIN)/python benchmarks/model_selection.py
	$(BIN)/python benchmarks/networks.py
	$(BIN)/python benchmarks/recording.py
	$(BIN)/python benchmarks/kinds.py

benchmark-zero-shot: .venv/ready
	$(BIN)/python benchmarks/zero_shot.py
	$(BIN)/python benchmarks/denoise_speed.py
	$(BIN)/python benchmarks/gaps.py

# What ONNX Runtime is given beside the weights of the universal network.
universal-graph: .venv/ready
	$(BIN)/python benchmarks/universal_graph.py

fuzz: .venv/ready
	$(BIN)/python benchmarks/fuzz.py
	$(BIN)/python benchmarks/fuzz_recordings.py

# One thread for linear algebra: matrices are small, and more threads wait for one another.
benchmark-vibration benchmark-spectra: benchmark-%: .venv/ready
	OPENBLAS_NUM_THREADS=1 $(BIN)/python benchmarks/$*.py

# make benchmark-ecg DATA=FOLDER; the head of the script says what FOLDER holds, and where from.
# NeuroKit2 wants older packages than the tests, hence an environment of its own.
benchmark-ecg benchmark-eeg: benchmark-%: .venv-benchmarks/ready
	$(if $(DATA),,$(error Say where the recordings are: make $@ DATA=FOLDER (see benchmarks/$*.py)))
	OPENBLAS_NUM_THREADS=1 .venv-benchmarks/bin/python benchmarks/$*.py --data $(DATA)

build: .venv/ready
	rm -rf dist
	$(BIN)/python -m build
	$(BIN)/python -m twine check --strict dist/*
	$(BIN)/check-wheel-contents dist/*.whl

# The demo needs neither what checks and tests nor what builds pages.
.venv/demo: EXTRAS = examples
.venv/ready .venv-oldest/ready: EXTRAS = test
.venv-benchmarks/ready: EXTRAS = benchmarks
.venv-oldest/ready: INSTALL = --constraint tests/oldest.txt
.venv-oldest/ready: tests/oldest.txt

.venv/demo .venv/ready .venv-oldest/ready .venv-benchmarks/ready: pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11")'
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/python -m pip install --quiet $(INSTALL) --editable ".[$(EXTRAS)]"
	touch $@

clean:
	rm -rf .venv .venv-oldest .venv-benchmarks build dist *.egg-info output \
		docs/_build docs/auto_examples docs/generated docs/sg_execution_times.rst docs/try/node_modules
