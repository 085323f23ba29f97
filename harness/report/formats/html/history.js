"use strict";
// The same run at several times, what two sets of reports differ in, and the
// machines they come from.

const past = { experiment: undefined, series: undefined };

// What can be followed over time: a name and, for a run, {y, below, above}.
function seriesOf(runs) {
  const all = new Map();
  const add = (key, unit, show, run, point) => {
    const series = all.get(key) ?? { key, unit, show, points: [] };
    series.points.push({ ...point, run });
    all.set(key, series);
  };
  for (const run of runs) {
    for (const network of run.networks) {
      const name = networkName(network);
      for (const of of network.quality.filter(scored)) {
        add(`${name}: ${of.split} ${of.metric}, ${of.precision}`, of.metric,
          (v) => metricValue(v, of.unit), run,
          { y: of.value, below: of.in?.[0], above: of.in?.[1] });
      }
      for (const timing of network.timings) {
        if (timing.mean === undefined) continue;
        add(`${name}: mean latency, ${timingName(timingKey(timing))}, ` +
          timing.precision, "latency", nanoseconds, run,
          { y: timing.mean, below: timing.meanIn?.[0],
            above: timing.meanIn?.[1] });
      }
      if (network.cost.disk !== undefined) {
        add(`${name}: bytes on disk`, "bytes", bytes, run,
          { y: network.cost.disk });
      }
    }
  }
  return [...all.values()].filter((s) => s.points.length > 1);
}

function timeline(runs) {
  const groups = new Map();
  for (const run of runs) {
    const group = groups.get(run.experiment) ?? [];
    group.push(run);
    groups.set(run.experiment, group);
  }
  const repeated = [...groups].filter(([, group]) => group.length > 1);
  if (repeated.length === 0) {
    return [words("Every experiment shown was run once. Give the reports of " +
      "several days to assay html, and its course is drawn here.")];
  }
  if (!repeated.some(([key]) => key === past.experiment)) {
    past.experiment = repeated[0][0];
  }
  const series = seriesOf(groups.get(past.experiment));
  if (!series.some((s) => s.key === past.series)) past.series = series[0]?.key;
  const again = (key) => (value) => {
    past[key] = value;
    redraw("history");
  };
  const names = repeated.map(([key, group]) => [
    key, `${runName(group[0])} (${plural(group.length, "run")})`]);
  return [
    el("div", { class: "controls" },
      chooser("Experiment", names, past.experiment, again("experiment")),
      series.length > 0 && chooser("Series", series.map((s) => [s.key, s.key]),
        past.series, again("series"))),
    series.length > 0
      ? course(series.find((s) => s.key === past.series))
      : words("None of these runs has a figure in common with another."),
  ];
}

// A machine that changed starts a new line: numbers of two are not one series.
function course({ key, unit, show, points }) {
  points.sort((a, b) => a.run.started - b.run.started);
  const machineOf = (run) =>
    DATA.machines[run.machine]?.fingerprint?.slice(0, 8) ?? "unknown";
  const machines = [...new Set(points.map((p) => machineOf(p.run)))];
  const looks = machines.map((_, index) => lookOf(index));
  const revisionOf = (run) =>
    DATA.machines[run.machine]?.revision?.slice(0, 12) ?? "unknown revision";
  const sets = machines.map((machine, index) => ({
    type: "line",
    data: points.filter((p) => machineOf(p.run) === machine).map((p) => ({
      x: p.run.started, y: p.y, below: p.below, above: p.above,
      open: runAddress(p.run),
      says: `${moment(p.run.started)}\n${revisionOf(p.run)}\n${show(p.y)}`,
    })),
    borderColor: looks[index].color,
    backgroundColor: looks[index].color,
    pointStyle: looks[index].shape,
    pointRadius: 4,
    borderWidth: 1.5,
  }));
  return plot({
    title: key,
    note: "over time; a machine whose fingerprint differs starts a new line",
    label: `${key} over ${points.length} runs. Arrow keys go through them; ` +
      "the numbers follow.",
    legend: legendOf(machines.map((m, i) => [`machine ${m}`, looks[i]])),
    datasets: sets,
    scales: {
      x: timeScale(points.map((p) => p.run.started)),
      y: scale(unit, show, span(points)),
    },
    numbers: table({
      caption: key,
      rows: points,
      columns: [
        {
          title: "Started",
          cell: (p) => el("a", { href: runAddress(p.run) },
            moment(p.run.started)),
          sort: (p) => p.run.started,
        },
        { title: "Revision", cell: (p) => revisionOf(p.run) },
        { title: "Machine", cell: (p) => machineOf(p.run) },
        {
          title: "Value",
          number: true,
          cell: (p) => withRange(show(p.y), p.below === undefined ? ""
            : interval([p.below, p.above], show)),
          sort: (p) => p.y,
        },
      ],
    }),
  });
}

// Marked where something was run, by day, or by minute within few days.
function timeScale(times) {
  const [low, high] = [Math.min(...times), Math.max(...times)];
  const room = 0.03 * (high - low) || 3600;
  const days = new Set(times.map(date));
  const show = days.size === new Set(times).size ? date : moment;
  return scale("Started (UTC)", show, {
    min: low - room,
    max: high + room,
    afterBuildTicks: (axis) => {
      axis.ticks = [...new Set(times)].map((value) => ({ value }));
    },
  });
}

// --- Two sets of reports.

const CHANGE_KINDS = { WORSE: "bad", BETTER: "good", UNDECIDED: "warn" };

function changedValue(value, unit) {
  if (unit === "ns") return nanoseconds(value);
  if (unit === "bytes") return bytes(value);
  return unit === "fraction" ? percent(value, 2)
    : digits(value, 4) + (unit ? " " + unit : "");
}

// What the decision rests on: a ratio, or a difference in the unit.
function effectCell(change) {
  if (!change.effect) return undefined;
  const show = change.effect === "ratio" ? factor
    : (v) => metricDifference(v, change.unit);
  return withRange(show(change.estimate), interval(change.in, show));
}

function comparison(compared) {
  const rank = { WORSE: 0, BETTER: 1, UNDECIDED: 2, SAME: 3 };
  const alone = (list, where) => list.length > 0 && el("div",
    { class: "notice warn" }, el("p", {},
      `${plural(list.length, "experiment")} only in ${where}: ` +
        list.join("; ")));
  return [
    el("p", {}, `${plural(compared.matched, "experiment")} in both sets.`),
    alone(compared.onlyBaseline, "the baseline"),
    alone(compared.onlyNew, "the new reports"),
    table({
      caption: "What changed, the worst first.",
      empty: "No experiment is in both sets.",
      rows: [...compared.changes].sort((a, b) =>
        rank[a.change] - rank[b.change]),
      kind: (c) => (c.change === "WORSE" ? "bad" : undefined),
      columns: [
        { title: "Experiment", cell: (c) => c.experiment,
          sort: (c) => c.experiment },
        { title: "Network", cell: (c) => c.network, sort: (c) => c.network },
        { title: "Metric", cell: (c) => c.metric, sort: (c) => c.metric },
        {
          title: "Change",
          cell: (c) => mark(CHANGE_KINDS[c.change] ?? "none",
            c.change.toLowerCase()),
          sort: (c) => rank[c.change],
        },
        { title: "Baseline", number: true,
          cell: (c) => changedValue(c.baseline, c.unit) },
        { title: "Now", number: true,
          cell: (c) => changedValue(c.now, c.unit) },
        { title: "Effect", number: true, cell: effectCell },
        { title: "p", number: true,
          cell: (c) => c.test && c.test !== "exact"
            ? probability(c.p) : undefined },
        { title: "Note", wrap: true, cell: (c) => c.note },
      ],
    }),
  ];
}

// --- Machines.

function machines(runs) {
  const used = [...new Set(runs.map((run) => run.machine))];
  if (used.length === 0) {
    return [words("No run is shown. Loosen the filters above.")];
  }
  return used.flatMap((index) => {
    const machine = DATA.machines[index];
    const mine = runs.filter((run) => run.machine === index);
    const verdicts = [...new Set(mine.map((run) => run.verdict))].sort();
    const title = machine.cpu ?? "A machine without a name";
    return [
      el("h3", {}, title, " ", el("span", { class: "soft" },
        plural(mine.length, "run"))),
      el("p", {}, verdicts.map((verdict) => [verdictMark(verdict),
        ` ${plural(mine.filter((r) => r.verdict === verdict).length, "run")} `,
      ])),
      environment(machine),
    ];
  });
}
