# One entry for everything. `make` alone lists the targets.
# An interpreter that really starts (a version manager's shim may be found and yet not run).
PYTHON ?= $(shell for p in python3.12 python3.13 python3.11 python3; do $$p -c '' 2>/dev/null && echo $$p && break; done)
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
T      ?= tests
SBOM   ?= dist/sbom.json
WORKERS ?= 0
PIN    := $(BIN)/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --no-emit-index-url

.DEFAULT_GOAL := help
.PHONY: help install run test coverage coverage-all mutants fuzz sim sim-all chaos released check secrets audit pins format docs site bench bench-all bench-check bench-upkeep bench-stream build sbom clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

install: $(READY) ## make the virtual environment with every pinned part

$(READY): requirements/all.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Sale needs Python 3.11 or newer; say which with: make PYTHON=/path/to/python3.12"; exit 2; }
	@$(PYTHON) -m venv --clear $(VENV) || { echo "This Python has no venv module (on Debian: apt-get install python3-venv)"; exit 2; }
	@echo "Installing Sale's pinned parts into $(VENV): about a minute …"
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/all.txt
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

run: $(READY) ## start everything, sell two bowls of phở, show the record on Kafka (Ctrl-C ends it); elsewhere than at 31030 with PORT=9000
	$(BIN)/sale demo$(if $(PORT), --port $(PORT))

test: $(READY) ## run every test; a part of them with T=tests/domain; three files at a time with WORKERS=3
	$(BIN)/pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(T)

# What each package's branch coverage must not fall below.
COVERED := sale_domain=100 sale_adapters=98 sale_app=88

coverage: $(READY) ## measure branch coverage with the quick tests: fails when sale_domain has less than all
	$(BIN)/coverage erase
	SEED=1 SEEDS=30 $(BIN)/coverage run -m pytest @tests/quick.txt
	@$(BIN)/coverage combine --quiet
	$(BIN)/coverage report --include='src/sale_domain/*' --fail-under=100

coverage-all: $(READY) ## the same with every test, for every package; twice as long as make test
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder
	@$(BIN)/coverage combine --quiet
	@for each in $(COVERED); do $(BIN)/coverage report --include="src/$${each%=*}/*" --fail-under=$${each#*=} || exit 1; done

mutants: $(READY) ## change sale_domain in thousands of ways, one at a time: which change does no quick test notice? M=orders for one module
	PATH="$(CURDIR)/$(BIN):$$PATH" SEED=1 SEEDS=10 nice $(BIN)/mutmut run --max-children $(or $(CHILDREN),1) $(if $(M),'sale_domain.$(M).*')
	$(BIN)/mutmut results

fuzz: $(READY) ## try every door with hostile input; CASES=50000 of it, others with SEED=7
	CASES=$(or $(CASES),50000) SEED=$(or $(SEED),1) $(BIN)/pytest -s --timeout 0 tests/fuzz

sim: $(READY) ## simulate the relay under faults; SEEDS=300 of them, or one with SEED=7
	SEED=$(or $(SEED),1) SEEDS=$(or $(SEEDS),$(if $(SEED),1,300)) $(BIN)/pytest tests/simulation

sim-all: ## simulate 10 000 seeds
	$(MAKE) sim SEEDS=10000

chaos: $(READY) ## kill -9 the real parts while they sell; CYCLES=15 of it, other troubles with SEED=7
	CYCLES=$(or $(CYCLES),15) SEED=$(or $(SEED),1) $(BIN)/pytest -s tests/chaos

released: $(READY) ## after a release: keep what it says to PostgreSQL and writes there, for the next one's tests
	PYTHONPATH=tests $(BIN)/python tests/released.py

check: $(READY) ## format, lint, strict types, import layers, Dockerfile, generated docs, the site's links
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/hadolint deploy/docker/Dockerfile
	$(BIN)/python docs/generate.py --check
	$(BIN)/python docs/website.py dist/site
	@$(MAKE) --no-print-directory secrets

# Names of secrets are ruff's to find (S105 to S107); this finds keys and tokens by their own shape.
secrets: $(READY) ## look for secrets in the tree
	@$(BIN)/detect-secrets-hook --no-verify --disable-plugin KeywordDetector --disable-plugin Base64HighEntropyString \
	  $$(grep -rIl . * --exclude-dir='.?*' --exclude-dir=requirements --exclude-dir=mutants --exclude-dir=dist --exclude-dir=__pycache__)

audit: $(READY) ## ask the advisory service whether a pinned part has a known hole
	@$(PYTHON) -m venv $(VENV)/audit && $(VENV)/audit/bin/pip install --quiet --disable-pip-version-check pip-audit
	@$(VENV)/audit/bin/pip-audit --strict --disable-pip --require-hashes -r requirements/all.txt || { echo \
	  "Not passed. \"could not be audited\" above: the advisory service (PyPI's JSON API) could not be reached, and nothing is known."; exit 1; }

docs: $(READY) ## write the reference pages from the code
	$(BIN)/python docs/generate.py

site: $(READY) ## build the documents into dist/site; a link that leads nowhere ends it
	$(BIN)/python docs/website.py dist/site

pins: $(READY) ## pin anew what pyproject.toml asks for, with hashes
	$(PIN) --extra client -o requirements/client.txt
	$(PIN) --extra service -o requirements/service.txt
	$(PIN) --extra testing -o requirements/testing.txt
	$(PIN) --all-extras --group dev -o requirements/all.txt

format: $(READY) ## let ruff mend what it can
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

BENCH := PYTHONPATH=tests $(BIN)/python bench/run.py
# A report is put into its page also when a part of it has failed.
TOLD := ; failed=$$?; $(BIN)/python docs/generate.py; exit $$failed

bench: $(READY) ## measure Sale side by side with what it stands on; needs wrk; 20 minutes; ONLY="PART …" measures these and writes nothing
	$(BENCH) $(addprefix --only ,$(ONLY)) $(if $(ONLY),,$(TOLD))

bench-all: $(READY) ## the same, again with a million orders, and what takes long
	$(BENCH) --everything --orders 100000 1000000 $(TOLD)
	$(BIN)/python bench/upkeep.py

bench-check: $(READY) ## measure again: fails when a ratio is a quarter worse than the stored one
	$(BENCH) --check --only hot-paths

bench-upkeep: $(READY) ## fill inbox and outbox with a million rows a lap: do they stay small and fast?
	$(BIN)/python bench/upkeep.py

bench-stream: $(READY) ## measure the live stream: CLIENTS=1000 screens, 5 % of them stalled; fails when a change is missed
	$(BENCH) --only live-stream --screens $(or $(CLIENTS),1000)

build: $(READY) ## build wheel and sdist into dist/; the same tree gives the same bytes
	$(BIN)/python -m hatchling build -d dist

sbom: $(READY) ## write dist/sbom.json: what a service is made of, from the pins (CycloneDX)
	@mkdir -p $(dir $(SBOM))
	$(BIN)/python docs/sbom.py $(SBOM)

clean: ## remove what the targets made
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .schemathesis .import_linter_cache .sale-demo dist build mutants .coverage .coverage.*
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
