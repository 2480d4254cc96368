# make run: a fresh machine to the chat in the browser. make test: a fresh machine to green.
PYTHON ?= python3
# cuda: PyPI's torch, a CUDA build of several GB on Linux; cpu: the small one; empty: cuda where
# nvidia-smi finds a GPU, else cpu.
TORCH ?=
# Extra words for pip, such as an index of your own.
PIP_ARGS ?=
PY := .venv/bin/python
PIP := $(PY) -m pip install --quiet --disable-pip-version-check $(PIP_ARGS)
export PYTHONUTF8 := 1

.PHONY: run test setup setup-dev ingest serve slack eval eval-accept bench soak lint clean

# The notes are indexed first (about 10 s); the other sources follow while the chat answers already.
# The chat opens on what is published where the ingest of an earlier run is still working.
run: setup
	-$(PY) -m ingest --source notes
	@mkdir -p data
	$(PY) -m ingest > data/ingest.log 2>&1 &
	$(PY) -m screens.serve

test: setup-dev
	$(PY) -m pytest

setup: .venv/.installed
setup-dev: .venv/.installed-dev

.venv/.installed: requirements.txt requirements-images.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; name it: make $(MAKECMDGOALS) PYTHON=python3.11"; exit 1; }
	@$(PYTHON) -m venv .venv || { echo "This Python has no venv; on Debian: apt install python3-venv"; exit 1; }
	@TORCH="$(TORCH)" PIP="$(PIP)" sh scripts/install-torch.sh
	$(PIP) -r requirements.txt
	$(PIP) --no-deps --upgrade --target .venv/official-data -r requirements-images.txt
	@touch $@

.venv/.installed-dev: .venv/.installed requirements-dev.txt
	$(PIP) -r requirements-dev.txt
	@touch $@

ingest: setup
	$(PY) -m ingest

serve: setup
	$(PY) -m screens.serve

slack: setup
	$(PY) slack_app.py

# The table of the README on the notes, then the same over all sources that could be fetched; ends
# with the first one's code, if that is not 0.
eval: setup-dev
	KB_SOURCES=evals/data/sources.yaml KB_INDEX_DIR=data/eval/notes $(PY) -m ingest
	KB_INDEX_DIR=data/eval/notes $(PY) -m kb eval; notes=$$?; \
	  KB_INDEX_DIR=data/eval/all $(PY) -m ingest && \
	  KB_INDEX_DIR=data/eval/all $(PY) -m kb eval --report data/eval/report-all.html; all=$$?; \
	  [ $$notes -ne 0 ] && exit $$notes; exit $$all

eval-accept: setup-dev
	KB_SOURCES=evals/data/sources.yaml KB_INDEX_DIR=data/eval/notes $(PY) -m ingest
	KB_INDEX_DIR=data/eval/notes $(PY) -m kb eval --accept

# Times: cold starts, answers, memory.
bench: setup-dev
	$(PY) -m evals.bench

# What takes too long for every run: kills, full disks, many hostile documents.
soak: setup-dev
	$(PY) -m pytest -m soak

lint: setup-dev
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy

clean:
	rm -rf .venv data .pytest_cache .mypy_cache .ruff_cache test-results
