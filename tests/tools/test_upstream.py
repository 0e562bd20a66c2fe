# SPDX-License-Identifier: GPL-2.0-only
"""tests/real/upstream on small trees: which lines stand in the newer one."""
from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

REAL = Path(__file__).resolve().parents[1] / "real"
sys.path.insert(0, str(REAL))

from answerkey import align, ctext  # noqa: E402

OLD = """\
/* stop() is what ends it. */
static int first(struct a *a)
{
	if (a->on)
		stop(&a->timer);
	return 0;
}

static void second(struct a *a)
{
	stop(&a->timer);
	a->n = 1;
}

static void third(struct a *a)
{
	stop(&a->timer);
}

static void fourth(struct a *a)
{
	stop(&a->timer);
}
"""
NEW = OLD.replace("stop(", "timer_stop(")


def write(root: Path, files: dict[str, str]) -> Path:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    root.mkdir(exist_ok=True)
    return root


def run(*argv: object) -> tuple[int, str, str]:
    p = subprocess.run([str(REAL / "upstream"), "-j1", *map(str, argv)],
                       stdin=subprocess.DEVNULL, capture_output=True, text=True)
    return p.returncode, p.stdout, p.stderr


def compare(tmp: Path, old: dict[str, str], new: dict[str, str],
            key: dict[str, str], *options: str) -> Any:
    status, out, err = run(write(tmp / "old", old), write(tmp / "new", new),
                           write(tmp / "key", key), "--format", "json",
                           "--all", *options)
    assert (status, err) == (0, "")
    return json.loads(out)


def verdicts(report: Any) -> list[tuple[int, str]]:
    return [(x["number"], x["verdict"]) for x in report["files"][0]["lines"]]


def test_all_stand(tmp_path: Path) -> None:
    """White space within a line makes no difference."""
    key = NEW.replace("stop(&a->timer);\n\ta", "stop( &a->timer );\n a")
    r = compare(tmp_path, {"a.c": OLD}, {"a.c": NEW}, {"a.c": key})
    assert verdicts(r) == [(1, "stands"), (5, "stands"), (11, "stands"),
                           (17, "stands"), (22, "stands")]
    assert r["judged"]["lines"] == r["judged"]["stand"] == 5
    assert r["functions"]["same"] == 4
    assert r["places"]["comment"]["stand"] == 1
    assert r["removed"] == {"lines": 5, "gone_in_newer": 5}
    assert r["missed"] == 0


def test_fates(tmp_path: Path) -> None:
    """Kept, another, changed otherwise, gone: each function by itself."""
    first, second, third, fourth = NEW.split("static ")[1:]
    key = "static ".join([
        NEW.split("static ")[0],
        first.replace("timer_stop(", "timer_shutdown("),
        second.replace("timer_stop(", "stop("),
        third.replace("timer_stop", "init(a);\n\ttimer_stop").replace(
            "timer);", "timer, 1);")])
    r = compare(tmp_path, {"a.c": OLD}, {"a.c": NEW}, {"a.c": key})
    lines = r["files"][0]["lines"]
    assert verdicts(r) == [(1, "stands"), (5, "other"), (11, "upstream-kept"),
                           (17, "other"), (22, "gone")]
    assert lines[1]["instead"] == ["\t\ttimer_shutdown(&a->timer);"]
    assert lines[1]["was"] == ["\t\tstop(&a->timer);"]
    assert [x["item_state"] for x in lines[1:]] \
        == ["only-this", "only-this", "otherwise", "gone"]
    only = r["functions_not_otherwise_changed"]
    assert (only["lines"], only["stand"]) == (2, 0)
    assert r["functions"] == {"changed": 4, "same": 0, "only-this": 2,
                              "otherwise": 1, "gone": 1}


def test_each_line_answers_once(tmp_path: Path) -> None:
    """Three lines alike, of which the newer file has two."""
    old = "int f(void)\n{\n" + 3 * "\told(one, two);\n" + "}\n"
    new = old.replace("old", "young")
    r = compare(tmp_path, {"a.c": old}, {"a.c": new},
                {"a.c": new.replace("\tyoung(one, two);\n", "", 1)})
    assert (r["judged"]["lines"], r["judged"]["stand"]) == (3, 2)


def test_part_of_a_line(tmp_path: Path) -> None:
    """A line is not there because a longer one has it in it."""
    old = "int f(void)\n{\n\told(one, two);\n}\n"
    new = old.replace("old", "young")
    r = compare(tmp_path, {"a.c": old}, {"a.c": new},
                {"a.c": new.replace("young", "(void)young")})
    assert verdicts(r) == [(3, "other")]
    assert r["files"][0]["lines"][0]["item_state"] == "otherwise"


def test_other_line_ends(tmp_path: Path) -> None:
    old = "int f(void)\n{\n\tx = old(alpha,\n\t\tbeta);\n}\n"
    new = old.replace("old", "young")
    key = "int f(void)\n{\n\tx = young(alpha, beta);\n}\n"
    r = compare(tmp_path, {"a.c": old}, {"a.c": new}, {"a.c": key})
    assert verdicts(r) == [(3, "wrapped")]
    assert r["functions_not_otherwise_changed"]["stand"] == 1


def test_moved_function(tmp_path: Path) -> None:
    """A function at another place of the file is the same function."""
    parts = NEW.split("static ")
    key = "static ".join([parts[0], parts[4], parts[2], parts[3], parts[1]])
    r = compare(tmp_path, {"a.c": OLD}, {"a.c": NEW}, {"a.c": key})
    assert r["judged"]["stand"] == 5
    assert r["functions"]["same"] == 4


def test_missed(tmp_path: Path) -> None:
    """Upstream did what the conversion did in other functions only."""
    new = NEW.replace("timer_stop(&a->timer);\n\ta->n",
                      "stop(&a->timer);\n\ta->n")
    r = compare(tmp_path, {"a.c": OLD}, {"a.c": new}, {"a.c": NEW})
    assert r["missed"] == 1
    assert r["files"][0]["missed"] == [{
        "kind": "function", "name": "second", "missed": ["stop -> timer_stop"]}]
    # Another replacement of the same token is upstream's own business.
    r = compare(tmp_path, {"a.c": OLD}, {"a.c": new},
                {"a.c": NEW.replace("timer_stop(&a->timer);\n\ta->n",
                                    "halt(&a->timer);\n\ta->n")})
    assert r["missed"] == 0


def test_moved_and_gone_files(tmp_path: Path) -> None:
    old = {"drivers/staging/x/a.c": OLD, "drivers/b.c": OLD + "int b;\n",
           "net/dccp/timer.c": OLD}
    new = {p: t.replace("stop(", "timer_stop(") for p, t in old.items()}
    key = {"drivers/media/x/a.c": NEW + "int more;\n",
           "drivers/sub/beta.c": NEW + "int b;\n",
           "net/other/timer.c": "int unlike;\n"}
    r = compare(tmp_path, old, new, key)
    assert {f["path"]: f["newer"] for f in r["files"]} == {
        "drivers/staging/x/a.c": "drivers/media/x/a.c",
        "drivers/b.c": "drivers/sub/beta.c", "net/dccp/timer.c": None}
    assert (r["changed_files"]["in_newer"], r["changed_files"]["moved"],
            r["changed_files"]["gone"]) == (2, 2, 1)
    assert r["changed_lines"] == 15
    assert (r["judged"]["lines"], r["judged"]["stand"]) == (10, 10)


def test_two_candidates(tmp_path: Path) -> None:
    """Two files that both could be it are none."""
    r = compare(tmp_path, {"a/x.c": OLD}, {"a/x.c": NEW},
                {"b/x.c": NEW, "c/x.c": NEW})
    assert r["files"][0]["newer"] is None


PATCH = """\
From: a stranger
---
diff --git a/a.c b/a.c
--- a/a.c
+++ b/a.c
@@ -3,3 +3,3 @@ static int first(struct a *a)
 {
 	if (a->on)
-		stop(&a->timer);
+		timer_stop(&a->timer);
@@ -22,2 +22,2 @@ static void fourth(struct a *a)
-	stop(&a->timer);
+	timer_stop(&a->timer);
 }
diff --git a/gone.c b/gone.c
deleted file mode 100644
--- a/gone.c
+++ /dev/null
@@ -1 +0,0 @@
-int gone;
diff --git a/fresh.c b/fresh.c
new file mode 100644
--- /dev/null
+++ b/fresh.c
@@ -0,0 +1 @@
+int fresh;
\\ No newline at end of file
--
2.39.0
"""


def test_patch(tmp_path: Path) -> None:
    """A patch in place of the converted tree; only its files are read."""
    old = write(tmp_path / "old", {"a.c": OLD, "gone.c": "int gone;\n"})
    key = write(tmp_path / "key", {"a.c": NEW, "fresh.c": "int fresh;\n"})
    (tmp_path / "p").write_text(PATCH)
    status, out, err = run(old, tmp_path / "p", key, "--format", "json",
                           "--all")
    assert (status, err) == (0, "")
    r = json.loads(out)
    assert [f["path"] for f in r["files"]] == ["a.c", "fresh.c", "gone.c"]
    assert verdicts(r) == [(5, "stands"), (22, "stands")]
    assert r["judged"]["lines"] == r["judged"]["stand"] == 3
    # Two functions that the patch left as they were.
    assert r["missed"] == 2


@pytest.mark.parametrize("patch, said", [
    (PATCH.replace("if (a->on)", "if (a->off)"), "does not apply"),
    (PATCH.replace("a/gone.c\n+++", "a/none.c\n+++"), "no file none.c"),
    ("no patch\n", "no hunk"),
])
def test_foreign_patch(tmp_path: Path, patch: str, said: str) -> None:
    old = write(tmp_path / "old", {"a.c": OLD, "gone.c": "int gone;\n"})
    (tmp_path / "p").write_text(patch)
    status, out, err = run(old, tmp_path / "p", write(tmp_path / "key", {}))
    assert (status, out) == (128, "")
    assert said in err


def test_statuses(tmp_path: Path) -> None:
    old = write(tmp_path / "old", {"a.c": OLD})
    assert run(old, tmp_path / "none", old)[0] == 128
    assert run(tmp_path / "none", old, old)[0] == 128
    assert run(old)[0] == 129
    assert run(old, old, old, "--format", "html")[0] == 129
    status, out, _ = run(old, old, old)
    assert status == 0 and "lines changed                0" in out


def test_table(tmp_path: Path) -> None:
    """The table lists what does not stand, and says what stands instead."""
    key = write(tmp_path / "key", {"a.c": NEW.replace(
        "timer_stop(&a->timer);\n\ta->n", "timer_end(&a->timer);\n\ta->n")})
    old = write(tmp_path / "old", {"a.c": OLD})
    new = write(tmp_path / "new", {"a.c": NEW})
    _, out, _ = run(old, new, key)
    assert "!    11: other, function second\n" \
        "        was  stop(&a->timer);\n" \
        "        is   timer_stop(&a->timer);\n" \
        "        key  timer_end(&a->timer);\n" in out
    assert "function first" not in out
    assert "function first" in run(old, new, key, "--all")[1]


ITEMS = """\
#include <linux/x.h>
MODULE_LICENSE("GPL");
#define FOUR(x) do { \\
	x; \\
} while (0)
struct one {
	int (*member)(struct one *o);
};
static struct one two[] = {
	{ .member = three, },
};
module_init(start)
static int __init start(struct one *o)
	__acquires(o)
{
#ifdef A
	if (o) {
#else
	if (!o) {
#endif
		return '{';
	}
#define INNER 1
	return 0;
}
int plain(struct one *o, void (*f)(int));
EXPORT_SYMBOL(plain)
SYSCALL_DEFINE1(five, int, x)
{
	return "}" ? 1 : 0;
}
enum colour { RED = 1, GREEN };
typedef int (*fn)(int);
"""


def test_items() -> None:
    source = ctext.Source("a.c", ITEMS)
    found = {(i.kind, i.name): (i.first, i.last) for i in source.items}
    lines = ITEMS.split("\n")
    for kind, name, first, last in (
            ("macro", "FOUR", "#define FOUR", "} while"),
            ("type", "struct one", "struct one {", "};"),
            ("data", "two", "static struct one two", "};"),
            ("function", "start", "static int __init", "}"),
            ("macro", "INNER", "#define INNER", "#define INNER"),
            ("declaration", "plain", "int plain", "int plain"),
            ("function", "SYSCALL_DEFINE1(five)", "SYSCALL", "}"),
            ("type", "enum colour", "enum", "enum")):
        a, b = found[kind, name]
        assert lines[a].startswith(first) and lines[b].startswith(last), name
    assert source.place(lines.index("#define INNER 1")) == "macro"
    assert source.place(lines.index("\treturn 0;")) == "function"
    assert source.place(0) == "file scope"


def test_code() -> None:
    """Comments and line ends are no code; a macro's body is."""
    assert ctext.code("a = b /* c */ + d; // e\n") \
        == ["a", "=", "b", "+", "d", ";"]
    assert ctext.code("#define X \\\n\ty /* z */\n") \
        == ["#", "define", "X", "y"]


def test_pairs() -> None:
    a, b = list("abcxdbcy"), list("abczdbcyw")
    assert [a[i] for i, _ in align.pairs(a, b)] == list("abcdbcy")
    assert align.regions(align.pairs(a, b), len(a), len(b)) \
        == [align.Region(3, 4, 3, 4), align.Region(8, 8, 8, 9)]
