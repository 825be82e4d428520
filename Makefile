# pm1 - one static binary. `make help` lists the targets.

VERSION  := 0.1.0
DATE     := 2026-11-24
BUILD    ?= build
CC       ?= gcc
PREFIX   ?= /usr/local
DESTDIR  ?=

WARN     := -Wall -Wextra -Wshadow -Wswitch-enum -Wmissing-prototypes -Wstrict-prototypes -Wformat=2 -Wvla
ifdef CI
WARN     += -Werror
endif
CPPFLAGS += -D_GNU_SOURCE -DPM1_VERSION='"$(VERSION)"' -DPM1_DATE='"$(DATE)"' -Iinit -I.
CFLAGS   ?= -Os -g
ALLFLAGS  = -std=gnu11 $(WARN) $(CPPFLAGS) $(CFLAGS) -ffunction-sections -fdata-sections -fstack-protector-strong -MMD -MP
LDSTATIC := -static -Wl,--gc-sections -Wl,-z,relro -Wl,-z,now
STRIP    ?= objcopy --strip-all
LIBS     := -linih -ljansson -lcap -lz

SRC      := $(sort $(shell find init tools -name '*.c'))
OBJ      := $(SRC:%.c=$(BUILD)/obj/%.o)
# Unit tests link everything but main, and the faultable twin of base/sys.c.
UNITOBJ  := $(filter-out $(patsubst %,$(BUILD)/obj/init/%.o,main base/sys base/sys_disk base/sys_net base/sys_trace),$(OBJ))
UNITSRC  := $(sort $(shell find tests 2>/dev/null -name 'test_*.c' -not -path 'tests/live/*' -not -path 'tests/reload/*') $(wildcard tests/fakes/*.c))
UNITTOBJ := $(UNITSRC:%.c=$(BUILD)/obj/%.o)
LIVESRC  := $(filter-out tests/live/prog.c tests/live/deny.c,$(sort $(wildcard tests/live/*.c)))
LIVEOBJ  := $(LIVESRC:%.c=$(BUILD)/obj/%.o)
# The programs under load, and the load, are files of their own there.
RELOADSRC := $(filter-out $(patsubst %,tests/reload/%.c,load tally answer plain),$(sort $(wildcard tests/reload/*.c))) tests/live/live.c tests/live/held.c
RELOADOBJ := $(RELOADSRC:%.c=$(BUILD)/obj/%.o)

.PHONY: all deps test unit live reload container boot example installed demo check-asan lint coverage fuzz bench install clean help
.DEFAULT_GOAL := all

all: $(BUILD)/pm1 ## build the static binary build/pm1

$(BUILD)/pm1: $(OBJ)
	$(CC) $(LDSTATIC) $(LDFLAGS) -o $@.full $^ $(LIBS)
	$(STRIP) $@.full $@
	@printf 'built %s: %s bytes, stripped\n' $@ "$$(stat -c %s $@)"

$(BUILD)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALLFLAGS) -c -o $@ $<

$(BUILD)/test-unit: $(UNITOBJ) $(UNITTOBJ)
	$(CC) $(LDFLAGS) -o $@ $^ $(LIBS) -lcriterion

$(BUILD)/test-live: $(LIVEOBJ)
	$(CC) $(LDFLAGS) -o $@ $^ -ljansson -lcriterion

# Programs that tests start: services of many habits, and the refusal of single system calls.
$(BUILD)/prog: tests/live/prog.c tests/live/script.h tests/live/serve.h tests/live/heldserver.h tests/live/pattern.h
	@mkdir -p $(@D)
	$(CC) -std=gnu11 $(WARN) -D_GNU_SOURCE -O2 -static -o $@ $<

$(BUILD)/deny: tests/live/deny.c
	@mkdir -p $(@D)
	$(CC) -std=gnu11 $(WARN) -D_GNU_SOURCE -O2 -static -o $@ $< -lseccomp

$(BUILD)/test-reload: $(RELOADOBJ)
	$(CC) $(LDFLAGS) -o $@ $^ -ljansson -lcriterion

# What the tests of reloads run: the load, and servers that know nothing of pm1.
$(BUILD)/load: tests/reload/load.c tests/reload/tally.c tests/reload/answer.c tests/reload/tally.h tests/reload/answer.h
	@mkdir -p $(@D)
	$(CC) -std=gnu11 $(WARN) -D_GNU_SOURCE -I. -O2 -static -o $@ $(filter %.c,$^)

$(BUILD)/plain: tests/reload/plain.c
	@mkdir -p $(@D)
	$(CC) -std=gnu11 $(WARN) -D_GNU_SOURCE -O2 -static -o $@ $<

$(BUILD)/go-plain: tests/reload/go/main.go
	@mkdir -p $(@D)
	CGO_ENABLED=0 GOCACHE=$(abspath $(BUILD)/go-cache) GOPROXY=off GOFLAGS=-trimpath go build -ldflags='-s -w' -o $@ $<

SERVERS := $(BUILD)/load $(BUILD)/plain $(BUILD)/go-plain

unit: $(BUILD)/test-unit $(BUILD)/pm1 $(BUILD)/prog ## run the unit tests
	PM1=$(abspath $(BUILD)/pm1) $(BUILD)/test-unit --timeout 120 -j2

live: $(BUILD)/test-live $(BUILD)/pm1 $(BUILD)/prog $(BUILD)/deny ## run pm1 for real, as PID 1 of new namespaces
	PM1=$(abspath $(BUILD)/pm1) PROG=$(abspath $(BUILD)/prog) DENY=$(abspath $(BUILD)/deny) \
		$(BUILD)/test-live --timeout 120 -j4

reload: $(BUILD)/test-reload $(BUILD)/pm1 $(BUILD)/prog $(SERVERS) ## reload, restart and kill servers of all kinds under load
	PM1=$(abspath $(BUILD)/pm1) PROG=$(abspath $(BUILD)/prog) BUILT=$(abspath $(BUILD)) HERE=$(abspath tests/reload) \
		$(BUILD)/test-reload --timeout 120 -j2

container: $(BUILD)/pm1 $(BUILD)/prog $(SERVERS) ## run pm1 in real containers (starts a dockerd of its own)
	tests/container/run.sh

boot: $(BUILD)/pm1 ## boot a real kernel under QEMU with pm1 as its init
	tests/boot/run.sh

example: $(BUILD)/pm1 ## run the example end to end
	tests/example/run.sh

installed: $(BUILD)/pm1 ## install into a folder and look at what came of it
	tests/install/run.sh

# deps is a step of its own make run: what it installs has to be there when the rest is looked at.
test: deps ## run all tests
	$(MAKE) unit
	$(MAKE) live
	$(MAKE) reload
	$(MAKE) installed
	$(MAKE) example
	$(MAKE) container
	$(MAKE) boot

demo: ## install what it needs, build and start the asset-management example
	tests/sh/deps.sh $(DEPS_BUILD) $(DEPS_NODE)
	$(MAKE) all
	examples/asset-management/scripts/demo.sh

# Debian packages, by what needs them.
DEPS_BUILD := gcc make libc6-dev libcap-dev libseccomp-dev libinih-dev libjansson-dev zlib1g-dev
DEPS_TEST  := libcriterion-dev docker.io docker-compose iptables debootstrap qemu-system-x86 e2fsprogs socat busybox-static curl procps \
	      ca-certificates tzdata xz-utils tini dumb-init mandoc golang-go nginx-light python3
DEPS_LINT  := clang clang-tidy cppcheck shellcheck gcovr libclang-rt-14-dev
DEPS_BENCH := tini dumb-init catatonit s6 runit supervisor strace
DEPS_NODE  := $(if $(shell command -v node),,nodejs) $(if $(shell command -v npm),,npm)

deps: ## install the Debian packages that building and testing need
	tests/sh/deps.sh $(DEPS_BUILD) $(DEPS_TEST) $(DEPS_LINT) $(DEPS_NODE)

# What a sanitizer finds in any process goes to a file, not to where its stderr happens to go: one report is a failure.
ASAN_REPORTS = $(abspath $(BUILD))/asan/reports
check-asan: ## build with ASan and UBSan, and run unit and live tests
	rm -rf $(ASAN_REPORTS)
	mkdir -p -m 1777 $(ASAN_REPORTS)
	ASAN_OPTIONS=log_path=$(ASAN_REPORTS)/report:log_exe_name=1 UBSAN_OPTIONS=print_stacktrace=1 \
	$(MAKE) BUILD=$(BUILD)/asan CFLAGS="-O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined" \
		LDSTATIC= STRIP=cp LDFLAGS="-fsanitize=address,undefined" unit live
	@! cat $(ASAN_REPORTS)/report.* 2>/dev/null || { echo "the sanitizers found what stands above (in $(ASAN_REPORTS))"; exit 1; }

lint: ## clang-tidy, cppcheck, shellcheck, and the arrows between the folders
	tests/lint/arrows.sh
	tests/lint/lint.sh $(SRC)

coverage: ## unit and live tests with coverage; the report is in build/coverage
	$(MAKE) BUILD=$(BUILD)/coverage CFLAGS="-O0 -g --coverage" LDFLAGS="--coverage" unit live
	gcovr -r . --object-directory $(BUILD)/coverage --filter init/ --filter tools/ --html-details $(BUILD)/coverage/index.html --print-summary

FUZZ_SECONDS ?= 20
fuzz: ## run each fuzzer for FUZZ_SECONDS (20)
	tests/fuzz/run.sh $(FUZZ_SECONDS) $(BUILD)/fuzz $(filter-out init/main.c,$(SRC))

bench: $(BUILD)/pm1 $(BUILD)/load ## measure pm1 beside its peers; prints ratios of one run
	tests/sh/deps.sh $(DEPS_BENCH)
	for b in tests/bench/*.sh; do [ ! -x $$b ] || $$b $(abspath $(BUILD)/pm1) || exit 1; done

$(BUILD)/pm1.1: $(BUILD)/pm1
	$(BUILD)/pm1 help --man > $@

install: $(BUILD)/pm1 $(BUILD)/pm1.1 ## install pm1 and its man page below DESTDIR and PREFIX
	install -d -m 755 $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/man/man1
	install -m 755 $(BUILD)/pm1 $(DESTDIR)$(PREFIX)/bin/pm1
	install -m 644 $(BUILD)/pm1.1 $(DESTDIR)$(PREFIX)/share/man/man1/pm1.1

clean: ## remove what was built
	rm -rf $(BUILD)

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

-include $(OBJ:.o=.d) $(UNITTOBJ:.o=.d) $(LIVEOBJ:.o=.d) $(RELOADOBJ:.o=.d)
