# What can be done with this checkout; `make help` lists it.
.POSIX:
.NOTPARALLEL:
.PHONY: help build run console demo pictures test test-rust test-sdk test-console test-demo packages fuzz lint fmt-check clippy doc lint-console fmt bench bench-scale bench-cluster bench-console bench-micro soak storm cluster clean

SDK = crates/gateway/tests/sdk
CONSOLE = $(shell find web/src web/build web/public web/index.html web/vite.config.ts -type f)
PYTHON = .venv/bin/python
# For each target of `make fuzz` and each outage of `make cluster`.
SECONDS = 60

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' Makefile

build: console ## build the release binary target/release/gpt-load, with the console in it
	cargo build --locked --release -p gateway

run: build ## build and run the server: data in ./data, settings from ./.env if there is one
	target/release/gpt-load

console: web/dist/index.html ## build the console into web/dist

demo: ## show, without any account, how good and bad keys are treated
	cargo build --locked -p gateway -p testkit
	@node scripts/demo.mjs debug

pictures: console ## take the pictures of the console in docs/console
	scripts/need chromium='command -v chromium' sqlite3='command -v sqlite3'
	cargo build --locked -p gateway -p testkit
	node scripts/pictures.mjs debug

test: packages lint test-rust test-demo test-sdk test-console ## install what tests need, then run every check and test

# Flows wait more than they work.
test-rust: export RUST_TEST_THREADS = $(shell expr 2 '*' $$(nproc))
test-rust: packages ## unit and flow tests; those that touch a database on each of the three
	cargo test --locked --workspace
	TEST_DATABASE=postgres cargo test --locked --workspace --test it
	TEST_DATABASE=mariadb cargo test --locked --workspace --test it

test-sdk: packages test-programs .venv/installed $(SDK)/node_modules/.package-lock.json ## the providers' own SDKs, and the admin API against its description
	node $(SDK)/run.mjs $(PYTHON) debug

test-console: web/dist/index.html test-programs ## the console: types, units, and played through in a browser
	scripts/need chromium='command -v chromium' curl='command -v curl'
	cd web && npm run api:check && npm test && npm run e2e

test-demo: test-programs ## the demo, as a test
	node scripts/demo.mjs debug

fuzz: ## libFuzzer, a minute for each target; SECONDS=600 TARGETS="json sse" and the like
	scripts/need g++='command -v c++' libc6-dev='test -e /usr/include/stdlib.h || ! command -v dpkg'
	scripts/fuzz $(SECONDS) $(TARGETS)

lint: fmt-check clippy doc lint-console ## formatting, clippy, doc warnings, types and ESLint of the console

fmt-check:
	cargo fmt --all --check

clippy:
	cargo clippy --locked --workspace --all-targets -- -D warnings

doc:
	RUSTDOCFLAGS=-Dwarnings cargo doc --locked --no-deps --workspace

lint-console: web/node_modules/.package-lock.json
	cd web && npm run lint

fmt: ## format the Rust code
	cargo fmt --all

bench: build ## cost beside nginx and HAProxy, some 6 minutes; ARGS="--only streams --rounds 9" and the like
	scripts/need nginx='command -v nginx' haproxy='command -v haproxy' util-linux='command -v taskset'
	cargo build --locked --release -p testkit
	node bench/run.mjs $(ARGS)

bench-scale: build ## a million keys and a thousand clients, some 3 minutes, and ten million rows in the log, some 20; ARGS="--only keys --encrypted" and the like
	scripts/need sqlite3='command -v sqlite3'
	cargo build --locked --release -p testkit
	node bench/scale.mjs $(ARGS)

bench-cluster: build ## two nodes on one PostgreSQL and one Redis against one; ARGS="--rounds 9" and the like
	scripts/need util-linux='command -v taskset' redis-server='command -v redis-server && command -v redis-cli' \
		postgresql='command -v initdb || ls /usr/lib/postgresql/*/bin/initdb'
	cargo build --locked --release -p testkit
	node bench/cluster.mjs $(ARGS)

bench-console: build ## what the console loads, how soon its pages are painted, how its tables scroll; 2 minutes
	scripts/need chromium='command -v chromium'
	cargo build --locked --release -p testkit
	node bench/console.mjs release

bench-micro: ## key pick, JSON scan and edit, event scan, classifier, by themselves; ARGS=pick and the like
	cargo bench --locked -p domain -p gateway --bench pick --bench ring --bench bodies --bench answers -- $(ARGS)

soak: packages ## everything at once for MINUTES=10: clients of all sorts, a busy operator; the books must agree
	SOAK_MINUTES=$${MINUTES:-10} cargo test --locked --release -p gateway --test soak -- --nocapture

storm: packages ## what storms of failures cost, measured for some minutes: attempts, keys lost, time to recover
	cargo test --locked --release -p gateway --test storm -- --ignored --nocapture

cluster: packages ## three nodes under load, and what they share away for SECONDS=60: tells how soon they agree, some 20 minutes
	TEST_DATABASE=postgres CLUSTER_OUTAGE_SECONDS=$(SECONDS) cargo test --locked --workspace --test it -- cluster:: --include-ignored --nocapture
	TEST_DATABASE=mariadb CLUSTER_OUTAGE_SECONDS=$(SECONDS) cargo test --locked --workspace --test it -- cluster:: --include-ignored --nocapture

clean: ## remove what was built and installed here; ./data stays
	cargo clean
	rm -rf .venv $(SDK)/node_modules web/node_modules web/dist/assets web/dist/index.html*

# The same artifacts as test-rust has built: a plain `cargo build` would choose other features of shared dependencies.
test-programs:
	cargo test --locked --workspace --no-run

packages:
	scripts/need gcc='command -v cc' libc6-dev='test -e /usr/include/stdlib.h || ! command -v dpkg' \
		python3-venv='python3 -c "import ensurepip"' procps='test -x /bin/kill' tinyproxy='command -v tinyproxy' \
		faketime='command -v faketime' util-linux='command -v prlimit && command -v unshare && command -v setpriv' \
		postgresql='command -v initdb || ls /usr/lib/postgresql/*/bin/initdb' eatmydata='command -v eatmydata' \
		prometheus='command -v promtool' haproxy='command -v haproxy' systemd='command -v systemd-analyze' wget='command -v wget' \
		mariadb-server='command -v mariadbd && command -v mariadb-install-db && command -v mariadb' \
		redis-server='command -v redis-server && command -v redis-cli'

.venv/installed: $(SDK)/requirements.txt
	python3 -m venv .venv
	$(PYTHON) -m pip install --quiet --disable-pip-version-check -r $(SDK)/requirements.txt
	touch $@

$(SDK)/node_modules/.package-lock.json: $(SDK)/package-lock.json
	cd $(SDK) && npm ci
	touch $@

web/node_modules/.package-lock.json: web/package-lock.json
	cd web && npm ci
	touch $@

web/dist/index.html: web/node_modules/.package-lock.json $(CONSOLE)
	cd web && npm run build
