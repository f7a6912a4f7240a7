# Every target says what it installs. `make help` lists them.
.DEFAULT_GOAL := help
.PHONY: help toolchain run demo web test test-helm image test-image check bench bench-wire fuzz crash chaos e2e train eval

help: ## Lists the targets
	@grep -E '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "make %-10s %s\n", $$1, $$2 }'

toolchain:
	@command -v cargo >/dev/null || { echo 'Rust is missing: install rustup, which fetches the version in rust-toolchain.toml' >&2; exit 1; }
	@command -v cc >/dev/null || { echo 'A C compiler is missing: apt-get install gcc libc6-dev, or its equivalent' >&2; exit 1; }

run: toolchain ## Builds and starts the proxy on 127.0.0.1:8080 (needs Rust and a C compiler; installs nothing)
	cargo run --locked --release -p llmtrace-server --bin llmtrace-proxy

demo: toolchain ## Fake provider, proxy and some load; no API key needed (DEMO_ARGS=--exit ends after the load)
	cargo run --locked --release -p llmtrace-server --bin llmtrace-proxy -- demo $(DEMO_ARGS)

web: ## Builds the dashboard into web/dist, which the next build of the proxy embeds (Node comes into .venv; needs Python 3)
	@scripts/web.sh

test: ## Installs what the tests need into .venv and e2e/node (Debian packages: gcc, curl, python3-venv, chromium, postgresql, redis-server; two ClickHouse engines, 1.5 GB, into .venv-clickhouse*) and runs them all
	@scripts/test.sh

test-helm: ## Every test of the Helm chart, with both Helms, the schemas of four Kubernetes versions and two scanners (into .venv-helm*)
	@scripts/helm.sh

image: ## Builds the image llmtrace-proxy:VERSION (needs docker, podman or buildah)
	@scripts/image.sh

test-image: ## Builds the image on stand-ins for its base images and runs it and the chart's pod against real stores (needs root; Debian packages: buildah, podman, runc, debootstrap; 5 GB below target/image, `scripts/image.sh clean` removes them)
	@scripts/image.sh test

check: ## Format, clippy, documentation, dependencies, architecture
	@scripts/check.sh

bench: ## One table against nginx and bare hyper (without nginx: unpacks its package under target/); BENCH_ARGS=--quick for a smoke run
	@scripts/bench.sh $(BENCH_ARGS)

bench-wire: ## What reading costs in every wire format, compared to OpenAI chat (counts instructions where valgrind is installed)
	@scripts/bench-wire.sh

fuzz: ## Every fuzz target for FUZZ_SECONDS=60 (installs cargo-fuzz)
	@scripts/fuzz.sh

e2e: ## Clients of every format, and REPLAY_EXCHANGES=10000 exchanges against the provider's bill (installs their packages into .venv)
	@scripts/e2e.sh

chaos: ## Processes, stores and disks fail under load for CHAOS_SECONDS=60 each, and nothing may be lost; CHAOS_ARGS names a profile or cases
	@scripts/chaos.sh $(CHAOS_ARGS)

crash: ## kill -9 under load, KILLS=20 times, and what was lost
	@scripts/crash.sh

train: ## Trains the weights of detection on DATA=FOLDER (installs numpy and scipy into .venv-train; some ten minutes, one thread)
	@scripts/train.sh "$(DATA)"

eval: ## Recall and false positives of detection per source on DATA=FOLDER, at the shipped thresholds
	@scripts/eval.sh "$(DATA)"
