# make demo: the widget and a shop that uses it.  make test: every check.  README.md says more.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/pip install --quiet --disable-pip-version-check
LOCK := $(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-header --no-annotate --quiet --extra postgres --extra build
PORT ?= 8000
SHOP_PORT ?= 8001
NODE_MODULES := widget_static/node_modules/.ready tests/wix_sdk/node_modules/.ready tests/host_pages/node_modules/.ready

.PHONY: help demo test lint unit browser types texts docs build proofs bench shots dashboard-shots guide lock package clean

help:
	@echo "make demo    the widget and a small shop on this machine (PORT=8000 SHOP_PORT=8001)"
	@echo "make test    format, lint, types, the build of the browser code, and every test"
	@echo "make proofs  the full form of the slow proofs"
	@echo "make bench   measured goals, each as a ratio against a floor of the same run"
	@echo "make shots   every state of the widget as screenshots in build/shots"
	@echo "make build   rebuild widget_static/dist from its sources (needs node)"
	@echo "make dashboard-shots  every page of the dashboard as screenshots in build/dashboard-shots"
	@echo "make guide   the pictures of the owner's guide (docs/guide)"
	@echo "make docs    rewrite the tables of docs/admin-api.md from the code"
	@echo "make lock    pin every package anew, with the hashes of its files"
	@echo "make package the wheel in build/, and the list of what is inside (SBOM)"
	@echo "make texts   collect the dashboard's texts for translation, and compile the translations"
	@echo "make vectors rewrite the test vectors of docs/vectors"
	@echo "make integrations       the WordPress plugin as a zip file in build/"
	@echo "make integrations-test  real shops with a server of ours; not part of make test. One of them: integrations-test-"
	@echo "                        woocommerce (needs WOOCOMMERCE_ZIP), -oscar or -vendure (docs/example-shops.md)"
	@echo "make integrations-pictures  the pictures of docs/woocommerce-plugin.md, taken in that story"
	@echo "make types   rewrite widget_static/src/api.ts from the server's schemas"

.venv/run: pyproject.toml requirements.lock
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11 ...")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(PIP) --require-hashes -r requirements.lock
	$(PIP) --no-deps --no-build-isolation -e .
	@touch $@

.venv/dev: requirements-dev.lock .venv/run
	$(PIP) --require-hashes -r requirements-dev.lock
	@touch $@

%/node_modules/.ready: %/package-lock.json
	@command -v npm >/dev/null || { echo "node with npm is missing (20 or newer): install it to run the tests; the demo needs none."; exit 1; }
	cd $* && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

.PHONY: chromium
chromium:
	@command -v chromium >/dev/null || test -n "$$CHROMIUM" || \
		{ test "$$(id -u)" = 0 && command -v apt-get >/dev/null && apt-get update -qq && apt-get install -y -qq chromium >/dev/null; } || \
		{ echo "Chromium is missing: install Debian's package chromium, or set CHROMIUM to its path."; exit 1; }

.PHONY: php vectors
php:
	@command -v php >/dev/null || \
		{ test "$$(id -u)" = 0 && command -v apt-get >/dev/null && apt-get update -qq && apt-get install -y -qq php-cli >/dev/null; } || \
		{ echo "PHP is missing (8.1 or newer): install Debian's package php-cli."; exit 1; }

vectors: .venv/dev
	$(BIN)/python -m integrations.vectors docs/vectors

demo: .venv/run
	$(BIN)/widget-server demo --port $(PORT) --shop-port $(SHOP_PORT)

test: lint build unit

lint: .venv/dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

build: widget_static/node_modules/.ready
	cd widget_static && npm run --silent check && npm run --silent build
	git diff --exit-code --stat -- widget_static/dist

unit: .venv/dev chromium php $(NODE_MODULES)
	$(BIN)/pytest -n 2 --dist loadfile

browser: .venv/dev chromium
	$(BIN)/pytest tests/browser

docs: .venv/dev
	$(BIN)/python -m widget_server.admin.api_tables docs/admin-api.md

types: .venv/dev
	$(BIN)/python -m widget_server.widget.typescript > widget_static/src/api.ts

TEXTS := widget_server/dashboard/translations
texts: .venv/dev
	@mkdir -p build
	$(BIN)/pybabel --quiet extract -F $(TEXTS)/babel.cfg -k _l -k lazy_gettext --no-location --omit-header \
		--sort-output -o build/dashboard.pot widget_server/dashboard widget_server/stores
	$(BIN)/pybabel --quiet update -i build/dashboard.pot -d $(TEXTS) --no-fuzzy-matching --ignore-obsolete \
		--ignore-pot-creation-date --width 120
	$(BIN)/pybabel --quiet compile -d $(TEXTS)

proofs: .venv/dev chromium php $(NODE_MODULES)
	PROOFS=1 $(BIN)/pytest -n 2 --dist loadfile --timeout 7200

bench: .venv/dev chromium
	$(BIN)/python -m bench.table

shots: .venv/dev chromium
	$(BIN)/python bench/shots/take.py

dashboard-shots: .venv/dev chromium
	$(BIN)/python bench/shots/dashboard.py

guide: .venv/dev chromium
	$(BIN)/python bench/shots/guide.py

lock: .venv/dev
	$(LOCK) -o requirements.lock
	$(LOCK) --extra dev -c requirements.lock -o requirements-dev.lock
	$(BIN)/uv pip compile $(EXAMPLES)/oscar/requirements.in --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-header --no-annotate --quiet -o $(EXAMPLES)/oscar/requirements.txt

package: .venv/dev
	$(BIN)/pip wheel --quiet --no-deps --no-build-isolation -w build .
	$(BIN)/cyclonedx-py requirements --pyproject pyproject.toml --output-reproducible --of JSON \
		-o build/sbom.cdx.json requirements.lock

SHOPS := woocommerce oscar vendure
EXAMPLES := integrations/examples
.PHONY: integrations integrations-test integrations-pictures $(SHOPS:%=integrations-test-%)
integrations: .venv/run
	$(BIN)/python -m widget_server.stores.woocommerce.plugin_zip build/loyalty-widget-woocommerce.zip

integrations-test: $(SHOPS:%=integrations-test-%)

integrations-test-woocommerce: .venv/dev chromium
	$(BIN)/python integrations/woocommerce/test/run.py

integrations-test-oscar: .venv/dev chromium $(EXAMPLES)/oscar/.venv/.ready
	$(BIN)/python -m integrations.examples.oscar.run

integrations-test-vendure: .venv/dev chromium $(EXAMPLES)/vendure/node_modules/.ready
	cd $(EXAMPLES)/vendure && npm run --silent build
	$(BIN)/python -m integrations.examples.vendure.run

$(EXAMPLES)/oscar/.venv/.ready: $(EXAMPLES)/oscar/requirements.txt
	$(PYTHON) -m venv $(@D)
	@$(@D)/bin/pip install --quiet --disable-pip-version-check --require-hashes -r $< || \
		{ echo "The Oscar shop's packages could not be installed: pip has to reach a package index."; exit 1; }
	@touch $@

integrations-pictures: .venv/dev chromium
	$(BIN)/python integrations/woocommerce/test/run.py --story --pictures docs/pictures/woocommerce

clean:
	rm -rf .venv build $(dir $(NODE_MODULES)) $(EXAMPLES)/oscar/.venv $(EXAMPLES)/vendure/node_modules \
		$(EXAMPLES)/vendure/dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
