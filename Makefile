# Everything a fresh Debian 12 machine needs, in two commands: `make run` and `make test`.
SHELL := /bin/sh
PYTHON ?= /usr/bin/python3
VENV := .venv
STATE ?= var
RUN_PACKAGES := python3-venv softhsm2 opensc pcscd libccid openssl libengine-gost-openssl libsystemd0 libudev1
TEST_PACKAGES := $(RUN_PACKAGES) faketime gcc libc6-dev umockdev jq udev systemd dosfstools e2fsprogs mtools strace rpm tzdata man-db dbus-daemon polkitd dunst xvfb
DEB_PACKAGES := build-essential debhelper dh-virtualenv lintian po-debconf python3-setuptools python3-venv python3-wheel
BENCH_PACKAGES := $(DEB_PACKAGES) qemu-system-x86 qemu-utils mmdebstrap uidmap e2fsprogs netpbm
PYTEST := $(VENV)/bin/python -m pytest

.DEFAULT_GOAL := help
.PHONY: help run test test-long test-bench test-power lint bench deb clean

help: ## что можно сделать (list the targets)
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## /\1\t/' | expand -t 14

run: .venv/.packages-run $(VENV)/.installed ## поставить недостающее и запустить показ (set up, run the demonstration)
	@$(VENV)/bin/klyuchar run --state $(STATE)

test: .venv/.packages-test $(VENV)/.installed lint ## поставить недостающее, все проверки и тесты (set up, all checks and tests)
	$(PYTEST) -n 4 --dist loadgroup -m "not long and not bench"

test-long: .venv/.packages-test $(VENV)/.installed ## долгие тесты: тысяча kill -9 (the long tests: a thousand kills)
	KLYUCHAR_KILLS=250 $(PYTEST) -n 2 --dist loadgroup -k test_kill

test-bench: .venv/.packages-test .venv/.packages-bench $(VENV)/.installed ## всё целиком в виртуальных машинах с USB-токенами (the hardware bench)
	@echo "Готовлю виртуальную машину и пакет, впервые это три минуты (preparing guest and package)"
	@debian/build & $(VENV)/bin/python -m tests.bench && wait
	$(PYTEST) -n 2 --dist worksteal tests/bench/cases -m bench

test-power: .venv/.packages-test .venv/.packages-bench $(VENV)/.installed ## сто отключений питания, час (a hundred power cuts)
	KLYUCHAR_POWER_CUTS=100 $(PYTEST) -n 2 tests/bench/cases/test_power.py -m bench

lint: $(VENV)/.installed ## стиль, типы, правила импорта (style, types, import rules)
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

bench: .venv/.packages-test $(VENV)/.installed ## измерения, одно за другим (the benchmarks)
	@for file in benchmarks/*.py; do echo "== $$file"; PYTHONPATH=. $(VENV)/bin/python $$file || exit 1; done

deb: .venv/.packages-deb ## собрать пакет Debian в build/ (build the Debian package)
	@debian/build

clean: ## удалить сделанное, и папку показа тоже (remove what was made, the demonstration's state too)
	rm -rf $(VENV) $(STATE) build *.egg-info

# Debian packages are installed only where one is missing; sudo only where we are not root.
.venv/.packages-%: Makefile
	@missing=""; for package in $($(shell echo $* | tr a-z A-Z)_PACKAGES); do \
	  dpkg-query -W -f='$${Status}' $$package 2>/dev/null | grep -q "ok installed" || missing="$$missing $$package"; \
	done; \
	if [ -n "$$missing" ]; then \
	  if ! command -v apt-get >/dev/null; then \
	    echo "Нужен Debian 12: команды apt-get здесь нет (Debian 12 is needed)."; exit 1; \
	  fi; \
	  as_root=""; [ "$$(id -u)" = 0 ] || as_root=sudo; \
	  if [ -n "$$as_root" ] && ! command -v sudo >/dev/null; then \
	    echo "Нужны пакеты, а прав поставить их нет. Попросите администратора (ask the administrator):"; \
	    echo "  apt-get install --no-install-recommends$$missing"; exit 1; \
	  fi; \
	  echo "Ставлю пакеты Debian (installing Debian packages):$$missing"; \
	  $$as_root apt-get update -q && $$as_root env DEBIAN_FRONTEND=noninteractive \
	    apt-get install -y -q --no-install-recommends $$missing || \
	    { echo "Пакеты не поставлены, причина — в строках выше (the lines above say why)."; exit 1; }; \
	fi
	@mkdir -p $(VENV) && touch $@

# A virtual environment holds the path it was made at: a moved folder needs a new one.
ifneq (,$(filter-out $(CURDIR),$(shell cat $(VENV)/.installed 2>/dev/null)))
.PHONY: $(VENV)/.installed
endif

$(VENV)/.installed: requirements.lock pyproject.toml
	@echo "Ставлю пакеты Python в $(VENV), это до минуты (installing Python packages)"
	@$(PYTHON) -m venv --clear $(VENV)
	@$(VENV)/bin/pip install -q --disable-pip-version-check --require-hashes --only-binary :all: -r requirements.lock
	@$(VENV)/bin/pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@echo $(CURDIR) > $@
