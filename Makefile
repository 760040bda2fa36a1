# `make report` and `make test` set everything up by themselves; `make help` lists the rest.
# All packages go into $(VENV); nothing outside this folder is written (but see scripts/make_venv.sh for Debian).

VENV    ?= .venv
PYTHON  ?=
OUT     ?= out
WORKERS ?= $(shell nproc 2>/dev/null || echo 2)
ARGS    ?=

BIN    := $(VENV)/bin
PYTEST := $(BIN)/python -m pytest
START  := $(shell date +%s)

export PIP_DISABLE_PIP_VERSION_CHECK := 1
unexport PYTHONPATH PYTHONWARNINGS NUMBA_DISABLE_JIT

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help report test lint types layers laws tests docs-test format bench coverage-slow method-figures gallery fuzz search clean distclean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

report: $(VENV)/.installed ## install, then make the report of data/samples: out/report.html
	@mkdir -p $(OUT)
	$(BIN)/journeylog report data/samples/shop.toml --out $(OUT)/report.html $(ARGS)

test: lint types layers laws tests ## install, then everything that must hold before a change is done
	@s=$$(( $$(date +%s) - $(START) )); \
	echo "make test: lint, types, layers, laws without compiler, tests, doctests, notebooks and benchmarks hold ($$((s / 60)) min $$((s % 60)) s)"

lint: $(VENV)/.installed-test ## ruff: rules and format
	$(BIN)/python -m ruff check .
	$(BIN)/python -m ruff format --check .

types: $(VENV)/.installed-test ## mypy --strict
	$(BIN)/python -m mypy

layers: $(VENV)/.installed-test ## import-linter: imports only point down
	$(BIN)/lint-imports --no-logo

laws: $(VENV)/.installed-test ## the laws and oracles once more, with the kernels as plain Python
	NUMBA_DISABLE_JIT=1 $(PYTEST) tests -m "laws and not slow" -n $(WORKERS)

tests: $(VENV)/.installed-test ## tests, doctests, executed notebooks, benchmarks in miniature
	$(PYTEST) tests benchmarks src/journeylog README.md CONTRIBUTING.md docs \
	  --doctest-modules --doctest-glob="*.md" --ignore=benchmarks/contenders \
	  -m "not slow" -n $(WORKERS) --durations=15 $(ARGS)

docs-test: $(VENV)/.installed-test ## every example in docstrings and pages
	$(PYTEST) src/journeylog README.md CONTRIBUTING.md docs --doctest-modules --doctest-glob="*.md" $(ARGS)

format: $(VENV)/.installed-test ## let ruff mend what it can
	$(BIN)/python -m ruff check --fix .
	$(BIN)/python -m ruff format .

bench: $(VENV)/.installed-test ## speed and memory beside other tools; ARGS="--events 1000000"
	$(BIN)/python -m benchmarks $(ARGS)

coverage-slow: $(VENV)/.installed-test ## long seeded runs: do the intervals cover the truth?
	$(PYTEST) tests -m slow -n $(WORKERS) --durations=15 $(ARGS)

method-figures: $(VENV)/.installed-test ## the pictures of docs/methods, drawn anew (needs Chromium)
	$(BIN)/python -m scripts.method_figures $(ARGS)

gallery: $(VENV)/.installed-test ## the maps of docs/gallery and the pictures of the README, drawn anew (pictures need Chromium)
	$(BIN)/python -m scripts.gallery

fuzz: $(VENV)/.installed-test ## ten minutes of bytes nobody would write for each reader; ARGS="--seconds 60"
	for reader in xes jsonl lines; do $(BIN)/python -m tests.fuzz $$reader $(ARGS) || exit 1; done

search: $(VENV)/.installed-test ## the laws on fresh random examples instead of the seeded ones
	$(PYTEST) tests -m laws --hypothesis-profile=search -n $(WORKERS) $(ARGS)

clean: ## remove what was made here, keep the environment
	rm -rf $(OUT) build dist benchmarks/cache benchmarks/results .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find src tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

distclean: clean ## clean, and remove the environment
	rm -rf $(VENV)

$(VENV)/.installed: pyproject.toml scripts/make_venv.sh
	@echo "setting up $(VENV); the first time takes a minute or two"
	@sh scripts/make_venv.sh $(VENV) $(PYTHON)
	$(BIN)/python -m pip install --quiet -e .
	@touch $@

$(VENV)/.installed-test: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet -e ".[test]"
	@touch $@
