# Everything that a person or a machine does with this repository. `make` alone lists it.
#
# Each target makes .venv when it is not there: with what the package needs for the demo, with the
# tools of a developer too for the others. PYTHON=… chooses the interpreter.

SHELL := /bin/sh
BIN := .venv/bin
JDBC := flight-sql-jdbc-driver-18.3.0

export PIP_CONSTRAINT := constraints.txt
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help demo test faults lint format docs bench proto editor clients jdbc clean

help:  ## list the targets
	@sed -n 's/^\([a-z]*\):.*  ## \(.*\)/  make \1	\2/p' Makefile | expand -t 16

demo: .venv/runtime.stamp  ## companies sign a contract and ask each other (ARGS=hospitals, ARGS=driving: other stories; ARGS=--keep: they stay)
	@$(BIN)/sekisho demo $(ARGS)

test: .venv/dev.stamp  ## run the tests (ARGS=tests/unit narrows them)
	$(BIN)/python -m pytest -n auto $(ARGS)

faults: .venv/dev.stamp  ## strike running nodes, and check what must hold (SECONDS=600 SEED=7 REPORT=faults.json)
	$(BIN)/python tests/faults/run.py --every-point --seconds $(or $(SECONDS),120) --seed $(or $(SEED),0) $(if $(REPORT),--report $(REPORT))

lint: .venv/dev.stamp  ## check style, types, layers, docs and that generated code is fresh
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/buf lint
	$(BIN)/interrogate --quiet node scripts
	$(BIN)/codespell
	$(BIN)/python scripts/generate_proto.py --check

format: .venv/dev.stamp  ## lay out the code, and mend what can be mended by rule
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

docs: .venv/dev.stamp  ## check that docs/ and what it shows are true
	$(BIN)/python -m pytest tests/architecture/test_docs.py $(ARGS)

bench: .venv/dev.stamp  ## measure against peers (ONLY=stream runs one)
	$(BIN)/python benchmarks/run.py $(ONLY)

proto: .venv/dev.stamp  ## generate the protobuf code from proto/
	$(BIN)/python scripts/generate_proto.py

editor: tests/editor/node_modules/.package-lock.json  ## install the language server that tests/editor drives (needs npm)

clients: tests/clients/node_modules/.package-lock.json  ## install the JavaScript client that tests/clients drives (needs npm)

jdbc: tests/clients/jars/$(JDBC).jar  ## fetch the JDBC driver that tests/clients drives by hand (needs Maven and a JDK)

clean:  ## remove the environment and everything built or cached
	rm -rf .venv build dist .coverage .coverage.* htmlcov
	rm -rf tests/editor/node_modules tests/clients/node_modules tests/clients/jars
	rm -rf .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find node tests scripts -type d -name __pycache__ -prune -exec rm -rf {} +

# A stamp stands when its install has ended well, so that an interrupted one is done again.
.venv/runtime.stamp: pyproject.toml constraints.txt scripts/make_environment.sh
	@sh scripts/make_environment.sh
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

.venv/dev.stamp: .venv/runtime.stamp
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $@

tests/editor/node_modules/.package-lock.json: tests/editor/package.json tests/editor/package-lock.json
	npm ci --prefix tests/editor --no-audit --no-fund
	@touch $@

tests/clients/node_modules/.package-lock.json: tests/clients/package.json tests/clients/package-lock.json
	npm ci --prefix tests/clients --no-audit --no-fund
	@touch $@

tests/clients/jars/$(JDBC).jar:
	mvn --quiet --batch-mode dependency:copy -DoutputDirectory=$(CURDIR)/$(@D) \
		-Dartifact=org.apache.arrow:$(subst -driver-,-driver:,$(JDBC))
