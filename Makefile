# Two commands matter: `make run` and `make test`. Both set up everything they need.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.DEFAULT_GOAL := help
GRAPHIQL := schema/graphiql/static/.built
GRAPHIQL_SOURCES := $(shell find graphiql -path graphiql/node_modules -prune -o -type f -print)

.PHONY: help install graphiql run test check format lock newest package bench bench-smoke drills clean

help: ## list the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

$(STAMP): requirements-dev.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

install: $(STAMP) ## set up the virtual environment from the lock

$(GRAPHIQL): $(GRAPHIQL_SOURCES)
	cd graphiql && npm ci --no-audit --no-fund && npm run build
	touch $@

graphiql: $(GRAPHIQL) ## build GraphiQL from npm (needs Node)

# GraphiQL is an extra: without Node, or without a registry, the service runs and says how to build it.
run: install ## set up and serve on the embedded default; PORT=8001 chooses another port
	@if command -v npm >/dev/null; then $(MAKE) --no-print-directory graphiql || echo "GraphiQL was not built; everything else is served."; \
	else echo "Node is not here: GraphiQL is not built, everything else is served."; fi
	exec $(BIN)/account-gateway serve $(if $(PORT),--port $(PORT))

test: install ## set up and run the tests (SQLite; more where servers are named in the environment)
	$(BIN)/python -m pytest

check: install ## format, lint, types, import layers
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: install ## rewrite the code in its format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: ## make the locks anew from pyproject.toml (needs uv)
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header pyproject.toml -o requirements.lock
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --group dev -c requirements.lock pyproject.toml -o requirements-dev.lock

newest: ## try the newest release of each bounded dependency on the suite; PYTEST_ARGS chooses tests
	PYTHON=$(PYTHON) .ci/newest $(PYTEST_ARGS)

package: install graphiql ## build the wheel, GraphiQL included
	$(BIN)/python -m hatchling build -t wheel

bench: install ## compare with other servers on the same question (needs PostgreSQL, Redis, Node and wrk)
	$(BIN)/python -m benchmarks.compare

bench-smoke: install ## start-up, memory, captcha and event loop against their targets
	$(BIN)/python -m benchmarks.smoke

drills: install ## kill, pause and fill what the service depends on, and watch it
	$(BIN)/python -m drills

clean: ## remove what set-up and runs have made
	rm -rf $(VENV) .venv-newest graphiql/node_modules schema/graphiql/static dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
