# A thin door: meson builds, node drives the tests. `make help` says what there is.
BUILD  ?= build
PREFIX ?= /usr/local
LISTEN ?= 127.0.0.1:8065
DATA   ?= ./var
# What is missing is installed first (Debian packages, npm ci). SETUP=: leaves that out.
SETUP  ?= tools/setup.sh
FUZZ_SECONDS ?= 60
# true: a warning is an error (.ci/run). Of a build folder that is made, not of one that is there.
WERROR ?= false

NINJA = nice ninja -C
WEB   = $(shell find web -name node_modules -prune -o -path web/dist -prune -o -type f -print 2>/dev/null)

.PHONY: all help setup run test check asan fuzz bench docs install layers format clean
.DEFAULT_GOAL = all

all: setup web/dist/.built $(BUILD)/build.ninja ## build/opsroomd and build/opsroom, a release build
	$(NINJA) $(BUILD) opsroomd opsroom

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 20

setup:
	@$(SETUP) run

# The console is bundled first: its files stand inside opsroomd.
web/dist/.built: $(WEB) | setup
	@if [ -f web/build.mjs ]; then node web/build.mjs; else mkdir -p web/dist; fi
	@touch $@

$(BUILD)/build.ninja: | setup web/dist/.built
	meson setup $(BUILD) --prefix=$(PREFIX) --buildtype=release -Dwerror=$(WERROR)

run: all ## build, start on LISTEN=127.0.0.1:8065 with DATA=./var
	@printf '\nA short story with real alerts, in a second terminal:  %s/opsroom --data %s demo\n\n' '$(BUILD)' '$(DATA)'
	@exec $(BUILD)/opsroomd --data $(DATA) --listen $(LISTEN)

test: ## everything: unit, fuzz corpora, scenarios, CLI, SDKs, browser
	@$(SETUP) test
	@$(MAKE) --no-print-directory all SETUP=:
	@node tools/test.mjs --build $(BUILD)

check: ## the quick part: layers, unit, fuzz corpora
	@$(SETUP) test
	@$(MAKE) --no-print-directory all SETUP=:
	@node tools/test.mjs --build $(BUILD) layers unit fuzz

asan: ## the quick part again, with address and undefined-behaviour sanitizers and -Werror
	@$(SETUP) test
	@[ -f build-asan/build.ninja ] || meson setup build-asan --buildtype=debugoptimized -Db_sanitize=address,undefined -Dwerror=true
	$(NINJA) build-asan
	@node tools/test.mjs --build build-asan unit fuzz

fuzz: ## each fuzz target for FUZZ_SECONDS=60
	@$(SETUP) test
	@tools/fuzz.sh $(FUZZ_SECONDS)

bench: all ## the measurements of tests/bench
	@$(SETUP) bench
	@node tests/bench/run.mjs

docs: all ## print the manual pages from the tables in the programs
	@tools/docs.sh $(BUILD)

install: ## into DESTDIR/PREFIX; build as yourself first
	@[ -f $(BUILD)/opsroomd ] || $(MAKE) --no-print-directory all
	@meson configure $(BUILD) -Dprefix=$(PREFIX)
	@ninja -C $(BUILD) build.ninja >/dev/null
	DESTDIR=$(DESTDIR) meson install --no-rebuild -C $(BUILD)

layers: ## does every room include only what it may?
	@tools/layers.sh

format: ## clang-format over src/ and tests/
	@find src tests -name node_modules -prune -o -name '*.[ch]' -print | xargs clang-format -i

clean: ## remove what was built; the data of make run stays
	rm -rf $(BUILD) build-asan build-fuzz web/dist
