# make run: a fresh machine to the chat in the browser. make test: a fresh machine to green.
PYTHON ?= python3
# Extra words for pip, for example the CPU build of torch on Linux:
#   make run PIP_ARGS="--extra-index-url https://download.pytorch.org/whl/cpu"
PIP_ARGS ?=
PY := .venv/bin/python
export PYTHONUTF8 := 1

.PHONY: run test setup setup-dev ingest serve eval eval-accept lint clean

run: setup
	$(PY) -m ingest
	$(PY) -m streamlit run app.py

test: setup-dev
	$(PY) -m pytest

setup: .venv/.installed
setup-dev: .venv/.installed-dev

.venv/.installed: requirements.txt requirements-images.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; name it: make $(MAKECMDGOALS) PYTHON=python3.11"; exit 1; }
	@$(PYTHON) -m venv .venv || { echo "This Python has no venv; on Debian: apt install python3-venv"; exit 1; }
	$(PY) -m pip install --quiet --disable-pip-version-check $(PIP_ARGS) -r requirements.txt
	$(PY) -m pip install --quiet --disable-pip-version-check $(PIP_ARGS) --no-deps --upgrade \
	  --target .venv/official-data -r requirements-images.txt
	@touch $@

.venv/.installed-dev: .venv/.installed requirements-dev.txt
	$(PY) -m pip install --quiet --disable-pip-version-check $(PIP_ARGS) -r requirements-dev.txt
	@touch $@

ingest: setup
	$(PY) -m ingest

serve: setup
	$(PY) -m streamlit run app.py

eval: setup-dev
	$(PY) -m kb eval

eval-accept: setup-dev
	$(PY) -m kb eval --accept

lint: setup-dev
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy

clean:
	rm -rf .venv data .pytest_cache .mypy_cache .ruff_cache test-results
