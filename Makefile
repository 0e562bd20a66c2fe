# SPDX-License-Identifier: GPL-2.0-only
# treewide: `make` builds the driver, `make run` does the main job on a real
# tree, `make check` tests; `make help` lists the rest.

CC      ?= cc
CFLAGS  ?= -O2 -g
PKGS    := glib-2.0 gio-2.0 gmime-3.0 sqlite3 jansson libxxhash libhs
LLVM    ?= 19
LLVMDIR ?= /usr/lib/llvm-$(LLVM)
PREFIX  ?= /usr/local
O       ?= build

WARN    := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wno-unused-parameter
# Asked when first used, since `make run` installs pkg-config itself.
TW_CFLAGS = $(eval TW_CFLAGS := -std=gnu11 $(WARN) -D_GNU_SOURCE -Isrc \
	    $(shell pkg-config --cflags $(PKGS)) -I$(LLVMDIR)/include)$(TW_CFLAGS)
TW_LIBS = $(eval TW_LIBS := $(shell pkg-config --libs $(PKGS)) \
	  -L$(LLVMDIR)/lib -lclang-$(LLVM) -Wl,-rpath,$(LLVMDIR)/lib)$(TW_LIBS)
ifdef SANITIZE
SAN     := -fsanitize=address,undefined -fno-omit-frame-pointer -fno-sanitize-recover=all
O       := build-san
endif

MAIN    := src/cmd/treewide.c
LIBSRC  := $(filter-out $(MAIN),$(sort $(shell find src -name '*.c')))
LIBOBJ  := $(LIBSRC:src/%.c=$(O)/%.o)

all: treewide

treewide: $(O)/treewide
	@ln -sf $(O)/treewide $@

$(O)/treewide: $(O)/cmd/treewide.o $(O)/libtreewide.a
	$(CC) $(SAN) $(LDFLAGS) -o $@ $^ $(TW_LIBS)

$(O)/libtreewide.a: $(LIBOBJ)
	@rm -f $@
	ar rcs $@ $^

$(O)/%.o: src/%.c
	@mkdir -p $(@D)
	$(CC) $(TW_CFLAGS) $(CFLAGS) $(SAN) -MMD -MP -c -o $@ $<

$(O)/unit:
	@mkdir -p $@

# Unit tests: tests/unit/test-*.c, each a cmocka program of its own.
UNIT    := $(patsubst tests/unit/%.c,$(O)/unit/%,$(sort $(wildcard tests/unit/test-*.c)))

$(O)/unit/%: tests/unit/%.c $(O)/libtreewide.a | $(O)/unit
	$(CC) $(TW_CFLAGS) $(CFLAGS) $(SAN) -MMD -MP -o $@ $< $(O)/libtreewide.a $(TW_LIBS) -lcmocka

# Tests.  Each part prints its count; tests/summary adds them up.  check-san is
# the unit, command-line and lint tests on a build of its own with sanitizers.
TREEWIDE ?= $(O)/treewide

check:
	@tools/setup --for check
	@$(MAKE) --no-print-directory check-all

check-all:
	@MAKE='$(MAKE)' tests/summary unit layers types cocci mini smpl cli lint \
		fuzz tools report series texts tutorial accessors san real

check-unit: $(UNIT)
	@tests/unit/run $(UNIT)

check-layers: $(TREEWIDE)
	@O='$(abspath $(O))' CC='$(CC)' tests/layers/run
	@tests/layers/python

# All Python, strict.
check-types:
	@O='$(abspath $(O))' tests/types/run

check-cocci:
	@tests/cocci/run
	@tests/cocci/run --self-test

check-mini: $(TREEWIDE)
	@TREEWIDE='$(abspath $(TREEWIDE))' tests/mini/run
	@TREEWIDE='$(abspath $(TREEWIDE))' tests/mini/leaf-entry
	@TREEWIDE='$(abspath $(TREEWIDE))' tests/mini/leaf-helpers
	@TREEWIDE='$(abspath $(TREEWIDE))' tests/mini/renamed

check-smpl: $(TREEWIDE)
	@TREEWIDE='$(abspath $(TREEWIDE))' tests/smpl/run

check-cli: $(TREEWIDE)
	@TREEWIDE='$(TREEWIDE)' tests/cli/run

check-lint: $(TREEWIDE)
	@TREEWIDE='$(abspath $(TREEWIDE))' tests/lint/run $(LINT_ARGS)

# SECONDS=: how long; CORPUS=: a folder that keeps what it finds.
check-fuzz:
	@tests/fuzz/run $(or $(SECONDS),60)

check-tools:
	@tests/tools/run

check-report: $(TREEWIDE)
	@TREEWIDE='$(abspath $(TREEWIDE))' tests/report/run

check-series: $(TREEWIDE)
	@TREEWIDE='$(abspath $(TREEWIDE))' tests/series/run

check-texts: $(TREEWIDE)
	@TREEWIDE='$(abspath $(TREEWIDE))' tests/texts/run

check-tutorial: $(TREEWIDE)
	@TREEWIDE='$(abspath $(TREEWIDE))' tests/tutorial/run

# A kernel before and after CONVERSIONS, booted in qemu; no part of check, since
# it builds two kernels.  MISTAKES=1: also kernels that are broken on purpose.
behaviour:
	@tools/setup --for behaviour
	@$(MAKE) --no-print-directory all
	@TREEWIDE='$(abspath $(TREEWIDE))' tests/behaviour/run --tree '$(TREE)' \
		--conversions '$(or $(CONVERSIONS),leaf-entry)' \
		$(if $(MISTAKES),--mistakes) $(if $(J),-j '$(J)')

check-accessors: $(TREEWIDE)
	@TREEWIDE='$(abspath $(TREEWIDE))' tests/accessors/run

# A command that ends leaves its memory to the system, so only the unit tests
# look for leaks.
check-san:
	@r=0; \
	$(MAKE) --no-print-directory SANITIZE=1 O='$(O)-san' check-unit || r=1; \
	ASAN_OPTIONS=detect_leaks=0 $(MAKE) --no-print-directory SANITIZE=1 \
		O='$(O)-san' TREEWIDE='$(O)-san/treewide' LINT_ARGS=--quick \
		check-cli check-lint || r=1; \
	exit $$r

check-real: $(TREEWIDE)
	@r=0; TREEWIDE='$(abspath $(TREEWIDE))' tests/real/run || r=1; \
	TREEWIDE='$(abspath $(TREEWIDE))' tests/real/run --conversion leaf-entry || r=1; \
	TREEWIDE='$(abspath $(TREEWIDE))' tests/real/run --conversion leaf-helpers --brief || r=1; \
	TREEWIDE='$(abspath $(TREEWIDE))' tests/real/check || r=1; exit $$r

# How fast, as ratios; on an idle machine.  BENCH='--only scan' for the half
# that takes a minute.
bench: $(TREEWIDE)
	@r=0; TREEWIDE='$(abspath $(TREEWIDE))' tests/bench/run $(BENCH) \
		--tree "$$(tools/treewide-tree get '$(TREE)')" \
		--json '$(O)/bench.json' || r=1; \
	$(if $(BENCH),,$(MAKE) --no-print-directory bench-lint || r=1;) exit $$r

# PATCH is what is checked, in CELLS; the tree as for bench.
bench-check: $(TREEWIDE)
	@tests/bench/check --tree "$$(tools/treewide-tree get '$(TREE)')" \
		--patch '$(PATCH)' $(if $(CELLS),--cells '$(CELLS)')

# OTHER: the patch is what differs there; without it, changes are made up.
bench-lint: $(TREEWIDE)
	@TREEWIDE='$(abspath $(TREEWIDE))' tests/lint/bench \
		"$$(tools/treewide-tree get '$(TREE)')" \
		$(if $(OTHER),"$$(tools/treewide-tree get '$(OTHER)')")

clean:
	rm -rf build build-san treewide

# The main job.  Each step is a make of its own: the first installs what the
# next needs.
TREE    ?= 6.12
J       ?=

run:
	@tools/setup --for run
	@$(MAKE) --no-print-directory all
	@tools/treewide-run --tree '$(TREE)' $(if $(J),-j '$(J)')

setup:
	@tools/setup --for run

setup-check:
	@tools/setup --for check

# Compilers that Debian has not, for cells that name one; no part of `make run`.
toolchains:
	@tools/setup --for toolchains
	@tools/treewide-toolchains $(if $(J),-j '$(J)')

# The driver finds the rest from its own place: PREFIX/bin/../libexec, share.
LIBEXEC := $(DESTDIR)$(PREFIX)/libexec/treewide
SHARE   := $(DESTDIR)$(PREFIX)/share/treewide
DOC     := $(DESTDIR)$(PREFIX)/share/doc/treewide

# Man pages and completions are made of what --help says.
texts: all
	@docs/man/mkman --driver $(O)/treewide -o '$(O)/texts' || \
		{ echo "no man pages: 'make setup' installs what the commands need" >&2; exit 1; }

install: texts
	install -d '$(DESTDIR)$(PREFIX)/bin' '$(LIBEXEC)' '$(SHARE)' '$(DOC)'
	install -m 755 $(O)/treewide '$(DESTDIR)$(PREFIX)/bin/treewide'
	@set -e; for f in tools/*; do if [ -f "$$f" ]; then \
		install -m 755 "$$f" '$(LIBEXEC)/'; fi; done
	@set -e; find tools/twlib tools/page -name __pycache__ -prune -o -type f -print | \
		while IFS= read -r f; do \
		install -D -m 644 "$$f" '$(LIBEXEC)/'"$${f#tools/}"; done
	@set -e; find cocci corpus -type f | while IFS= read -r f; do \
		install -D -m 644 "$$f" '$(SHARE)/'"$$f"; done
	@set -e; for f in COPYING README* docs/*; do \
		if [ -f "$$f" ]; then install -m 644 "$$f" '$(DOC)/'; fi; done
	install -d '$(DESTDIR)$(PREFIX)/share/man/man1'
	install -m 644 $(O)/texts/man1/*.1 '$(DESTDIR)$(PREFIX)/share/man/man1/'
	install -D -m 644 $(O)/texts/bash/treewide \
		'$(DESTDIR)$(PREFIX)/share/bash-completion/completions/treewide'
	install -D -m 644 $(O)/texts/zsh/_treewide \
		'$(DESTDIR)$(PREFIX)/share/zsh/site-functions/_treewide'

help:
	@printf '%s\n' \
	'make               build the driver, ./treewide' \
	'make run           the main job: Linux 6.12, scan, convert, cross-build' \
	'  TREE=7.2         another version, or TREE=/path/to/linux, a tree of yours' \
	'  J=N              use N processors' \
	'make setup         only install what the main job needs (Debian)' \
	'make toolchains    build the compilers of csky, microblaze and nios2, which' \
	'                   Debian has not, into the cache (half an hour)' \
	'make check         all tests; installs what they need (Debian)' \
	'make check-unit    unit tests of the C modules' \
	'make check-layers  includes, imports and sizes of src/ and tools/ against the layout' \
	'make check-types   mypy, strict, over all Python' \
	'make check-cocci   golden tests of the semantic patches' \
	'make check-mini    the miniature tree, converted and built in its cells' \
	'make check-cli     errors and exit statuses of the driver' \
	'make check-lint    planted cases, formats and safety of lint' \
	'make check-fuzz    readers of patches and mail, a minute of libFuzzer; SECONDS=N' \
	'make check-tools   tests of the programs around builds' \
	'make check-report  pages of runs, in headless Chromium too' \
	'make check-series  a series of the miniature tree, every prefix built' \
	'make check-texts   man pages, completions, diagnostics against the source' \
	'make check-tutorial  docs/tutorial-new-conversion.md, step by step' \
	'make check-accessors  the audit of accessors, every kind of answer' \
	'make check-san     unit, command-line and lint tests with sanitizers' \
	'make check-real    Linux 6.12 converted and cross-built in three cells' \
	'make behaviour     Linux before and after leaf-entry, booted in qemu' \
	'  CONVERSIONS=LIST TREE=7.2 J=N; MISTAKES=1: with mistakes made on purpose' \
	'make bench         how fast, against ripgrep and spatch (BENCH=--only=scan)' \
	'make bench-check   how long a check takes (PATCH=FILE CELLS=LIST)' \
	'make bench-lint    lint against checkpatch.pl and spatch' \
	'make texts         man pages and completions, in build/texts' \
	'make install       into PREFIX (/usr/local), below DESTDIR' \
	'make clean         remove what was built'

.PHONY: all behaviour bench bench-check bench-lint check check-accessors \
	check-all check-cli check-cocci check-fuzz check-layers check-lint \
	check-mini check-real check-report check-san check-series check-texts \
	check-tools check-tutorial check-types check-unit clean help \
	install run setup setup-check texts toolchains
-include $(LIBOBJ:.o=.d) $(O)/cmd/treewide.d $(wildcard $(O)/unit/*.d)
