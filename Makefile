# Two commands: `make demo` and `make test`. Everything else deepens one of them.
SHELL := /bin/bash
PYTHON ?= python3.11
VENV := .venv
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
export DVC_NO_ANALYTICS := 1

.DEFAULT_GOAL := help
.PHONY: help setup demo page cluster-demo release-demo monitoring-demo compare image image-dev edits test test-slow test-docker \
	test-cluster coverage mutants fuzz faults faults-release bench \
	bench-closing bench-ingest bench-lists bench-night bench-store bench-train bench-answer bench-request bench-serve \
	bench-shilling replay lint clean

help:            ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 18

setup: $(VENV)/.done  ## make .venv with every pinned package

$(VENV)/.done: requirements.txt pyproject.toml
	@test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	@echo "setup: installing the pinned packages into $(VENV) (about a minute)"
	@$(VENV)/bin/pip install --quiet --disable-pip-version-check -r requirements.txt
	@$(VENV)/bin/pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

$(VENV)/.peers: $(VENV)/.done tests/bench/requirements.txt
	@$(VENV)/bin/pip install --quiet --disable-pip-version-check -r tests/bench/requirements.txt
	@touch $@

$(VENV)/.spark: $(VENV)/.done infra/spark/requirements.txt infra/spark/pom.xml infra/spark/jars.sha256
	@$(VENV)/bin/pip install --quiet --disable-pip-version-check --require-hashes -r infra/spark/requirements.txt
	@infra/spark/jars.sh $(VENV)/lib/python3.11/site-packages/pyspark/jars
	@touch $@

demo: setup      ## the whole loop on embedded defaults, about a minute and a half; it stays in .demo/
	@python -m infra.demo

cluster-demo: setup  ## the demo's models on the cluster of KUBECONFIG, both updated under load
	@infra/kubernetes/with-cluster.sh sh -c 'exec python -m infra.demo.cluster --hand-over "$$HAND_IMAGES"'

release-demo: setup  ## after `make demo`: two nights of releases on S3, rolled back, explained; KUBECONFIG: deployed
	@python -m infra.demo.release $(if $(KUBECONFIG),--hand-over "$(HAND_IMAGES)") $(ARGS)

monitoring-demo: setup  ## after `make demo`: the loop under Prometheus, two faults, what Slack would show; ARGS="--faster 1"
	@python -m infra.demo.monitoring $(ARGS)

page: setup      ## both models of the last demo behind the page for people, until Ctrl-C
	@python -m infra.demo.page $(ARGS)

compare: setup   ## SVD beside SVD++: workspace, branch, experiments; IN=.demo/workspace for the demo's
	@python -m infra.compare --in $(or $(IN),.)

image: setup     ## a release's image from its git tag: TAG=svd@v1.4.0, of REPO=folder; PUSH=1: into the registry
	@python -m infra.release.image "$(TAG)" $(if $(PUSH),--push) $(if $(REPO),--repo "$(REPO)") -- $(DOCKER_BUILD_OPTIONS)

image-dev:       ## images to try: both models as they stand, collector, router; IN=.demo/workspace: the demo's
	@for what in svd svdpp collector router; do \
		CONTEXT="$(abspath $(or $(IN),.))" infra/docker/build.sh $$what || exit 1; done

edits: setup     ## which stages an edit runs: of a room, a parameter, a library
	@python -m infra.ci.deps --edits

test: setup      ## lint, type-check and the fast tests, at once
	@infra/ci/check.sh & \
	python -m pytest -n auto --dist loadfile -m "not slow and not broker and not docker and not cluster and not fuzz"; \
	tested=$$?; wait $$! && exit $$tested

# The files with tests of some marks: to collect all others takes half a minute of a core, each time.
marked = $(shell grep -rlE 'mark\.($(1))\b' --include='test_*.py' $(2) | sort)
# The longest first: a file that is begun last would keep one core busy alone.
LONG := stages faults infra/demo infra/release infra/ci serve
FIRST = $(foreach room,$(LONG),$(call marked,slow|broker,tests/$(room)))
SLOW = $(FIRST) $(filter-out $(FIRST),$(call marked,slow|broker,tests))

test-slow: $(VENV)/.spark  ## the slow tests and those on the real broker, two at a time; a skipped one fails
	@python -m pytest -n $(or $(JOBS),2) --dist loadfile --no-loadscope-reorder -p infra.ci.no_skips \
		-m "(slow or broker) and not fuzz" $(SLOW) $(ARGS)

test-docker: setup  ## build the images and run them, alone and by compose: what they carry, weigh and answer
	@python -m pytest -p infra.ci.no_skips -m docker $(call marked,docker,tests) $(ARGS)

test-cluster: setup  ## after `make demo`: updates, faults and controls on the cluster of KUBECONFIG
	@infra/kubernetes/with-cluster.sh python -m pytest -s -rs -m cluster $(call marked,cluster,tests) $(ARGS)

lint: setup      ## lint and type-check
	@infra/ci/check.sh

coverage: setup  ## coverage per file, child processes included; coverage.xml in .cache/coverage
	@rm -rf .cache/coverage && mkdir -p .cache/coverage
	@python -m coverage run -m pytest --ignore tests/infra/demo/test_demo.py -m "not broker and not docker and not cluster and not fuzz"
	@python -m coverage combine --quiet
	@python -m coverage xml --quiet
	@python -m coverage report --format total > .cache/coverage/percent
	@python -m coverage report

mutants: setup   ## small defects put into each room: the share that its tests notice
	@python -m infra.ci.mutants $(ARGS)

fuzz: setup      ## coverage-guided fuzzing of the parser, for minutes
	@python -m pytest -m fuzz --timeout 1200

faults: setup    ## kill, pause, starve and poison the collector on the real broker
	@python -m tests.faults $(ARGS)

faults-release: setup  ## kill, damage, starve and hurry a release, and run it again
	@python -m tests.faults.release $(ARGS)

bench: bench-ingest bench-store bench-closing bench-night bench-train bench-lists bench-answer bench-request bench-serve bench-shilling  ## every table of tests/bench/README.md

bench-ingest: setup  ## the collector against bare consumer loops
	@python -m tests.bench.bench_ingest $(ARGS)

bench-store: setup   ## a flush beside 10, 1,000 and 10,000 segments, and the start after 30 days
	@python -m tests.bench.bench_store $(ARGS)

bench-closing: setup  ## what is not read while a day of 5 million lines closes; ARGS="--store s3"
	@python -m tests.bench.bench_closing $(ARGS)

bench-train: setup   ## both models against Surprise; DATA=file takes public ratings
	@python -m tests.bench.bench_train $(if $(DATA),--data $(DATA)) $(ARGS)

bench-lists: $(VENV)/.peers  ## lists beside EASE, ALS; RATINGS=file, SPLIT=global_time, TREND=days
	@python -m tests.bench.bench_lists $(if $(RATINGS),--ratings "$(RATINGS)") \
		$(if $(SPLIT),--split $(SPLIT)) $(if $(TREND),--trend $(TREND)) $(ARGS)

bench-shilling: setup  ## planted attacks: who is found, what they do to lists; DATA=file takes public ratings
	@python -m tests.bench.bench_shilling $(if $(DATA),--data "$(DATA)") $(ARGS)

bench-answer: setup  ## an answer by rating alone and by uptake too; ARGS="--watchers 0 1000000": memory
	@python -m tests.bench.bench_answer $(ARGS)

bench-request: setup  ## a request in the service's process, beside a trivial Flask with the exporter
	@python -m tests.bench.bench_request $(ARGS)

bench-serve: $(VENV)/.peers  ## requests/s beside a trivial Flask; ARGS=--replicas: memory; --workers
	@python -m tests.bench.bench_serve $(ARGS)

bench-night: setup   ## a site's whole night, 85 million lines, at a tenth and in full, stage by stage
	@python -m tests.bench.bench_night $(ARGS)

replay: setup    ## RATINGS=table or LOG=capture, through the real broker to both RMSEs
	@infra/kafka/with-kafka.sh python -m infra.demo.replay \
		$(if $(RATINGS),--ratings "$(RATINGS)") $(if $(LOG),--log "$(LOG)") $(ARGS)

clean:           ## remove the environment and everything the demo made
	@rm -rf $(VENV) .demo .cache
