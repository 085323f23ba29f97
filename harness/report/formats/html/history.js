"use strict";
// The same run at several times, what two sets of reports differ in, and the
// machines they come from.

const past = { experiment: undefined, series: undefined };

// What can be followed over time, under the names that DATA.changes has.
function seriesOf(runs) {
  const all = new Map();
  const add = (network, metric, show, run, point) => {
    const key = `${network.name}: ${metric}`;
    const series = all.get(key) ?? { key, network, metric, show, points: [] };
    series.points.push({ ...point, run });
    all.set(key, series);
  };
  for (const run of runs) {
    if (run.status !== "OK") continue;
    for (const network of run.networks) {
      for (const of of network.quality.filter(scored)) {
        add(network, `${of.split} ${of.metric} ${of.precision}`,
          (v) => metricValue(v, of.unit), run,
          { y: of.value, below: of.in?.[0], above: of.in?.[1] });
      }
      for (const timing of network.timings) {
        for (const [fraction, estimate, bound] of timing.p ?? []) {
          add(network, `latency p${100 * fraction} ${timing.scenario} ` +
            `${timing.precision} batch ${timing.batch}`, nanoseconds, run,
            { y: estimate, below: estimate, above: bound ?? estimate });
        }
      }
      if (network.cost.disk !== undefined) {
        add(network, "bytes on disk", bytes, run, { y: network.cost.disk });
      }
    }
  }
  return [...all.values()].filter((s) => s.points.length > 1);
}

// Lasting changes of the experiments that are shown.
function changesTable(groups) {
  const mine = DATA.changes.filter((c) => groups.has(c.experiment));
  if (mine.length === 0) return undefined;
  const runOf = (change) => DATA.runs.find((run) => run.id === change.run);
  const draw = (change) => {
    past.experiment = change.experiment;
    past.series = `${change.network}: ${change.metric}`;
    redraw("history");
  };
  return table({
    caption: "Lasting changes: medians before and after, on one machine. " +
      "A metric's name draws its course.",
    rows: mine,
    kind: () => "warn",
    columns: [
      {
        title: "Metric",
        cell: (c) => el("button", { type: "button", class: "link",
          onclick: () => draw(c) },
        `${c.network ? c.network + ": " : ""}${c.metric}`),
        sort: (c) => c.metric,
      },
      { title: "Experiment", wrap: true, cell: (c) => c.experiment,
        sort: (c) => c.experiment },
      {
        title: "Since",
        cell: (c) => el("a", { href: runAddress(runOf(c)) },
          moment(runOf(c).started)),
        sort: (c) => runOf(c).started,
      },
      { title: "Before", number: true,
        cell: (c) => changedValue(c.before, c.unit) },
      { title: "After", number: true,
        cell: (c) => changedValue(c.after, c.unit) },
      { title: "Ratio", number: true, cell: (c) => factor(c.after / c.before),
        sort: (c) => c.after / c.before },
      { title: "p", number: true, cell: (c) => probability(c.p),
        sort: (c) => c.p },
    ],
  });
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
    changesTable(groups),
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
function course({ key, network, metric, show, points }) {
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
  const lasting = DATA.changes.filter((c) =>
    c.network === network.name && c.metric === metric &&
    points.some((p) => p.run.id === c.run));
  sets.push(...lasting.map((change) => changeLine(change, points)));
  return plot({
    title: key,
    note: "over time; a machine whose fingerprint differs starts a new line",
    label: `${key} over ${points.length} runs. Arrow keys go through them; ` +
      "the numbers follow.",
    legend: legendOf([
      ...machines.map((m, i) => [`machine ${m}`, looks[i]]),
      ...(lasting.length > 0 ? [["lasting change", CHANGE_LOOK()]] : []),
    ]),
    datasets: sets,
    scales: {
      x: timeScale(points.map((p) => p.run.started)),
      y: scale("", show, span(points)),
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

const CHANGE_LOOK = () =>
  ({ color: css("--warn"), shape: "line", dash: [6, 4] });

// Upright, where a metric is no longer what it was.
function changeLine(change, points) {
  const at = points.find((p) => p.run.id === change.run).run.started;
  const values = points.flatMap((p) => [p.y, p.below, p.above])
    .filter((v) => v !== undefined);
  const says = `changed ${moment(at)}\n` +
    `${changedValue(change.before, change.unit)} to ` +
    changedValue(change.after, change.unit);
  return {
    type: "line",
    data: [{ x: at, y: Math.min(...values), says },
      { x: at, y: Math.max(...values) }],
    borderColor: css("--warn"),
    borderDash: [6, 4],
    borderWidth: 1.5,
    pointRadius: 0,
    pointHitRadius: 6,
  };
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
  if (unit === "J") return joules(value);
  if (unit === "s") return seconds(value);
  if (unit === "fraction") return percent(value, 2);
  const number = Number.isInteger(value) ? quantity(value) : digits(value, 4);
  return number + (unit ? " " + unit : "");
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
        { title: "Network", wrap: true, cell: (c) => c.network,
          sort: (c) => c.network },
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
