# SPDX-License-Identifier: GPL-2.0-only
# treewide: `make` builds the driver, `make run` does the main job on a real
# tree, `make check` tests; `make help` lists the rest.

CC      ?= cc
CFLAGS  ?= -O2 -g
PKGS    := glib-2.0 gio-2.0 sqlite3 jansson libxxhash
LLVM    ?= 19
LLVMDIR ?= /usr/lib/llvm-$(LLVM)
PREFIX  ?= /usr/local
O       ?= build

WARN    := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wno-unused-parameter
TW_CFLAGS := -std=gnu11 $(WARN) -D_GNU_SOURCE -Isrc \
	     $(shell pkg-config --cflags $(PKGS)) -I$(LLVMDIR)/include
TW_LIBS := $(shell pkg-config --libs $(PKGS)) -L$(LLVMDIR)/lib -lclang-$(LLVM) \
	   -Wl,-rpath,$(LLVMDIR)/lib
ifdef SANITIZE
SAN     := -fsanitize=address,undefined -fno-omit-frame-pointer -fno-sanitize-recover=all
O       := build-san
endif

MAIN    := src/treewide.c
LIBSRC  := $(filter-out $(MAIN),$(sort $(wildcard src/*.c)))
LIBOBJ  := $(LIBSRC:src/%.c=$(O)/%.o)

all: treewide

treewide: $(O)/treewide
	@ln -sf $(O)/treewide $@

$(O)/treewide: $(O)/treewide.o $(O)/libtreewide.a
	$(CC) $(SAN) $(LDFLAGS) -o $@ $^ $(TW_LIBS)

$(O)/libtreewide.a: $(LIBOBJ)
	@rm -f $@
	ar rcs $@ $^

$(O)/%.o: src/%.c | $(O)
	$(CC) $(TW_CFLAGS) $(CFLAGS) $(SAN) -MMD -MP -c -o $@ $<

$(O) $(O)/unit:
	@mkdir -p $@

# Unit tests: tests/unit/test-*.c, each a cmocka program of its own.
UNIT    := $(patsubst tests/unit/%.c,$(O)/unit/%,$(sort $(wildcard tests/unit/test-*.c)))

$(O)/unit/%: tests/unit/%.c $(O)/libtreewide.a | $(O)/unit
	$(CC) $(TW_CFLAGS) $(CFLAGS) $(SAN) -MMD -MP -o $@ $< $(O)/libtreewide.a $(TW_LIBS) -lcmocka

check-unit: $(UNIT)
	@for t in $(UNIT); do echo "== $$t"; $$t || exit 1; done

clean:
	rm -rf build build-san treewide

.PHONY: all check-unit clean
-include $(wildcard $(O)/*.d $(O)/unit/*.d)
