# Everything below sets itself up: python3 (3.11+) with venv and pip, and make, are all it asks for.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
UV     := .bootstrap/bin/uv
MEMBERS := shared $(sort $(wildcard services/*))
READY  := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help setup run test check check-style check-types check-imports check-spelling check-reference check-deploy bench simulate fuzz lock docs new-channel clean

help: ## Show what can be made
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(UV): bootstrap.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Frontline needs Python 3.11 or newer")'
	$(PYTHON) -m venv .bootstrap
	.bootstrap/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r bootstrap.lock
	@touch $@

$(READY): $(UV) requirements.lock $(addsuffix /pyproject.toml,$(MEMBERS))
	$(UV) venv --quiet --allow-existing --python $(PYTHON) $(VENV)
	$(UV) pip sync --quiet --require-hashes --python $(BIN)/python requirements.lock
	$(UV) pip install --quiet --no-deps --no-build-isolation --python $(BIN)/python $(addprefix -e ,$(MEMBERS))
	@touch $@

setup: $(READY) ## Make the virtual environment (all other targets do it by themselves)

run: $(READY) ## Start everything: embedded NATS, every service, a demo desk
	@exec $(BIN)/frontline up

test: $(READY) ## Run every test, or ARGS="tests/unit -k clock"
	$(BIN)/pytest -n auto --dist worksteal $(ARGS)

check: check-style check-types check-imports check-spelling check-reference ## Style, types, architecture and generated files

check-style: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

check-types: $(READY)
	$(BIN)/mypy

check-imports: $(READY)
	$(BIN)/lint-imports --no-logo

check-spelling: $(READY)
	$(BIN)/codespell

check-reference: $(READY)
	$(BIN)/python -m frontline.reference --check docs/reference

check-deploy: $(READY) ## Manifests, NATS users, and services as they would be deployed (CHANNEL=telegram: that one)
	$(BIN)/python -m deploy.checks $(if $(CHANNEL),--channel $(CHANNEL))

bench: $(READY) ## Measure, as ratios side by side in one run (QUICK=1 for a short one)
	$(BIN)/python -m tests.bench $(if $(QUICK),--quick)

simulate: $(READY) ## Run the desk and its log through faults on virtual time: SEEDS=10000, FIRST=0 or commit
	$(BIN)/python -m tests.simulation $(or $(FIRST),0) $(or $(SEEDS),10000)

fuzz: $(READY) .fuzz/.ready ## Read mail that a fuzzer makes up: MINUTES=10, or RUNS=2000, always the same ones
	PYTHONPATH=.fuzz/lib:. $(BIN)/python -m tests.fuzz.mail $(if $(RUNS),--runs $(RUNS),--minutes $(or $(MINUTES),10))

.fuzz/.ready: $(UV) tests/fuzz/requirements.lock
	$(UV) pip install --quiet --require-hashes --python $(BIN)/python --target .fuzz/lib -r tests/fuzz/requirements.lock
	@touch $@

docs: $(READY) ## Write the generated pages of docs/reference again
	$(BIN)/python -m frontline.reference docs/reference

new-channel: $(READY) ## Make a channel that passes its contract tests at once: NAME=telegram
	@$(BIN)/python -m frontline.testing.new_channel "$(NAME)" services
	@$(BIN)/ruff check --quiet --fix-only services/intake-$(NAME)
	@$(BIN)/ruff format --quiet services/intake-$(NAME)
	@$(MAKE) --no-print-directory docs
	@$(BIN)/python -m deploy.new_channel "$(NAME)"

lock: $(UV) ## Resolve the dependencies again into requirements.lock and bootstrap.lock
	$(UV) pip compile pyproject.toml $(addsuffix /pyproject.toml,$(MEMBERS)) --group dev --group deploy --universal --generate-hashes --python-version 3.11 --upgrade --quiet \
	  $(addprefix --no-emit-package ,frontline $(patsubst services/%,frontline-%,$(wildcard services/*))) -o requirements.lock
	awk '/^uv==/ {on = 1; print; next} on && /--hash/ {print; next} {on = 0}' requirements.lock > bootstrap.lock

clean: ## Remove what was made here (not the data in .frontline)
	rm -rf $(VENV) .bootstrap .mypy_cache .ruff_cache .pytest_cache .hypothesis .fuzz
