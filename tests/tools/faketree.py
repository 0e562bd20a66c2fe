# SPDX-License-Identifier: GPL-2.0-only
"""
A kernel tree of a few lines, and two cells of it, for tests of `treewide
check` from end to end: it answers the goals of kbuild that the check uses
(defconfig, olddefconfig, prepare, objects, a dry run of everything) and keeps
the same command files.  Nothing in it is the kernel's.
"""
from __future__ import annotations

import difflib
from pathlib import Path

MAKEFILE = r"""VERSION = 6
PATCHLEVEL = 12
SUBLEVEL = 0
goals := $(or $(MAKECMDGOALS),vmlinux)
ifndef srctree
.PHONY: $(goals)
$(firstword $(goals)):
	@$(MAKE) --no-print-directory -C $(O) -f $(CURDIR)/Makefile srctree=$(CURDIR) $(goals)
$(wordlist 2,999,$(goals)): ; @:
else
-include .config
SRCARCH := x86
CC := $(CROSS_COMPILE)gcc
objs :=
dirs := mm kernel arch/$(SRCARCH)/mm
define read
obj-y :=
obj-m :=
include $(srctree)/$(1)/Makefile
objs += $$(addprefix $(1)/,$$(filter %.o,$$(obj-y) $$(obj-m)))
endef
$(foreach d,$(dirs),$(eval $(call read,$(d))))
c_flags = -Wp,-MMD,$(@D)/.$(@F).d -nostdinc -I$(srctree)/include \
  -I$(srctree)/arch/$(SRCARCH)/include -include include/generated/autoconf.h \
  $(EXTRA) -O2 -Wall -ffreestanding -fno-pic -fcf-protection=none \
  -fno-asynchronous-unwind-tables $(if $(W),-Wextra) -D__KERNEL__
cmd = $(CC) $(c_flags) -c -o $@ $<
vmlinux: $(objs)
modules:
.PHONY: vmlinux modules
defconfig: ; @cp $(srctree)/arch/$(SRCARCH)/configs/$(ARCH) .config
olddefconfig: ; @:
prepare:
	@mkdir -p include/generated
	@sed -n 's/^\(CONFIG_[A-Z0-9_]*\)=y/#define \1 1/p' .config >include/generated/autoconf.h
.PHONY: remind
remind: ; @cat $(srctree)/scripts/reminder 2>/dev/null || :
$(objs): %.o: $(srctree)/%.c | remind
	@mkdir -p $(@D)
	@echo "  CC      $@"
	$(if $(V),,@)$(cmd)
	@printf 'savedcmd_%s := %s\n\nsource_%s := %s\n\ndeps_%s := \\\n' '$@' '$(cmd)' '$@' '$<' '$@' >$(@D)/.$(@F).cmd
	@sed -e 's/^[^ ]*://' -e '/^ *\\$$/d' $(@D)/.$(@F).d >>$(@D)/.$(@F).cmd
	$(if $(filter 1,$(C)),@echo "  CHECK   $<"; $(CHECK) -D__linux__ -Wbitwise $(c_flags) $<,)
endif
"""

FILES = {
    "Makefile": MAKEFILE,
    "Kconfig": "config HUGE\n\tbool\n",
    "scripts/kconfig/keep": "",
    "arch/x86/Makefile": "\n",
    "arch/x86/configs/x86_64": "CONFIG_64BIT=y\nCONFIG_HUGE=y\n",
    "arch/x86/configs/i386": "# CONFIG_64BIT is not set\nCONFIG_HUGE=y\n",
    "arch/x86/include/asm/page.h": """#ifndef ASM_PAGE_H
#define ASM_PAGE_H
#define TABLE_SHIFT	9
#ifdef CONFIG_64BIT
static inline int table_slots(int n)
{
	return n << TABLE_SHIFT;
}
#else
static inline int table_slots(int n)
{
	return n << 10;
}
#endif
#if TABLE_SHIFT > 8
#define table_wide(x)	((x) + 1)
#endif
#endif
""",
    "include/linux/pt.h": """#ifndef LINUX_PT_H
#define LINUX_PT_H
#include <asm/page.h>
#ifdef __CHECKER__
#define __user __attribute__((noderef, address_space(1)))
#else
#define __user
#endif
struct table {
	int count;
};
int table_read(struct table *t);
int table_get(int __user *p, int *q);
#define for_each_slot(i, t) \\
	for ((i) = 0; \\
	     (i) < table_read(t); (i)++)
#define never_used(t)	table_read(t)
#endif
""",
    "mm/Makefile": "obj-y += a.o b.o\nobj-$(CONFIG_NEVER) += never.o\n",
    "mm/a.c": """#include <linux/pt.h>

int total;

int table_sum(struct table *t)
{
	int i, sum = 0;

	for_each_slot(i, t)
		sum += i;
	return table_slots(sum);
}

int table_line(void)
{
	return __LINE__;
}

#ifdef CONFIG_NEVER
int table_never(struct table *t)
{
	return t->count;
}
#endif

#ifndef CONFIG_64BIT
int table_small(struct table *t)
{
	return t->count;
}
#endif
""",
    "mm/b.c": """#include <linux/pt.h>

int table_read(struct table *t)
{
	return t->count;
}

int table_get(int __user *p, int *q)
{
	return p != (int __user *)0 ? *q : 0;
}
""",
    "mm/never.c": "#include <linux/pt.h>\nint never(void) { return 0; }\n",
    "kernel/Makefile": "obj-y += c.o\n",
    "kernel/c.c": """#include <linux/pt.h>

int count_of(struct table *t)
{
	return t->count;
}
""",
    "arch/x86/mm/Makefile": "obj-y += init.o\n",
    "arch/x86/mm/init.c": """#include <asm/page.h>

int slots(void)
{
	return table_slots(3);
}
""",
}

CELL = """# SPDX-License-Identifier: GPL-2.0-only
[cell]
name=x86/{bits}
arch={arch}
srcarch=x86
defconfig=defconfig
make={make}

[build]
cross={cross}
packages=gcc
llvm=
"""


def make_tree(root: Path) -> Path:
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def make_cells(data: Path) -> Path:
    """x86/64 and x86/32, and x86/none, which has no compiler."""
    folder = data / "corpus/cells/x86"
    folder.mkdir(parents=True)
    for bits, arch, make, cross in (
            ("64", "x86_64", "", ""), ("32", "i386", "EXTRA=-m32", ""),
            ("none", "x86_64", "", "no-such-arch-")):
        (folder / f"{bits}.ini").write_text(CELL.format(
            bits=bits, arch=arch, make=make, cross=cross))
    return data


def diff(edits: dict[str, tuple[str, str] | str | None]) -> str:
    """A patch of the tree: for each file an (old, new) replacement, its new
    text, or None where it goes away."""
    out = ""
    for path, edit in edits.items():
        old = FILES.get(path, "")
        if isinstance(edit, tuple):
            assert edit[0] in old, f"{path}: {edit[0]!r} is not in it"
            new = old.replace(*edit)
        else:
            new = edit or ""
        out += "".join(difflib.unified_diff(
            old.splitlines(True), new.splitlines(True),
            f"a/{path}" if path in FILES else "/dev/null",
            f"b/{path}" if edit is not None else "/dev/null"))
    return out
