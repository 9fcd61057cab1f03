# Everything runs in .venv, which each target makes by itself the first time, from a lock with hashes; only `make
# golden`, which needs other libraries, has a .venv-golden of its own.

PYTHON  ?= python3
SUITE   ?= configs/article
CONFIG  ?= configs/article/step.yaml
RESULTS ?= results/article
SEEDS   ?= 1
DATA    ?= auto
WORKERS ?=
GPU     ?=
ARGS    ?=
CAMPAIGNS := resume kills commits damage hostile fuzz deaths

VENV  := .venv
BIN   := $(VENV)/bin
LOCK  := requirements$(if $(GPU),-gpu).lock
READY := $(VENV)/.ready$(if $(GPU),-gpu)
RUN   := $(BIN)/cifar-lr

.DEFAULT_GOAL := help
.PHONY: help setup reproduce run plots report demo test check format bench lock golden pages schema torture clean $(addprefix torture-,$(CAMPAIGNS))

help: ## show this
	@echo "make TARGET [NAME=value ...]"
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  \1 \2/p' $(firstword $(MAKEFILE_LIST)) | awk '{printf "  %-10s", $$1; $$1=""; print}'

setup: $(READY) ## make .venv and no more [GPU=1]

reproduce: $(READY) ## train a suite and draw its figures [SUITE=configs/article SEEDS=1 WORKERS=cores DATA=auto ARGS=...]
	$(RUN) reproduce "$(SUITE)" --seeds $(SEEDS) --data "$(DATA)" $(if $(WORKERS),--workers $(WORKERS)) $(ARGS)

run: $(READY) ## train one configuration [CONFIG=configs/article/step.yaml DATA=auto ARGS="epochs=5 --seed 3"]
	$(RUN) run "$(CONFIG)" --data "$(DATA)" $(ARGS)

plots: $(READY) ## draw the figures again, from saved histories [RESULTS=results/article]
	$(RUN) plot "$(RESULTS)" $(ARGS)

report: $(READY) ## write a page about a suite: verdicts, curves, tables [RESULTS=results/article ARGS="--beside published"]
	$(RUN) report "$(RESULTS)" $(ARGS)

demo: $(READY) ## the article's eight in about two minutes, to see that everything works [DATA=auto]
	$(RUN) reproduce configs/demo --data "$(DATA)" $(ARGS)

test: $(READY) ## the tests
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist worksteal $(ARGS)

check: $(READY) ## format, lint and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

format: $(READY) ## put the format right
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(READY) ## measure speed against the notebook's program, and saving against an epoch, in turn [DATA=auto]
	$(BIN)/python benchmarks/bench.py --data "$(DATA)" $(ARGS)
	$(BIN)/python benchmarks/saving.py --data "$(DATA)"

torture: $(addprefix torture-,$(CAMPAIGNS)) ## all campaigns against losing or doubling anything, in their long form (hours)

$(addprefix torture-,$(CAMPAIGNS)): torture-%: $(READY)
	$(BIN)/python -m torture.$* $(ARGS)

golden: .venv-golden/.ready ## the golden values again, from the real libraries, in .venv-golden
	.venv-golden/bin/python tests/golden/make_golden.py

pages: $(READY) ## write docs/schedules.md with its pictures, docs/counterparts.md, the tables in README.md, docs/results.md and docs/reliability.md
	$(BIN)/python docs/make_pages.py
	$(BIN)/python docs/make_results.py
	$(BIN)/python -m torture.table

schema: $(READY) ## write configs/schema.json and configs/claims-schema.json
	$(BIN)/python -m cifar_lr.config > configs/schema.json
	$(BIN)/python -m cifar_lr.claims > configs/claims-schema.json

lock: $(READY) ## resolve the dependencies into the locks; what is there stays, but with UPGRADE=1
	$(BIN)/uv pip compile -q $(if $(UPGRADE),--upgrade) --universal --fork-strategy fewest --generate-hashes --no-emit-index-url --python-version 3.11 \
	  --custom-compile-command "make lock" --extra dev pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile -q --universal --fork-strategy fewest --generate-hashes --no-emit-index-url --python-version 3.11 \
	  --custom-compile-command "make lock" --extra dev --extra gpu -c requirements.lock pyproject.toml -o requirements-gpu.lock

clean: ## remove .venv, .venv-golden and caches; results stay
	rm -rf $(VENV) .venv-golden .mypy_cache .ruff_cache .pytest_cache *.egg-info

$(READY): $(LOCK) pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "cifar_lr needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>&1). Name another: make PYTHON=python3.12"; exit 1; }
	@echo "installing into $(VENV), once: some minutes, about 2.5 GB"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r $(LOCK)
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

.venv-golden/.ready: tests/golden/requirements.txt
	@echo "installing torch, timm, transformers and optax into .venv-golden, once: some minutes, several GB"
	$(PYTHON) -m venv .venv-golden
	.venv-golden/bin/python -m pip install -q --disable-pip-version-check -r $<
	@touch $@
