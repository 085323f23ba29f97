"use strict";
// What stands first: how it went, the best network for each task, and every
// method on every task.

const chosen = {
  loss: 1,
  objective: "disk",
  timing: undefined,
  cell: "quality",
};

// Smaller is better for each; `read` gives the value of a network or nothing.
const OBJECTIVES = {
  disk: {
    name: "bytes on disk",
    short: "on disk",
    read: (run, network) => network.cost.disk,
    show: bytes,
  },
  macs: {
    name: "MACs",
    short: "MACs",
    read: (run, network) => network.cost.macs,
    show: quantity,
  },
  latency: {
    name: "median latency",
    short: "median latency",
    timed: true,
    read: (run, network) => {
      const timing = network.dense
        ? denseTiming(run, chosen.timing)
        : fastest(network, chosen.timing);
      return timing && median(timing);
    },
    show: nanoseconds,
  },
  energy: {
    name: "energy per sample",
    short: "energy per sample",
    timed: true,
    read: (run, network) =>
      network.timings
        .filter((t) => timingKey(t) === chosen.timing)
        .map((t) => measuredEnergy(t)?.sample)
        .filter((j) => j !== undefined)
        .sort((a, b) => a - b)[0],
    show: joules,
  },
};

function overview(runs) {
  const failed = runs.filter((run) => run.status !== "OK");
  const count = (verdict) => runs.filter((r) => r.verdict === verdict).length;
  const degraded = count("DEGRADED");
  const invalid = count("INVALID");
  const figure = (term, value, kind) =>
    el("div", {}, el("dt", {}, term), el("dd", { class: kind }, value));
  return [
    el(
      "dl",
      { class: "figures" },
      figure("runs", runs.length),
      figure("ended OK", runs.length - failed.length),
      figure("failed", failed.length, failed.length > 0 && "bad"),
      figure("networks scored", runs.flatMap(candidates).length),
      figure("timings valid", count("VALID")),
      figure("timings degraded", degraded, degraded > 0 && "warn"),
      figure("timings invalid", invalid, invalid > 0 && "bad"),
    ),
    failed.length > 0 && failures(failed),
    degraded + invalid > 0 && doubts(runs),
    el("h3", {}, "Best within a limit"),
    bestControls(runs),
    bestTable(runs),
  ];
}

function failures(failed) {
  const shown = failed.slice(0, 12);
  return el(
    "div",
    { class: "notice bad" },
    el("p", {}, `${plural(failed.length, "run")} did not end OK.`),
    el(
      "ul",
      {},
      shown.map((run) =>
        el(
          "li",
          {},
          el("a", { href: runAddress(run) }, runName(run)),
          `: ${statusWord(run)}`,
          run.stage ? ` in ${run.stage.toLowerCase()}` : "",
          run.message ? `: ${run.message}` : "",
        ),
      ),
      failed.length > shown.length &&
        el("li", {}, `and ${failed.length - shown.length} more, below.`),
    ),
  );
}

// The reasons for which timings are in doubt, with how many runs each has.
function doubts(runs) {
  const reasons = new Map();
  for (const run of runs) {
    for (const reason of run.reasons ?? []) {
      const seen = reasons.get(reason.code) ?? { reason, runs: 0 };
      seen.runs += 1;
      reasons.set(reason.code, seen);
    }
  }
  return el(
    "div",
    { class: "notice warn" },
    el(
      "p",
      {},
      "The machine was not in a state to be timed without doubt. Quality and " +
        "size do not depend on it; latencies may vary more than their " +
        "intervals say.",
    ),
    el(
      "ul",
      {},
      [...reasons.values()].map(({ reason, runs: number }) =>
        el(
          "li",
          {},
          el("code", {}, reason.code),
          ` in ${plural(number, "run")}: ${sentence(reason.message)}`,
        ),
      ),
    ),
  );
}

function bestControls(runs) {
  const timings = timingChoices(runs);
  if (!timings.some(([key]) => key === chosen.timing)) {
    chosen.timing = timings[0]?.[0];
  }
  const loss = el("input", {
    type: "number",
    min: "0",
    max: "100",
    step: "0.5",
    value: chosen.loss,
    onchange: (event) => {
      chosen.loss = Math.max(0, Number(event.target.value) || 0);
      redraw("overview");
    },
  });
  const objectives = Object.entries(OBJECTIVES).map(([k, o]) => [k, o.name]);
  return el(
    "div",
    { class: "controls" },
    el("label", {}, "Quality lost, at most (% of dense)", loss),
    chooser("Fewest or lowest", objectives, chosen.objective, (value) => {
      chosen.objective = value;
      redraw("overview");
    }),
    OBJECTIVES[chosen.objective].timed &&
      timings.length > 0 &&
      chooser("Timed as", timings, chosen.timing, (value) => {
        chosen.timing = value;
        redraw("overview");
      }),
  );
}

// Each task's candidates with what they would be chosen by.
function contest(runs, task) {
  const objective = OBJECTIVES[chosen.objective];
  const all = [];
  for (const run of runs) {
    if (run.task !== task) continue;
    const reference = dense(run) && objective.read(run, dense(run));
    for (const network of candidates(run)) {
      const timing = objective.timed && fastest(network, chosen.timing);
      const of = quality(network, timing?.precision);
      const value = objective.read(run, network);
      const loss = relativeLoss(run, network, of);
      if (value === undefined || loss === undefined) continue;
      const fair = missedBudgets(network).length === 0 && isReal(network);
      all.push({ run, network, of, value, loss, fair, reference });
    }
  }
  return all;
}

function bestTable(runs) {
  const objective = OBJECTIVES[chosen.objective];
  const tasks = TASKS.filter((task) => runs.some((r) => r.task === task));
  const rows = tasks.map((task) => {
    const all = contest(runs, task);
    const within = all.filter((c) => c.fair && c.loss <= chosen.loss / 100);
    const best = [...within].sort((a, b) => a.value - b.value)[0];
    const nearest = [...all].sort((a, b) => a.loss - b.loss)[0];
    return { task, all, within, best, nearest };
  });
  return table({
    caption:
      `For each task, the candidate with the lowest ${objective.name} among ` +
      "those that meet their budgets, are compressed in fact, and lose no " +
      `more than ${digits(chosen.loss)} % of the dense network's quality by ` +
      "their point estimate.",
    empty: "No run is shown. Loosen the filters above.",
    rows,
    columns: [
      { title: "Task", cell: (r) => r.task, sort: (r) => r.task },
      { title: "Best", wrap: true, cell: (r) => bestCell(r) },
      {
        title: objective.short[0].toUpperCase() + objective.short.slice(1),
        number: true,
        sort: (r) => r.best?.value,
        cell: (r) => r.best && objective.show(r.best.value),
      },
      {
        title: "Against dense",
        number: true,
        sort: (r) => r.best && r.best.value / r.best.reference,
        cell: (r) =>
          r.best?.reference && factor(r.best.value / r.best.reference),
      },
      {
        title: "Quality",
        number: true,
        cell: (r) => r.best && qualityCell(r.best.of),
      },
      {
        title: "Lost",
        number: true,
        sort: (r) => r.best?.loss,
        cell: (r) => r.best && lossText(r.best.loss),
      },
      {
        title: "Qualify",
        number: true,
        cell: (r) => `${r.within.length} of ${r.all.length}`,
      },
    ],
  });
}

const lossText = (loss) =>
  loss <= 0 ? "nothing" : percent(loss, 2);

function bestCell({ best, nearest, all }) {
  if (best) {
    return [
      el("a", { href: runAddress(best.run) }, best.run.method),
      el("span", { class: "soft" }, " " + networkName(best.network)),
    ];
  }
  if (all.length === 0) {
    return el("span", { class: "soft" }, "No candidate has this figure.");
  }
  return el(
    "span",
    { class: "soft" },
    `None. ${nearest.run.method} comes nearest and loses ` +
      `${lossText(nearest.loss)}` +
      (nearest.fair ? "." : ", but misses a budget or is not compressed."),
  );
}

function qualityCell(of) {
  if (!scored(of)) return el("span", { class: "soft" }, whyNot(of));
  return withRange(
    metricValue(of.value, of.unit),
    interval(of.in, (v) => metricValue(v, of.unit)),
  );
}

// --- Every method on every task.

const ratioOf = (objective) => (run, network) => {
  const value = OBJECTIVES[objective].read(run, network);
  const reference = dense(run) && OBJECTIVES[objective].read(run, dense(run));
  return value === undefined || !reference ? undefined : value / reference;
};

const CELLS = {
  quality: {
    name: "quality on the test split",
    read: (run, network) => quality(network)?.value,
    show: (value, network) => metricValue(value, quality(network).unit),
  },
  difference: {
    name: "difference to dense",
    read: (run, network) => versusDense(quality(network))?.difference,
    show: (value, network) => metricDifference(value, quality(network).unit),
  },
  disk: {
    name: "bytes on disk, dense = 1",
    read: ratioOf("disk"),
    show: factor,
  },
  macs: { name: "MACs, dense = 1", read: ratioOf("macs"), show: factor },
  speed: {
    name: "median speed-up, dense f32 = 1",
    read: (run, network) => {
      const ratio = ratioOf("latency")(run, network);
      return ratio && 1 / ratio;
    },
    show: factor,
  },
};

function matrix(runs) {
  const methods = METHODS.filter((m) => runs.some((r) => r.method === m));
  const tasks = TASKS.filter((t) => runs.some((r) => r.task === t));
  const cells = Object.entries(CELLS).map(([key, cell]) => [key, cell.name]);
  const cell = CELLS[chosen.cell];
  const timing = chosen.cell === "speed" && chosen.timing;
  return [
    el(
      "div",
      { class: "controls" },
      chooser("Show", cells, chosen.cell, (value) => {
        chosen.cell = value;
        redraw("matrix");
      }),
    ),
    table({
      caption:
        `Each candidate's ${cell.name}` +
        (timing ? ` (${timingName(timing)})` : "") +
        "; over several seeds the mean, with the range. A name leads to its run.",
      empty: "No run is shown. Loosen the filters above.",
      rows: methods,
      columns: [
        { title: "Method", cell: (m) => m, sort: (m) => m },
        ...tasks.map((task) => ({
          title: task,
          wrap: true,
          cell: (m) =>
            matrixCell(
              runs.filter((r) => r.method === m && r.task === task),
              cell,
            ),
        })),
      ],
    }),
  ];
}

function matrixCell(runs, cell) {
  if (runs.length === 0) return el("span", { class: "soft" }, "not run");
  const groups = new Map();
  for (const run of runs) {
    for (const network of candidates(run)) {
      const name = networkName(network);
      const group = groups.get(name) ?? { run, network, values: [], bad: 0 };
      const value = cell.read(run, network);
      if (value !== undefined) group.values.push(value);
      if (missedBudgets(network).length > 0 || !isReal(network)) group.bad += 1;
      groups.set(name, group);
    }
  }
  const failed = runs.filter((run) => run.status !== "OK");
  return [
    ...[...groups].map(([name, group]) =>
      el(
        "div",
        { class: "cell" },
        el("a", { href: runAddress(group.run) }, name),
        el("span", {}, matrixValue(group, cell)),
      ),
    ),
    ...failed.map((run) =>
      el("div", {}, el("a", { href: runAddress(run) }, statusMark(run))),
    ),
    claimSummary(runs),
  ];
}

function matrixValue({ values, network, bad }, cell) {
  if (values.length === 0) return [NONE];
  const mean = values.reduce((a, b) => a + b) / values.length;
  const show = (value) => cell.show(value, network);
  const several =
    values.length > 1 &&
    ` ${values.length} seeds, ${show(Math.min(...values))} to ` +
      show(Math.max(...values));
  return [
    el("span", { class: "value" }, show(mean)),
    several && el("span", { class: "range" }, several),
    bad > 0 && " ",
    bad > 0 &&
      mark("bad", "✕ not met", "misses a budget, or is not compressed in fact"),
  ];
}

// --- Claims of the methods' papers.

const CLAIM_KINDS = { HOLDS: "good", FAILS: "bad", UNDECIDED: "warn" };

// Claims are of a method, whatever its variant.
const pluginOf = (run) => run.method.split("/")[0];

// The latest look at each claim.
function latestClaims(runs) {
  const latest = new Map();
  for (const run of runs) {
    for (const claim of run.claims ?? []) {
      const key = `${pluginOf(run)}\n${claim.claim}`;
      const before = latest.get(key);
      if (!before || (claim.attempt ?? 0) > (before.claim.attempt ?? 0)) {
        latest.set(key, { run, claim });
      }
    }
  }
  return [...latest.values()];
}

function claimSummary(runs) {
  const latest = latestClaims(runs);
  if (latest.length === 0) return undefined;
  return el(
    "div",
    {},
    Object.entries(CLAIM_KINDS).map(([verdict, kind]) => {
      const number = latest.filter((c) => c.claim.verdict === verdict).length;
      return (
        number > 0 &&
        mark(kind, `${plural(number, "claim")} ${verdict.toLowerCase()}`)
      );
    }),
  );
}

function claims(runs) {
  return table({
    caption: "What papers claim of the methods shown, held against reports.",
    empty:
      "No report here carries a look at a claim. Claims are statements of a " +
      "method's paper, kept with its plugin, that reports confirm or refute.",
    rows: latestClaims(runs),
    columns: [
      {
        title: "Method",
        cell: (c) => pluginOf(c.run),
        sort: (c) => pluginOf(c.run),
      },
      {
        title: "Claim",
        wrap: true,
        cell: (c) => [
          el("a", { href: runAddress(c.run) }, c.claim.claim),
          el("br"),
          sentence(c.claim.statement),
        ],
        sort: (c) => c.claim.claim,
      },
      {
        title: "Verdict",
        cell: (c) =>
          mark(CLAIM_KINDS[c.claim.verdict] ?? "none",
            c.claim.verdict.toLowerCase()),
        sort: (c) => c.claim.verdict,
      },
      { title: "Rests on", wrap: true, cell: (c) => c.claim.detail },
      {
        title: "p",
        number: true,
        cell: (c) => c.claim.p && probability(c.claim.p),
        sort: (c) => c.claim.p,
      },
      {
        title: "Look",
        number: true,
        cell: (c) => c.claim.attempt || undefined,
        sort: (c) => c.claim.attempt,
      },
    ],
  });
}
