"use strict";
// The page as a whole: filters, sections, the way to one run and back.

const picked = { task: new Set(), method: new Set(), status: new Set(),
  verdict: new Set(), text: "" };
const runsOrder = { column: undefined, down: false };

const FACETS = [
  ["task", "Task", (run) => run.task, (value) => value],
  ["method", "Method", (run) => run.method, (value) => value],
  ["status", "Outcome", (run) => run.status,
    (value) => STATUS_WORDS[value] ?? value],
  ["verdict", "Timings", (run) => run.verdict, verdictWord],
];

// Whether the filters let it through; `except` leaves one facet out, so that
// its counts say what choosing a value would show.
function passes(run, except) {
  const wanted = picked.text.toLowerCase().split(/\s+/).filter(Boolean);
  const text = [runName(run), run.id, run.suite, run.asked ?? []].join(" ")
    .toLowerCase();
  return wanted.every((word) => text.includes(word)) &&
    FACETS.every(([key, , read]) => key === except ||
      picked[key].size === 0 || picked[key].has(read(run)));
}

const visible = () => DATA.runs.filter((run) => passes(run));

function drawFilters() {
  const search = el("input", {
    type: "search",
    id: "search",
    placeholder: "lamp cifar",
    oninput: (event) => {
      picked.text = event.target.value;
      filtersChanged();
    },
  });
  fill(
    "filters",
    el(
      "details",
      { open: innerWidth >= 704 },
      el("summary", {}, el("b", {}, "Filter"),
        el("span", { class: "soft", id: "shown" })),
      el(
        "div",
        { class: "facets" },
        el("label", { class: "search" }, el("span", {}, "Search"), search),
        FACETS.map((facet) => facetSet(facet)),
        el("div", {}, el("button", {
          type: "button", id: "reset", onclick: resetFilters,
        }, "Show all")),
      ),
    ),
  );
}

function facetSet([key, title, read, show]) {
  const values = [...new Set(DATA.runs.map(read))].sort();
  return el(
    "fieldset",
    {},
    el("legend", {}, title),
    el(
      "div",
      { class: "chips" },
      values.map((value) => el(
        "label",
        { class: "chip" },
        el("input", {
          type: "checkbox",
          "data-facet": key,
          "data-value": value,
          onchange: (event) => {
            if (event.target.checked) picked[key].add(value);
            else picked[key].delete(value);
            filtersChanged();
          },
        }),
        show(value),
        el("span", { class: "count" }),
      )),
    ),
  );
}

function resetFilters() {
  for (const [key] of FACETS) picked[key].clear();
  picked.text = "";
  byId("search").value = "";
  for (const box of document.querySelectorAll("[data-facet]")) {
    box.checked = false;
  }
  filtersChanged();
  byId("search").focus();
}

function countFilters() {
  for (const box of document.querySelectorAll("[data-facet]")) {
    const { facet, value } = box.dataset;
    const read = FACETS.find(([key]) => key === facet)[2];
    const count = DATA.runs.filter(
      (run) => passes(run, facet) && read(run) === value).length;
    box.parentNode.querySelector(".count").textContent = count;
    box.parentNode.classList.toggle("none", count === 0);
  }
  const count = visible().length;
  byId("reset").hidden = FACETS.every(([key]) => picked[key].size === 0) &&
    picked.text === "";
  byId("shown").textContent = count === DATA.runs.length
    ? `all ${plural(count, "run")}` : `${count} of ${DATA.runs.length} runs`;
}

function filtersChanged() {
  countFilters();
  say(byId("shown").textContent + " shown");
  for (const id of Object.keys(SECTIONS)) redraw(id);
}

function runsTable(runs) {
  return table({
    caption: "Every run; a name leads to all of it. " +
      "Best values are over its candidates.",
    empty: DATA.runs.length === 0 ? "There is no report on this page."
      : "No run passes the filters above.",
    rows: runs,
    kind: runKind,
    order: runsOrder,
    columns: [
      {
        title: "Run",
        cell: (run) => el("a", { href: runAddress(run), id: "to-" + run.id },
          run.method),
        sort: (run) => run.method,
      },
      { title: "Task", cell: (run) => run.task, sort: (run) => run.task },
      { title: "Seed", number: true, cell: (run) => run.seed,
        sort: (run) => Number(run.seed) },
      { title: "Outcome", cell: statusMark, sort: statusWord },
      { title: "Timings", cell: (run) => verdictMark(run.verdict),
        sort: (run) => run.verdict },
      {
        title: "Candidates",
        number: true,
        cell: (run) => candidates(run).length,
        sort: (run) => candidates(run).length,
      },
      {
        title: "Quality",
        number: true,
        cell: (run) => bestQuality(run) && qualityCell(bestQuality(run)),
        sort: (run) => bestQuality(run)?.value,
      },
      {
        title: "Lost",
        number: true,
        cell: (run) => leastLoss(run) === undefined ? undefined
          : lossText(leastLoss(run)),
        sort: leastLoss,
      },
      {
        title: "On disk",
        number: true,
        cell: (run) => least(run, "disk") && bytes(least(run, "disk")),
        sort: (run) => least(run, "disk"),
      },
      {
        title: "MACs",
        number: true,
        cell: (run) => least(run, "macs") && quantity(least(run, "macs")),
        sort: (run) => least(run, "macs"),
      },
      { title: "Started", cell: (run) => moment(run.started),
        sort: (run) => run.started },
      { title: "Took", number: true, cell: (run) => seconds(run.seconds),
        sort: (run) => run.seconds },
    ],
  });
}

function bestQuality(run) {
  return candidates(run).map((n) => quality(n)).filter(scored)
    .sort((a, b) => (a.up ? b.value - a.value : a.value - b.value))[0];
}

function leastLoss(run) {
  const losses = candidates(run)
    .map((n) => relativeLoss(run, n, quality(n)))
    .filter((loss) => loss !== undefined);
  return losses.length > 0 ? Math.min(...losses) : undefined;
}

function least(run, key) {
  const values = candidates(run).map((n) => n.cost[key])
    .filter((v) => v !== undefined);
  return values.length > 0 ? Math.min(...values) : undefined;
}

// --- Sections.

const SECTIONS = {
  overview: ["Overview", overview],
  matrix: ["Methods", matrix],
  tradeoffs: ["Trade-offs", tradeoffs],
  runs: ["Runs", (runs) => [runsTable(runs)]],
  claims: ["Claims", (runs) => [claims(runs)]],
  history: ["History", timeline],
  machines: ["Machines", machines],
};

function redraw(id) {
  const held = document.activeElement;
  const label = held?.closest?.(`#${id}-body label`)?.firstChild.textContent;
  fill(id + "-body", ...SECTIONS[id][1](visible()));
  sweepCharts();
  if (label === undefined) return;
  // What was just used is still in hand.
  const again = [...document.querySelectorAll(`#${id}-body label`)].find(
    (l) => l.firstChild.textContent === label);
  again?.querySelector("select, input")?.focus();
}

function drawHead() {
  const { runs } = DATA;
  const suites = [...new Set(runs.map((r) => r.suite).filter(Boolean))].sort();
  const title = suites.length === 1 ? `Suite ${suites[0]}`
    : suites.length > 1 ? `Suites ${suites.join(", ")}` : "Reports";
  byId("title").textContent = title;
  document.title = `${title} – Assay`;
  const days = [...new Set(runs.map((r) => r.started).sort((a, b) => a - b)
    .map(date))];
  const span = days.length > 1 ? `${days[0]} to ${days.at(-1)}` : days[0];
  byId("subtitle").textContent = runs.length === 0
    ? DATA.comparison ? "Two sets of reports, compared."
      : "There is no report on this page."
    : [plural(runs.length, "run"), plural(METHODS.length, "method"),
      plural(TASKS.length, "task"), span].join(" · ");
  fill("sections", Object.entries(SECTIONS).map(([id, [name]]) =>
    el("li", {}, el("a", { href: "#" + id }, name))));
}

function drawAll() {
  countFilters();
  for (const id of Object.keys(SECTIONS)) redraw(id);
}

// --- One run, and back.

let opened;

function route() {
  const [, id] = /^#run\/(.*)$/.exec(location.hash) ?? [];
  const run = id && DATA.runs.find((r) => r.id === decodeURIComponent(id));
  byId("one").hidden = !run;
  byId("all").hidden = Boolean(run);
  if (run) {
    const same = opened === run.id;
    fill("one", ...runView(run));
    sweepCharts();
    opened = run.id;
    if (!same) {
      scrollTo(0, 0);
      byId("one-title").focus({ preventScroll: true });
    }
    return;
  }
  byId("one").replaceChildren();
  if (opened === undefined) return;
  const link = byId("to-" + opened);
  opened = undefined;
  drawAll();
  if (location.hash && location.hash !== "#runs") {
    document.querySelector(location.hash)?.scrollIntoView();
    return;
  }
  (byId(link?.id) ?? byId("content")).focus({ preventScroll: true });
  (byId(link?.id) ?? byId("runs")).scrollIntoView({ block: "center" });
}

// --- Light and dark.

const THEMES = ["auto", "light", "dark"];
const dark = matchMedia("(prefers-color-scheme: dark)");
let theme = "auto";

function readTheme() {
  try {
    const kept = localStorage.getItem("assay-theme");
    if (THEMES.includes(kept)) theme = kept;
  } catch {
    // A browser may keep nothing for files: the system's choice holds.
  }
}

function applyTheme() {
  const now = theme === "auto" ? (dark.matches ? "dark" : "light") : theme;
  document.documentElement.dataset.theme = now;
  byId("theme").textContent = `Theme: ${theme}`;
}

function nextTheme() {
  theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length];
  try {
    localStorage.setItem("assay-theme", theme);
  } catch {
    // As above.
  }
  redrawInTheme();
}

function redrawInTheme() {
  applyTheme();
  drawAll();
  route();
}

// --- Keys.

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const typing = event.target.closest?.("input, select, textarea");
  if (event.key === "Escape" && opened !== undefined) location.hash = "#runs";
  if (event.key === "/" && !typing && opened === undefined) {
    event.preventDefault();
    byId("filters").firstChild.open = true;
    byId("search").focus();
  }
}

function start() {
  readTheme();
  applyTheme();
  drawHead();
  drawFilters();
  if (DATA.runs.length === 0) {
    // Nothing to filter, and every section would only say so.
    for (const id of ["filters", ...Object.keys(SECTIONS)]) {
      byId(id).hidden = true;
    }
    byId("sections").hidden = true;
  }
  if (DATA.comparison) {
    byId("comparison").hidden = false;
    fill("comparison-body", ...comparison(DATA.comparison));
  }
  drawAll();
  route();
  byId("theme").addEventListener("click", nextTheme);
  dark.addEventListener("change", redrawInTheme);
  addEventListener("hashchange", route);
  addEventListener("keydown", onKey);
  // Plots are drawn for light paper.
  addEventListener("beforeprint", () => {
    document.documentElement.dataset.theme = "light";
    drawAll();
    route();
  });
  addEventListener("afterprint", redrawInTheme);
}

start();
