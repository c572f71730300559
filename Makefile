# Everything runs in .venv, which `make setup` makes; nothing is installed by hand.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
.DEFAULT_GOAL := help

.PHONY: help setup demo test lint system-tools conformance test-slow boards bench arm64 soak attack chaos clusters update-faults page fuzz api-fuzz api-page models test-tflite test-training clean

help: ## Show what there is
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

setup: $(STAMP) ## Make the virtual environment

$(STAMP): pyproject.toml deploy/make_environment.sh
	@PYTHON=$(PYTHON) deploy/make_environment.sh $(VENV) '.[dev]'
	@touch $@

demo: setup ## Start broker, fleet and a virtual speaker; ONCE=1 checks every stage and ends
	@$(BIN)/cygnet demo $(if $(ONCE),--once) $(DEMO_OPTIONS)

test: setup system-tools lint ## Run the whole test suite
	@deploy/test.sh $(BIN)/pytest $(PYTEST_OPTIONS)
	@$(MAKE) --no-print-directory test-tflite
	@SHORT=1 deploy/test_training.sh

lint: setup ## Check style and types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

test-tflite: ## Run the inference tests on tflite-runtime, in an environment of its own
	@deploy/test_tflite.sh

test-training: ## Test the model lab with TensorFlow (2.3 GB, once); IMPORTS=1 with PyTorch and PaddlePaddle as well
	@deploy/test_training.sh $(TRAINING_OPTIONS)

system-tools: ## Install what the tests start: mosquitto, Chromium, npm, a MicroPython with 32-bit words
	@deploy/system_tools.sh
	@deploy/micropython_32.sh .micropython-32

test-slow: setup system-tools ## Run the long forms of tests that `make test` has in short (some ten minutes)
	@$(BIN)/pytest -n auto --dist loadgroup -m slow $(PYTEST_OPTIONS)

conformance: setup system-tools ## Mount every component of three component libraries, and print how many there are
	@$(BIN)/python -m tests.conformance $(CONFORMANCE_OPTIONS)

boards: setup system-tools ## A Pico W and a micro:bit in software: provision, join, run, update (some 20 minutes)
	@deploy/board_tools.sh
	@$(BIN)/pytest -q -s -m boards tests/boards $(BOARDS_OPTIONS)

bench: setup system-tools ## Measure Cygnet and its peers side by side; BENCH_OPTIONS=--quick tries it
	@$(BIN)/python -m benchmarks $(BENCH_OPTIONS)

arm64: setup ## Install the wheel into a Debian arm64 root and speak to it under qemu-aarch64 (some two minutes)
	@deploy/system_tools.sh debootstrap=debootstrap qemu-aarch64-static=qemu-user-static
	@$(BIN)/python -m tests.arm64 $(ARM64_OPTIONS)

soak: setup ## 100,000 events and 1,000 launches: does memory or time creep? (some minutes)
	@$(BIN)/python -m benchmarks.soak $(SOAK_OPTIONS)

attack: setup ## Run every attack that a worker can make, and time another program's taps meanwhile (some minutes)
	@$(BIN)/pytest -q tests/isolation
	@$(BIN)/python -m benchmarks.isolation $(ATTACK_OPTIONS)

chaos: setup system-tools ## Kill a fleet, its broker, its workers and database again and again under devices in a storm (some ten minutes)
	@$(BIN)/python -m tests.chaos $(CHAOS_OPTIONS)
	@$(BIN)/python -m tests.chaos --workers 3 $(CHAOS_OPTIONS)

clusters: setup ## Kill nodes of a NATS and a RabbitMQ cluster, attack rights, walk docs/operations.md (some ten minutes)
	@deploy/cluster_tools.sh
	@CYGNET_CLUSTERS=1 $(BIN)/pytest -q -s tests/clusters tests/deploy tests/docs/test_operations_walk.py $(CLUSTERS_OPTIONS)

page: setup system-tools ## The operator page in Chromium: every view in every size and colour, 10,000 devices
	@CYGNET_PAGE=whole $(BIN)/pytest -q tests/fleet/page

update-faults: setup system-tools ## Kill a device at every transition of an update (some minutes)
	@CYGNET_UPDATE_FAULTS=1 $(BIN)/pytest -q -s tests/update/test_kill.py

models: system-tools ## Test every model against its card; reports in .models/ (some ten minutes, 2 GB the first time)
	@deploy/test_models.sh $(MODELS_OPTIONS)

fuzz: ## Feed hostile input to what reads it, for SECONDS=60 each; TARGET=name for one
	@deploy/fuzz.sh --seconds $(or $(SECONDS),60) $(TARGET)

api-fuzz: setup system-tools ## Try the fleet's API with schemathesis, by its own description (some four minutes)
	@$(BIN)/python -m tests.fleet.api $(API_FUZZ_OPTIONS)

api-page: setup ## Write docs/api.md anew from what the API's handlers say of themselves
	@$(BIN)/cygnet fleet api --markdown --out docs/api.md

clean: ## Remove the virtual environments and caches
	rm -rf .venv .venv-* .models .arm64 .micropython-32 .demo .bench .fuzz .mypy_cache .ruff_cache .pytest_cache
