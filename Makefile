# Everything a fresh Debian 12 machine needs, in two commands: `make run` and `make test`.
SHELL := /bin/sh
PYTHON ?= /usr/bin/python3
VENV := .venv
STATE ?= var
RUN_PACKAGES := python3-venv softhsm2 opensc pcscd libccid openssl libengine-gost-openssl libsystemd0 libudev1
TEST_PACKAGES := $(RUN_PACKAGES) gcc libc6-dev umockdev jq udev systemd
DEB_PACKAGES := build-essential debhelper dh-virtualenv lintian po-debconf python3-setuptools python3-venv python3-wheel
PYTEST := $(VENV)/bin/python -m pytest

.DEFAULT_GOAL := help
.PHONY: help run test test-long lint bench deb clean

help: ## list the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## /\1\t/' | expand -t 14

run: .venv/.packages-run $(VENV)/.installed ## set up, then ledger and agent in the foreground with a demonstration
	@$(VENV)/bin/klyuchar run --state $(STATE)

test: .venv/.packages-test $(VENV)/.installed lint ## set up, then all checks and tests
	$(PYTEST) -n 4 --dist loadgroup -m "not long"

test-long: .venv/.packages-test $(VENV)/.installed ## the tests that take long: a thousand kills of agent, worker, courier and ledger
	KLYUCHAR_KILLS=250 $(PYTEST) -n 2 --dist loadgroup -k test_kill

lint: $(VENV)/.installed ## style, types and import rules
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

bench: .venv/.packages-test $(VENV)/.installed ## the benchmarks, one after another
	@for file in benchmarks/*.py; do echo "== $$file"; PYTHONPATH=. $(VENV)/bin/python $$file || exit 1; done

deb: .venv/.packages-deb ## build the Debian package into build/
	@debian/build

clean: ## remove what the other targets made, the state of `make run` included
	rm -rf $(VENV) $(STATE) build *.egg-info

# Debian packages are installed only where one is missing; sudo only where we are not root.
.venv/.packages-%: Makefile
	@missing=""; for package in $($(shell echo $* | tr a-z A-Z)_PACKAGES); do \
	  dpkg-query -W -f='$${Status}' $$package 2>/dev/null | grep -q "ok installed" || missing="$$missing $$package"; \
	done; \
	if [ -n "$$missing" ]; then \
	  echo "Installing Debian packages:$$missing"; \
	  as_root=""; [ "$$(id -u)" = 0 ] || as_root=sudo; \
	  $$as_root apt-get update -q && $$as_root env DEBIAN_FRONTEND=noninteractive \
	    apt-get install -y -q --no-install-recommends $$missing || exit 1; \
	fi
	@mkdir -p $(VENV) && touch $@

$(VENV)/.installed: requirements.lock pyproject.toml
	@echo "Installing Python packages into $(VENV) (locked versions)"
	@$(PYTHON) -m venv $(VENV)
	@$(VENV)/bin/pip install -q --disable-pip-version-check --require-hashes --only-binary :all: -r requirements.lock
	@$(VENV)/bin/pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@
