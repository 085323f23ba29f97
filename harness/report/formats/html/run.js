"use strict";
// One run in full.

function runView(run) {
  const sections = [
    ["Repeat it", repeatSection(run)],
    ["Networks", networkSection(run)],
    ...(withPaths(run).length > 0 ? [["Paths", pathSection(run)]] : []),
    ["Timings", timingSection(run)],
    ["Latencies", histogramSection(run)],
    ["Energy", energySection(run)],
    ["Cost of compressing", ledgerSection(run)],
    ["Machine during the timings", machineSection(run)],
    ["Environment", environment(DATA.machines[run.machine])],
  ];
  return [
    el("p", { class: "back" }, el("a", { href: "#runs" }, "← All runs")),
    el(
      "div",
      { class: "one-head" },
      el("h1", { id: "one-title", tabindex: "-1" },
        `${run.method} on ${run.task}`),
      el("span", {}, statusMark(run), " ",
        verdictMark(run.verdict), el("span", { class: "soft" }, " timings")),
    ),
    outcome(run),
    facts([
      ["Seed", run.seed],
      ["Budgets", (run.asked ?? []).join("; ") || "none"],
      ["Settings", sentence(run.settings)],
      ["Plugin", sentence(run.plugin)],
      ["Data", sentence(run.data)],
      ["Backend", [run.backend, run.device].filter(Boolean).join(", ")],
      ["Suite", run.suite],
      ["Started", `${moment(run.started)}, took ${seconds(run.seconds)}`],
      ["Run", el("code", {}, run.id)],
    ]),
    sections.map(([title, content]) => [el("h2", {}, title), content]),
  ];
}

// What went wrong, with the plugin's last words.
function outcome(run) {
  if (run.status === "OK") return undefined;
  return el(
    "div",
    { class: "notice bad" },
    el(
      "p",
      {},
      `This run ${run.status === "CRASHED" ? "" : "ended with "}` +
        `${statusWord(run)}` +
        (run.signal ? ` (${run.signal})` : "") +
        (run.stage ? ` in ${run.stage.toLowerCase()}` : "") +
        (run.hook ? `, ${run.hook}` : "") +
        (run.message ? `: ${run.message}` : "."),
    ),
    run.log && [
      el("p", { class: "soft" }, "Its last words:"),
      el("pre", {}, run.log.join("\n")),
    ],
  );
}

function repeatSection(run) {
  if (!run.command) return words("The report names no command.");
  const machine = DATA.machines[run.machine];
  const revision = machine?.revision;
  return [
    el("p", { class: "soft" },
      "From the top of the source tree" +
        (revision ? ` at revision ${revision.slice(0, 12)}` : "") +
        (machine?.modified ? ", which had changes of its own" : "") + ":"),
    command(run.command),
  ];
}

function networkSection(run) {
  return table({
    caption: "What was scored. Differences are to the dense network on the " +
      "same items" + (run.tuned ? ", and to the dense network after as much " +
      "training as the method had" : "") + "; p is two-sided.",
    empty: "No network was scored: the run ended before.",
    rows: run.networks.flatMap((network) =>
      (network.quality.length > 0 ? network.quality : [undefined]).map((of) => ({
        network,
        of,
        versus: versusDense(of),
      })),
    ),
    kind: (r) => !isReal(r.network) || missedBudgets(r.network).length > 0
      ? "bad" : undefined,
    columns: [
      { title: "Network", cell: (r) => networkName(r.network) },
      {
        title: "Quality",
        number: true,
        cell: (r) => qualityCell(r.of),
      },
      {
        title: "Metric",
        cell: (r) => r.of && `${r.of.metric}, ${r.of.split}, ${r.of.precision}`,
      },
      {
        title: "Difference",
        number: true,
        cell: (r) => r.versus && withRange(
          metricDifference(r.versus.difference, r.of.unit),
          interval(r.versus.in, (v) => metricDifference(v, r.of.unit)) +
            ` p ${probability(r.versus.p)}`),
      },
      {
        title: "Answers lost, won",
        number: true,
        cell: (r) => r.versus && (r.versus.lost || r.versus.won)
          ? `${r.versus.lost ?? 0}, ${r.versus.won ?? 0}` : undefined,
      },
      ...(run.tuned ? [{
        title: "Difference with the same allowance",
        number: true,
        cell: (r) => r.of?.versusTuned?.difference !== undefined && withRange(
          metricDifference(r.of.versusTuned.difference, r.of.unit),
          interval(r.of.versusTuned.in,
            (v) => metricDifference(v, r.of.unit)) +
            ` p ${probability(r.of.versusTuned.p)}`),
      }] : []),
      {
        title: "Parameters",
        number: true,
        cell: (r) => costCell(r, "parameters", quantity),
      },
      {
        title: "Density",
        number: true,
        cell: (r) => costCell(r, "density", (v) => percent(v)),
      },
      {
        title: "Bits",
        number: true,
        cell: (r) => costCell(r, "bits", (v) => digits(v)),
      },
      { title: "MACs", number: true,
        cell: (r) => costCell(r, "macs", quantity) },
      { title: "On disk", number: true,
        cell: (r) => costCell(r, "disk", bytes) },
      {
        title: "Peak memory",
        number: true,
        cell: (r) => r.network.memory.peak !== undefined
          ? bytes(r.network.memory.peak) : undefined,
      },
      {
        title: "Budget",
        wrap: true,
        cell: (r) => budgetCell(r.network),
      },
      {
        title: "Compressed in fact",
        wrap: true,
        cell: (r) => materialCell(r.network),
      },
    ],
  });
}

const costCell = (row, key, show) =>
  row.network.cost[key] === undefined ? undefined : show(row.network.cost[key]);

function budgetCell(network) {
  if (network.dense || !network.budgets) return undefined;
  return network.budgets.map((budget) =>
    el("div", {},
      budget.met ? mark("good", "✓ met") : mark("bad", "✕ missed"),
      budget.reached === undefined
        ? " " + whyNot(budget)
        : " " + budgetValue(budget.quantity, budget.reached)));
}

function materialCell(network) {
  const { material } = network;
  if (material?.passed === undefined) return undefined;
  const left = [
    material.masks && plural(material.masks, "mask") + " left",
    material.fakes && plural(material.fakes, "fake quantizer") + " left",
    material.integerKernels > 0 &&
      `${material.integerKernels} of ${material.weightKernels} kernels in ` +
        "integers",
    material.sparseKernels > 0 &&
      `${material.sparseKernels} of ${material.weightKernels} kernels leave ` +
        "zeros out",
  ].filter(Boolean);
  return [
    material.passed ? mark("good", "✓ yes") : mark("bad", "✕ no"),
    left.length > 0 ? " " + left.join(", ") : "",
  ];
}

// --- Latency.

const allTimings = (run) =>
  run.networks.flatMap((network) =>
    network.timings.map((timing) => ({ network, timing })),
  );

function timingSection(run) {
  const at = (fraction) => ({ timing }) => {
    const p = percentile(timing, fraction);
    if (!p) return undefined;
    if (p.bound === null) {
      return ["refused", el("span", { class: "range why" }, p.why)];
    }
    return withRange(nanoseconds(p.estimate), `≤ ${nanoseconds(p.bound)}`);
  };
  return table({
    caption: "Latencies of a query from its scheduled time. Below each " +
      "percentile stands the bound that holds with 99 % confidence.",
    empty: "Nothing was timed.",
    rows: allTimings(run),
    kind: (r) => (r.timing.state ? "bad" : undefined),
    columns: [
      { title: "Network", cell: (r) => networkName(r.network) },
      {
        title: "Timing",
        wrap: true,
        cell: (r) => r.timing.state
          ? [timingName(timingKey(r.timing)) + ": ", whyNot(r.timing)]
          : timingName(timingKey(r.timing)),
      },
      {
        title: "Precision",
        wrap: true,
        cell: ({ timing }) => withRange(timing.precision, timing.tuned),
      },
      { title: "p50", number: true, cell: at(0.5) },
      { title: "p90", number: true, cell: at(0.9) },
      { title: "p99", number: true, cell: at(0.99) },
      {
        title: "Samples per second",
        number: true,
        cell: ({ timing }) => timing.perSecond && withRange(
          quantity(timing.perSecond), interval(timing.perSecondIn, quantity)),
      },
      {
        title: "Queries, effective",
        number: true,
        cell: ({ timing }) => timing.queries && withRange(
          quantity(timing.queries), quantity(Math.round(timing.effective))),
      },
      {
        title: "Drift",
        number: true,
        cell: ({ timing }) => timing.drift !== undefined && withRange(
          percent(timing.drift, 2), `p ${probability(timing.driftP)}`),
      },
      {
        title: "Speed-up",
        number: true,
        cell: ({ timing: { gain: g } }) => {
          return g && withRange(factor(g.measured),
            `${interval(g.in, factor)} against ${g.against}`);
        },
      },
      {
        title: "Of what MACs predict",
        number: true,
        cell: ({ timing }) => timing.gain && percent(timing.gain.realised, 0),
      },
    ],
  });
}

const spread = new Map();  // the timing chosen in a run's histogram

function histogramSection(run) {
  const choices = timingChoices([run]);
  if (choices.length === 0) {
    return words("No latencies: nothing was timed.");
  }
  const key = spread.get(run.id) ?? choices[0][0];
  const rows = allTimings(run).filter(({ timing }) =>
    timingKey(timing) === key && timing.kept?.counts);
  const controls = el("div", { class: "controls" },
    chooser("Timed as", choices, key, (value) => {
      spread.set(run.id, value);
      route();
    }));
  if (rows.length === 0) {
    const without = allTimings(run).find(
      ({ timing }) => timingKey(timing) === key);
    const record = without?.timing.kept ?? without?.timing;
    return [controls, words("No latencies were kept: " + whyNot(record))];
  }
  return [controls, histogram(rows, key)];
}

function histogram(rows, key) {
  const looks = rows.map((_, index) => ({ ...lookOf(index), shape: "line" }));
  // All on the coarsest one's edges, so that heights compare.
  const steps = Math.min(...rows.map(({ timing }) => timing.kept.steps));
  const sets = rows.map(({ network, timing }, index) => ({
    type: "line",
    data: outline(merged(timing.kept, steps), networkName(network), timing),
    stepped: true,
    fill: false,
    borderColor: looks[index].color,
    borderWidth: 2,
    pointRadius: 0,
    pointHitRadius: 6,
  }));
  const names = rows.map(({ network, timing }) =>
    `${networkName(network)}, ${timing.precision}`);
  const edges = sets.flatMap((set) => set.data.map((point) => point.x));
  return plot({
    title: "How the latencies are spread",
    note: `(${timingName(key)}; bins of equal relative width)`,
    label: `Histogram of latencies of ${names.join(" and ")}; the table of ` +
      "timings above has the percentiles.",
    legend: legendOf(names.map((name, index) => [name, looks[index]])),
    datasets: sets,
    scales: {
      x: histogramScale(Math.min(...edges), Math.max(...edges)),
      y: scale("Share of queries (%)", (v) => digits(100 * v), { min: 0 }),
    },
    numbers: histogramTable(rows),
  });
}

// A span of less than a decade has few marks of 1, 2, 5: take all there are.
function histogramScale(low, high) {
  const axis = logScale("Latency", nanoseconds, { min: low, max: high });
  if (high / low < 12) {
    axis.type = "linear";
    axis.ticks.callback = (value) => nanoseconds(value);
    axis.ticks.includeBounds = false;
  }
  return axis;
}

function merged(kept, steps) {
  const ratio = kept.steps / steps;
  const first = Math.floor(kept.first / ratio);
  const counts = [];
  kept.counts.forEach((count, index) => {
    const bin = Math.floor((kept.first + index) / ratio) - first;
    counts[bin] = (counts[bin] ?? 0) + count;
  });
  return { steps, first, counts: Array.from(counts, (c) => c ?? 0) };
}

function outline({ steps, first, counts }, name, timing) {
  const total = counts.reduce((a, b) => a + b, 0);
  const edge = (bin) => 2 ** ((first + bin) / steps);
  const points = counts.map((count, bin) => ({
    x: edge(bin),
    y: count / total,
    says: `${name}, ${timing.precision}\n` +
      `${nanoseconds(edge(bin))} to ${nanoseconds(edge(bin + 1))}: ` +
      `${plural(count, "query", "queries")} (${percent(count / total)})`,
  }));
  return [
    { x: edge(0), y: 0 },
    ...points,
    { x: edge(counts.length), y: 0 },
  ];
}

function histogramTable(rows) {
  return table({
    caption: "Where the latencies lie",
    rows,
    columns: [
      { title: "Network", cell: (r) => networkName(r.network) },
      { title: "Precision", cell: (r) => r.timing.precision },
      { title: "Fastest", number: true,
        cell: (r) => nanoseconds(r.timing.min) },
      {
        title: "Mean",
        number: true,
        cell: ({ timing }) => withRange(nanoseconds(timing.mean),
          interval(timing.meanIn, nanoseconds)),
      },
      { title: "Slowest", number: true,
        cell: (r) => nanoseconds(r.timing.max) },
    ],
  });
}

// --- What it took.

function ledgerSection(run) {
  const spent = [
    ["the method", run.ledger],
    ["the dense network", run.denseLedger],
    ...(run.tuned?.ledger
      ? [["the dense network, with the same allowance", run.tuned.ledger]] : []),
  ];
  return [
    table({
      caption: "What the method spent, and what training the dense network took.",
      rows: spent,
      columns: [
        { title: "Spent by", cell: ([name]) => name },
        ...[
          ["Training samples", "samples", quantity],
          ["Steps", "steps", quantity],
          ["Evaluations", "evaluations", quantity],
          ["Time", "seconds", seconds],
          ["CPU time", "cpu", seconds],
          ["Peak memory", "memory", bytes],
        ].map(([title, key, show]) => ({
          title,
          number: true,
          cell: ([, ledger]) => ledger[key] === undefined
            ? ledger.state && key === "samples"
              ? el("span", { class: "soft" }, whyNot(ledger)) : undefined
            : show(ledger[key]),
        })),
        {
          title: "Energy",
          wrap: true,
          cell: ([, ledger]) => ledger.joules !== undefined
            ? joules(ledger.joules)
            : el("span", { class: "soft" }, sentence(ledger.joulesWhy) || NONE),
        },
      ],
    }),
    run.ledger.exceeded && el("div", { class: "notice bad" },
      el("p", {}, "The method exceeded its allowance.")),
    timeTable(run),
  ].filter(Boolean);
}

const PHASE_WORDS = {
  METHOD: "the method",
  TRAINING: "training for it",
  SCORING: "scoring",
  TIMING: "timing",
  HARNESS: "the harness itself",
};

function timeTable(run) {
  if (!run.time.kinds) {
    return words("Where the time went: " + whyNot(run.time));
  }
  return table({
    caption: `Where ${seconds(run.time.total)} went.`,
    rows: Object.entries(run.time.kinds).sort((a, b) => b[1] - a[1]),
    columns: [
      { title: "Spent on", cell: ([kind]) => PHASE_WORDS[kind] ?? kind },
      { title: "Time", number: true, cell: ([, s]) => seconds(s) },
      {
        title: "Share",
        number: true,
        cell: ([, s]) => percent(s / run.time.total),
      },
      {
        title: "",
        cell: ([kind, s]) => el("meter", {
          class: "meter",
          value: String(s / run.time.total),
          "aria-label": `share of ${PHASE_WORDS[kind] ?? kind}`,
        }),
      },
    ],
  });
}

function machineSection(run) {
  const during = run.during;
  const rows = during.state
    ? [["During", whyNot(during)]]
    : [
      ["Watched for", seconds(during.seconds)],
      ["Used by this run", `${percent(during.own)} of all CPU time`],
      ["Used by others", `${percent(during.foreign)} of all CPU time` +
        (during.busiest ? `; most by ${during.busiest}, ` +
          seconds(during.busiestSeconds) : "")],
      ["Stolen by the hypervisor", `${percent(during.steal)} of all CPU time`],
      ["Throttle events", during.throttled],
      ["Involuntary switches", quantity(during.switches)],
    ];
  return [
    el("p", {}, verdictMark(run.verdict),
      run.verdict === "VALID" ? " Nothing speaks against the timings."
        : " because:"),
    (run.reasons ?? []).length > 0 && el("ul", {}, run.reasons.map((reason) =>
      el("li", {}, el("code", {}, reason.code), ` (${
        verdictWord(reason.severity)}): ${sentence(reason.message)}`))),
    facts(rows),
  ].filter(Boolean);
}

function environment(machine) {
  if (!machine || Object.keys(machine).length === 0) {
    return words("The report says nothing of where it was made.");
  }
  const m = machine;
  return facts([
    ["Processor", [m.cpu, m.cores && `${plural(m.cores, "core")}, ${
      plural(m.cpus ?? m.cores, "hardware thread")}`].filter(Boolean)
      .join(", ")],
    ["Caches", m.caches],
    ["Microcode", m.microcode],
    ["Memory", m.memory && bytes(m.memory)],
    ["Accelerators", (m.accelerators ?? []).join("; ")],
    ["Hypervisor", m.hypervisor],
    ["Container", m.container],
    ["System", [m.system, m.kernel].filter(Boolean).join(", ")],
    ["Drivers", m.drivers],
    ["Threads", m.threads &&
      `${m.threads}${m.affinity ? ", on CPUs " + m.affinity : ""}`],
    ["Variables", m.environment],
    ["Assay", [m.assay, m.revision && "revision " + m.revision.slice(0, 12),
      m.modified && "modified"].filter(Boolean).join(", ")],
    ["Compiler", [m.compiler, m.flags].filter(Boolean).join(", ")],
    ["Libraries", m.libraries],
    ["Fingerprint", m.fingerprint && el("code", {}, m.fingerprint)],
  ]);
}
