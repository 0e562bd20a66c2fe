// SPDX-License-Identifier: GPL-2.0-only
/*
 * Shows the sites and edits of a run, whose data is in the page.  Only what is
 * looked at is made: the rows of the list that are in view, the hunks of a file
 * that is open.  Texts come from a stranger's tree: they become text nodes, no
 * markup is ever made of them.
 */
"use strict";
(() => {
const data = JSON.parse(document.getElementById("data").textContent);
const W = data.words;
const $ = (id) => document.getElementById(id);

// The fields of a site, as reportpage.py writes them.
const FILE = 0, LINE = 1, COL = 2, SYMBOL = 3, CONTEXT = 4, FATE = 5,
      REASON = 6, EVIDENCE = 7, AST = 8, SMPL = 9, OUTCOME = 10,
      CONDITION = 11, HUNK = 12;

function make(tag, cls, text) {
	const e = document.createElement(tag);
	if (cls)
		e.className = cls;
	if (text !== undefined)
		e.textContent = text;
	return e;
}

// "arch/x86/mm/fault.c" is of arch/x86, "mm/memory.c" of mm.
function scope(file) {
	const parts = file.split("/");
	if (parts.length > 2 && parts[0] === "arch")
		return parts[0] + "/" + parts[1];
	return parts.length > 1 ? parts[0] : "(top)";
}

function choices(select, values, given) {
	const count = new Map();
	for (const v of values)
		count.set(v, (count.get(v) || 0) + 1);
	const names = given ? given.filter((n) => count.has(n))
			    : [...count.keys()].sort();
	select.append(new Option("all", ""));
	for (const n of names)
		select.append(new Option(`${n} (${count.get(n)})`, "=" + n));
}

// What a <select> asks for, or null for all.
const asked = (select) => select.value ? select.value.slice(1) : null;

// Each word of the search must occur; letters' case does not matter.
function matcher(text) {
	const words = text.toLowerCase().split(/\s+/).filter(Boolean);
	return (hay) => words.every((w) => hay.includes(w));
}

// Let the browser draw between two keys of a search.
function later(fn) {
	let timer = 0;
	return () => { clearTimeout(timer); timer = setTimeout(fn, 60); };
}

// Not form.reset(), whose listeners would filter once more, and later.
function clear(form) {
	for (const e of form.querySelectorAll("input, select"))
		e.value = "";
}

/* ---- sites ---- */

const ROW = 24;
const sites = data.sites;
const grid = $("grid");
let shown = [], at = 0, reason = null;
let openEdit = () => {};

function setUpSites() {
	const hay = sites.map((s) => [`${W[s[FILE]]}:${s[LINE]}`, W[s[SYMBOL]],
		W[s[REASON]], W[s[EVIDENCE]], W[s[CONDITION]]].join("\n").toLowerCase());
	const scopes = sites.map((s) => scope(W[s[FILE]]));
	const selects = [["f-fate", (i) => W[sites[i][FATE]],
			  ["converted", "kept", "refused", "unresolved"]],
			 ["f-symbol", (i) => W[sites[i][SYMBOL]]],
			 ["f-scope", (i) => scopes[i]],
			 ["f-context", (i) => W[sites[i][CONTEXT]]],
			 ["f-outcome", (i) => W[sites[i][OUTCOME]] || "not asked"]];
	for (const [id, of, given] of selects)
		choices($(id), sites.map((_, i) => of(i)), given);

	const space = make("div");
	const drawn = new Map();
	const empty = make("div", "empty", "No site is like that.");
	grid.append(space, empty);

	function row(k) {
		const s = sites[shown[k]], r = make("div", "row");
		const fate = W[s[FATE]];
		const cells = [make("span", "mono", `${W[s[FILE]]}:${s[LINE]}`),
			make("span", "mono", W[s[SYMBOL]]),
			make("span"), make("span", "", W[s[CONTEXT]]),
			make("span", "", W[s[REASON]])];
		cells[2].append(make("span", "fate " + fate, fate));
		for (const c of cells)
			c.setAttribute("role", "gridcell");
		r.append(...cells);
		r.id = "site-row-" + k;
		r.setAttribute("role", "row");
		r.setAttribute("aria-rowindex", k + 1);
		r.style.top = k * ROW + "px";
		r.addEventListener("click", () => go(k));
		r.addEventListener("dblclick", open);
		return r;
	}

	function draw() {
		const first = Math.max(0, Math.floor(grid.scrollTop / ROW) - 8);
		const last = Math.min(shown.length,
			Math.ceil((grid.scrollTop + grid.clientHeight) / ROW) + 8);
		for (const [k, r] of drawn)
			if (k < first || k >= last) {
				r.remove();
				drawn.delete(k);
			}
		for (let k = first; k < last; k++)
			if (!drawn.has(k)) {
				drawn.set(k, row(k));
				space.append(drawn.get(k));
			}
		for (const [k, r] of drawn) {
			r.classList.toggle("on", k === at);
			r.setAttribute("aria-selected", k === at);
		}
		if (drawn.has(at))
			grid.setAttribute("aria-activedescendant", "site-row-" + at);
		else
			grid.removeAttribute("aria-activedescendant");
	}

	function detail() {
		const box = $("site-detail"), s = sites[shown[at]];
		box.replaceChildren();
		if (!s)
			return;
		const list = make("dl");
		const say = (name, text) => {
			if (text)
				list.append(make("dt", "", name), make("dd", "", text));
		};
		say("place", `${W[s[FILE]]}:${s[LINE]}:${s[COL]}`);
		say("symbol", `${W[s[SYMBOL]]}, in ${W[s[CONTEXT]]}`);
		say("fate", W[s[FATE]]);
		say(W[s[FATE]] === "converted" ? "by" : "reason", W[s[REASON]]);
		say("evidence", W[s[EVIDENCE]]);
		if (W[s[OUTCOME]])
			say("engines", `AST ${W[s[AST]]}, SmPL ${W[s[SMPL]]}: ${W[s[OUTCOME]]}`);
		say("the other would see it under", W[s[CONDITION]]);
		if (s[HUNK]) {
			const dd = make("dd"), a = make("a", "", `edit ${s[HUNK]}`);
			a.href = "#edit-" + s[HUNK];
			dd.append(a);
			list.append(make("dt", "", "changed by"), dd);
		}
		box.append(list);
	}

	function go(k) {
		at = Math.max(0, Math.min(k, shown.length - 1));
		const top = at * ROW, view = grid.clientHeight;
		if (top < grid.scrollTop)
			grid.scrollTop = top;
		else if (top + ROW > grid.scrollTop + view)
			grid.scrollTop = top + ROW - view;
		draw();
		detail();
	}

	function open() {
		const s = sites[shown[at]];
		if (s && s[HUNK])
			location.hash = "#edit-" + s[HUNK];
	}

	function filter() {
		const want = selects.map(([id, of]) => [asked($(id)), of])
			.filter(([v]) => v !== null);
		const match = matcher($("site-search").value);
		shown = [];
		for (let i = 0; i < sites.length; i++)
			if (want.every(([v, of]) => of(i) === v) && match(hay[i]) &&
			    (reason === null || W[sites[i][REASON]] === reason))
				shown.push(i);
		for (const r of drawn.values())
			r.remove();
		drawn.clear();
		space.style.height = shown.length * ROW + "px";
		empty.hidden = shown.length > 0;
		grid.setAttribute("aria-rowcount", shown.length);
		$("site-count").textContent = `${shown.length} of ${sites.length} sites`
			+ (reason === null ? "" : ", of one reason");
		grid.scrollTop = 0;
		go(0);
	}

	const KEYS = {
		ArrowDown: () => go(at + 1), ArrowUp: () => go(at - 1),
		j: () => go(at + 1), k: () => go(at - 1),
		PageDown: () => go(at + Math.floor(grid.clientHeight / ROW) - 1),
		PageUp: () => go(at - Math.floor(grid.clientHeight / ROW) + 1),
		Home: () => go(0), End: () => go(shown.length - 1), Enter: open,
	};
	grid.addEventListener("keydown", (e) => {
		if (KEYS[e.key] && !e.ctrlKey && !e.altKey && !e.metaKey) {
			KEYS[e.key]();
			e.preventDefault();
		}
	});
	grid.addEventListener("scroll", draw, { passive: true });
	window.addEventListener("resize", draw);
	const form = $("site-filters"), soon = later(filter);
	form.addEventListener("submit", (e) => { e.preventDefault(); grid.focus(); });
	form.addEventListener("reset", () => { reason = null; soon(); });
	form.addEventListener("change", filter);
	$("site-search").addEventListener("input", soon);
	$("site-search").addEventListener("keydown", (e) => {
		if (e.key === "ArrowDown") {
			grid.focus();
			e.preventDefault();
		}
	});
	for (const b of document.querySelectorAll("button.show"))
		b.addEventListener("click", () => {
			clear(form);
			reason = b.dataset.reason;
			$("f-fate").value = "=" + b.dataset.fate;
			filter();
			$("sites").scrollIntoView();
			grid.focus({ preventScroll: true });
		});
	filter();
}

/* ---- edits ---- */

const hunks = data.hunks;
const MARK = { compiled: "●", "not compiled": "○", unknown: "?" };
const gradeText = (g) => g || (data.checked ? "no code" : "not checked");

// What was compared and is weaker comes after what is stronger.
function weakest(list) {
	const known = list.map((h) => data.grades.indexOf(h.grade))
			  .filter((g) => g >= 0);
	return known.length ? data.grades[Math.max(...known)] : "";
}

function badge(grade) {
	return make("span", "grade " + grade.replaceAll(" ", "-"),
		    gradeText(grade) === grade ? data.meaning[grade] || grade
					       : gradeText(grade));
}

function diffTable(h) {
	const box = make("div", "diff"), table = make("table");
	for (const [kind, old, now, text, state, cells, condition] of h.lines) {
		const tr = table.insertRow();
		tr.className = kind === "+" ? "add" : kind === "-" ? "del" : "";
		const o = tr.insertCell(), n = tr.insertCell(),
		      m = tr.insertCell(), t = tr.insertCell();
		o.className = n.className = "n";
		m.className = "m";
		o.textContent = kind === "+" || !old ? "" : old;
		n.textContent = kind === "-" || !now ? "" : now;
		t.textContent = kind + text;
		if (!state)
			continue;
		m.textContent = MARK[state] || "";
		m.title = state === "compiled" ? "compiled in " + W[cells]
			: `${state}; would be with: ${W[condition]}`;
		tr.classList.toggle("lost", state !== "compiled");
	}
	box.append(table);
	return box;
}

function cellsText(h) {
	const cells = new Set();
	for (const line of h.lines)
		if (W[line[5]])
			for (const c of W[line[5]].split(", "))
				cells.add(c);
	return [...cells].sort().join(", ");
}

function drawHunk(h) {
	const box = make("div", "hunk");
	box.id = "edit-" + h.n;
	box.tabIndex = -1;
	const head = make("div", "hunk-head"), link = make("a", "", "#" + h.n);
	link.href = "#edit-" + h.n;
	head.append(link, make("b", "mono", `${W[h.file]}:${h.new || h.old}`),
		    badge(h.grade));
	if (h.fn)
		head.append(make("span", "mono small", h.fn));
	box.append(head, diffTable(h));
	const facts = make("div", "small");
	const say = (text) => facts.append(make("div", "", text));
	const cells = cellsText(h);
	if (data.checked)
		say(cells ? "Compiled in: " + cells : "No cell compiled a line of it.");
	if (h.cells.length) {
		const by = new Map();
		for (const [c, g] of h.cells)
			by.set(W[g], [...(by.get(W[g]) || []), W[c]]);
		for (const g of data.grades)
			if (by.has(g))
				say(`${data.meaning[g] || g}: ${by.get(g).join(", ")}`);
	}
	for (const [name, where] of h.differs)
		say(`${name}() differs in ${where.join(", ")}`);
	const rules = [...new Set(h.edits.map((e) => W[e[3]]))];
	if (rules.length)
		say("By " + rules.join(", "));
	box.append(facts);
	if (h.edits.length || h.why.length) {
		const why = make("details", "why");
		why.append(make("summary", "", "Why"));
		const text = [];
		for (const [line, old, now, rule] of h.edits)
			text.push(`${W[h.file]}:${line}: ${JSON.stringify(W[old])} to `
				+ `${JSON.stringify(W[now])}, by ${W[rule]}`);
		for (const [line, said] of h.why)
			text.push(`${W[h.file]}:${line}`, ...said.map((t) => "  " + W[t]));
		why.append(make("pre", "", text.join("\n")));
		box.append(why);
	}
	return box;
}

function setUpEdits() {
	const hay = hunks.map((h) => [W[h.file], h.fn, ...h.lines.map((l) => l[3]),
		...h.edits.map((e) => W[e[3]]), ...h.differs.map((d) => d[0]),
		...h.why.flatMap((w) => w[1].map((t) => W[t]))].join("\n").toLowerCase());
	const rulesOf = hunks.map((h) => new Set(h.edits.map((e) => W[e[3]])));
	choices($("e-grade"), hunks.map((h) => gradeText(h.grade)),
		[...data.grades, "no code", "not checked"]);
	choices($("e-rule"), rulesOf.flatMap((r) => [...r]));
	choices($("e-scope"), hunks.map((h) => scope(W[h.file])));
	let listed = [], files = new Map(), here = -1;

	function fill(d) {
		if (d.dataset.full)
			return;
		d.dataset.full = "1";
		for (const h of files.get(d).hunks)
			d.append(drawHunk(h));
	}

	function filter() {
		const match = matcher($("edit-search").value);
		const grade = asked($("e-grade")), rule = asked($("e-rule")),
		      where = asked($("e-scope"));
		listed = hunks.filter((h, i) => match(hay[i]) &&
			(grade === null || gradeText(h.grade) === grade) &&
			(rule === null || rulesOf[i].has(rule)) &&
			(where === null || scope(W[h.file]) === where));
		const by = new Map();
		for (const h of listed)
			by.set(h.file, [...(by.get(h.file) || []), h]);
		files = new Map();
		const list = document.createDocumentFragment();
		for (const [file, own] of by) {
			const d = make("details"), s = make("summary");
			let plus = 0, minus = 0;
			for (const h of own)
				for (const l of h.lines) {
					plus += l[0] === "+";
					minus += l[0] === "-";
				}
			const count = own.length === 1 ? "1 hunk" : own.length + " hunks";
			s.append(make("span", "right", `${count}, +${plus} −${minus}`),
				 make("span", "mono", W[file]));
			if (data.checked)
				s.append(badge(weakest(own)));
			d.append(s);
			files.set(d, { hunks: own });
			d.addEventListener("toggle", () => { if (d.open) fill(d); });
			list.append(d);
		}
		$("files").replaceChildren(list);
		if (!listed.length)
			$("files").append(make("p", "small", "No edit is like that."));
		here = -1;
		$("edit-count").textContent = `${listed.length} of ${hunks.length} `
			+ `hunks, in ${by.size} files`;
	}

	openEdit = (number) => {
		if (!listed.some((h) => h.n === number)) {
			if (!hunks.some((h) => h.n === number))
				return;
			clear($("edit-filters"));
			filter();
		}
		for (const [d, f] of files)
			if (f.hunks.some((h) => h.n === number)) {
				fill(d);
				d.open = true;
			}
		for (const e of document.querySelectorAll(".hunk.on"))
			e.classList.remove("on");
		const e = $("edit-" + number);
		e.classList.add("on");
		e.scrollIntoView();
		e.focus({ preventScroll: true });
		here = listed.findIndex((h) => h.n === number);
	};

	function step(by) {
		const k = Math.max(0, Math.min(here + by, listed.length - 1));
		if (listed[k])
			location.hash = "#edit-" + listed[k].n;
	}

	const form = $("edit-filters"), soon = later(filter);
	form.addEventListener("submit", (e) => e.preventDefault());
	form.addEventListener("reset", soon);
	form.addEventListener("change", filter);
	$("edit-search").addEventListener("input", soon);
	$("open-all").addEventListener("click", () => {
		// A few files a frame, so that the page stays alive.
		const left = [...files.keys()];
		const some = () => {
			for (const d of left.splice(0, 20)) {
				fill(d);
				d.open = true;
			}
			if (left.length)
				requestAnimationFrame(some);
		};
		some();
	});
	document.addEventListener("keydown", (e) => {
		if (e.target.closest("input, select, button") || e.ctrlKey ||
		    e.altKey || e.metaKey)
			return;
		if (e.key === "n")
			step(1);
		else if (e.key === "p")
			step(-1);
	});
	filter();
}

/* ---- the page ---- */

function follow() {
	const m = /^#edit-(\d+)$/.exec(location.hash);
	if (m)
		openEdit(Number(m[1]));
}

if (grid)
	setUpSites();
if ($("edit-filters"))
	setUpEdits();
document.addEventListener("keydown", (e) => {
	const input = e.target.closest("input, select");
	const search = $("site-search");
	if (e.key === "/" && !input && search) {
		search.scrollIntoView({ block: "center" });
		search.focus();
		search.select();
		e.preventDefault();
	} else if (e.key === "Escape" && e.target.type === "search") {
		e.target.value = "";
		e.target.dispatchEvent(new Event("input", { bubbles: true }));
		e.preventDefault();
	}
});
window.addEventListener("hashchange", follow);
// A link to an edit that is current is followed again.
document.addEventListener("click", (e) => {
	const a = e.target.closest("a");
	if (a && a.getAttribute("href") === location.hash)
		follow();
});
follow();
})();
