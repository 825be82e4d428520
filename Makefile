# pm1 - one static binary. `make help` lists the targets.

VERSION  := 0.1.0
BUILD    ?= build
CC       ?= gcc
PREFIX   ?= /usr/local
DESTDIR  ?=

WARN     := -Wall -Wextra -Wshadow -Wswitch-enum -Wmissing-prototypes -Wstrict-prototypes -Wformat=2 -Wvla
ifdef CI
WARN     += -Werror
endif
CPPFLAGS += -D_GNU_SOURCE -DPM1_VERSION='"$(VERSION)"' -Iinit -I.
CFLAGS   ?= -Os -g
ALLFLAGS  = -std=gnu11 $(WARN) $(CPPFLAGS) $(CFLAGS) -ffunction-sections -fdata-sections -fstack-protector-strong -MMD -MP
LDSTATIC := -static -Wl,--gc-sections -Wl,-z,relro -Wl,-z,now
LIBS     := -linih -ljansson -lcap

SRC      := $(sort $(shell find init tools -name '*.c'))
OBJ      := $(SRC:%.c=$(BUILD)/obj/%.o)
# Unit tests link everything but main, and the faultable twin of base/sys.c.
UNITOBJ  := $(filter-out $(BUILD)/obj/init/main.o $(BUILD)/obj/init/base/sys.o,$(OBJ))
UNITSRC  := $(sort $(shell find tests -name 'test_*.c' -not -path 'tests/live/*') $(wildcard tests/fakes/*.c))
UNITTOBJ := $(UNITSRC:%.c=$(BUILD)/obj/%.o)
LIVESRC  := $(sort $(wildcard tests/live/*.c))
LIVEOBJ  := $(LIVESRC:%.c=$(BUILD)/obj/%.o)

.PHONY: all test unit live clean help
.DEFAULT_GOAL := all

all: $(BUILD)/pm1 ## build the static binary build/pm1

$(BUILD)/pm1: $(OBJ)
	$(CC) $(LDSTATIC) $(LDFLAGS) -o $@.full $^ $(LIBS)
	strip -o $@ $@.full
	@printf 'built %s: %s bytes, stripped\n' $@ "$$(stat -c %s $@)"

$(BUILD)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALLFLAGS) -c -o $@ $<

$(BUILD)/test-unit: $(UNITOBJ) $(UNITTOBJ)
	$(CC) $(LDFLAGS) -o $@ $^ $(LIBS) -lcriterion

$(BUILD)/test-live: $(LIVEOBJ)
	$(CC) $(LDFLAGS) -o $@ $^ -ljansson -lcriterion

unit: $(BUILD)/test-unit ## run the unit tests
	$(BUILD)/test-unit --timeout 60

live: $(BUILD)/test-live $(BUILD)/pm1 ## run pm1 for real, as PID 1 of new namespaces
	PM1=$(abspath $(BUILD)/pm1) $(BUILD)/test-live --timeout 120 -j2

test: unit live ## run all tests

clean: ## remove what was built
	rm -rf $(BUILD)

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

-include $(OBJ:.o=.d) $(UNITTOBJ:.o=.d) $(LIVEOBJ:.o=.d)
