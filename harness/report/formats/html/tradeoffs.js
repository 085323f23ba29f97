"use strict";
// Quality against what a network costs, with the front of what nothing beats.

const trade = { task: undefined, timing: undefined };

// `points` gives [x, low, high, precision] for a network, or nothing.
const AXES = [
  {
    title: "MACs per sample",
    noun: "MACs per sample",
    show: quantity,
    points: (run, network) => costPoint(network, network.cost.macs),
  },
  {
    title: "Bytes on disk",
    noun: "bytes on disk",
    show: bytes,
    binary: true,
    points: (run, network) => costPoint(network, network.cost.disk),
  },
  {
    title: "Median latency",
    noun: "median latency",
    show: nanoseconds,
    timed: true,
    points: (run, network) =>
      timedPoints(network, (timing) => {
        const half = percentile(timing, 0.5);
        if (!half) return undefined;
        return [half.estimate, half.estimate, half.bound ?? half.estimate];
      }),
  },
  {
    title: "Energy per sample",
    noun: "energy per sample",
    show: joules,
    timed: true,
    points: (run, network) =>
      timedPoints(network, (timing) => {
        const energy = measuredEnergy(timing);
        if (!energy) return undefined;
        const [low, high] = energy.grossIn ?? [energy.gross, energy.gross];
        const share = energy.sample / energy.gross;
        return [energy.sample, low * share, high * share];
      }),
  },
];

const costPoint = (network, x) =>
  x === undefined ? [] : [{ x, of: quality(network) }];

function timedPoints(network, read) {
  return network.timings
    .filter((timing) => timingKey(timing) === trade.timing)
    .flatMap((timing) => {
      const at = read(timing);
      if (!at) return [];
      const [x, low, high] = at;
      const of = quality(network, timing.precision);
      return [{ x, low, high, of, precision: timing.precision }];
    });
}

function tradeoffs(runs) {
  const tasks = TASKS.filter((t) => runs.some((r) => r.task === t));
  if (tasks.length === 0) {
    return [words("No run is shown. Loosen the filters above.")];
  }
  if (!tasks.includes(trade.task)) trade.task = tasks[0];
  const mine = runs.filter((run) => run.task === trade.task);
  const timings = timingChoices(mine);
  if (!timings.some(([key]) => key === trade.timing)) {
    trade.timing = timings[0]?.[0];
  }
  const methods = METHODS.filter((m) => mine.some((r) => r.method === m));
  const looks = new Map(methods.map((m) => [m, lookOf(METHODS.indexOf(m))]));
  const denseLook = { color: css("--ink"), shape: "crossRot" };
  return [
    el(
      "div",
      { class: "controls" },
      chooser("Task", tasks.map((t) => [t, t]), trade.task, (value) => {
        trade.task = value;
        redraw("tradeoffs");
      }),
      timings.length > 0 &&
        chooser("Timed as", timings, trade.timing, (value) => {
          trade.timing = value;
          redraw("tradeoffs");
        }),
    ),
    legendOf([
      ["dense", denseLook],
      ...looks,
      ["front: nothing shown is both better and cheaper",
        { color: css("--soft"), shape: "line", dash: [4, 3] }],
    ]),
    el("p", { class: "soft" },
      "Bars are intervals; a latency's reaches from its estimate to its bound. " +
      "Hollow points were timed on a machine in a degraded state."),
    el(
      "div",
      { class: "plots" },
      AXES.map((axis) => tradeoff(axis, mine, looks, denseLook)),
    ),
  ];
}

// Every network as a point; equal dense networks once.
function tradePoints(axis, runs) {
  const points = [];
  const seen = new Set();
  for (const run of runs) {
    for (const network of run.networks) {
      for (const { x, low, high, of, precision } of axis.points(run, network)) {
        if (!scored(of) || !(x > 0)) continue;
        const key = `${network.artifact} ${x} ${of.value}`;
        if (network.dense && !axis.timed && seen.has(key)) continue;
        seen.add(key);
        const name = network.dense ? "dense" : run.method;
        points.push({
          x, low, high, y: of.value, of, run, network, name, precision,
          below: of.in?.[0], above: of.in?.[1],
          open: runAddress(run),
          says: [
            `${name}${network.dense ? "" : ", " + networkName(network)}` +
              `${precision ? ", " + precision : ""}, seed ${run.seed}`,
            `${axis.title}: ${axis.show(x)}`,
            `${of.metric}: ${metricValue(of.value, of.unit)} ` +
              interval(of.in, (v) => metricValue(v, of.unit)),
          ].join("\n"),
        });
      }
    }
  }
  return points;
}

// Those that no other is better and cheaper than, from cheap to dear.
function front(points) {
  const better = (a, b) => (a.of.up ? a.y > b.y : a.y < b.y);
  const chain = [];
  const order = [...points].sort(
    (a, b) => a.x - b.x || (better(a, b) ? -1 : 1),
  );
  for (const point of order) {
    if (chain.length === 0 || better(point, chain.at(-1))) chain.push(point);
  }
  return chain;
}

function tradeoff(axis, runs, looks, denseLook) {
  const points = tradePoints(axis, runs);
  if (points.length === 0) {
    return el("figure", {}, el("figcaption", {}, axis.title),
      words(whyNoPoints(axis, runs)));
  }
  const best = front(points);
  const { of } = points[0];
  const sets = [["dense", denseLook], ...looks].map(([name, look]) => {
    const data = points.filter((p) => p.name === name);
    const hollow = (p) => axis.timed && p.run.verdict !== "VALID";
    return {
      data,
      borderColor: look.color,
      pointBackgroundColor: data.map((p) =>
        hollow(p) ? css("--card") : look.color),
      pointStyle: look.shape,
      pointRadius: 5,
      pointHoverRadius: 7,
      borderWidth: 2,
    };
  });
  sets.push({
    type: "line",
    data: best.map(({ x, y }) => ({ x, y })),
    stepped: "before",
    borderColor: css("--soft"),
    borderDash: [4, 3],
    borderWidth: 1.5,
    pointRadius: 0,
    pointHitRadius: 0,
  });
  const way = of.up ? "higher is better" : "lower is better";
  return plot({
    title: `${of.metric} against ${axis.noun}`,
    note: `${way}; to the left is cheaper`,
    label:
      `${of.metric} against ${axis.title} of ${points.length} networks on ` +
      `${trade.task}. Arrow keys go through the points; the numbers follow.`,
    datasets: sets,
    scales: {
      x: costScale(axis, points),
      y: of.unit === "fraction"
        ? scale(`${of.metric} (%)`, (v) => digits(100 * v), span(points))
        : scale(`${of.metric} (${of.unit})`, (v) => digits(v), span(points)),
    },
    numbers: tradeTable(axis, points, new Set(best)),
  });
}

// Logarithmic where the costs span orders of magnitude.
function costScale(axis, points) {
  const values = points.flatMap((p) => [p.x, p.low, p.high])
    .filter((v) => v > 0);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  if (high / low >= 10) {
    return logScale(axis.title, axis.show, { min: low / 1.25, max: high * 1.25 });
  }
  // Never so near that 5 % fill the plot.
  const room = Math.max(0.12 * (high - low), 0.025 * high);
  let [min, max] = [Math.max(0, low - room), high + room];
  let stepSize;
  if (axis.binary) {
    stepSize = 2 ** Math.ceil(Math.log2((max - min) / 6));
    min = Math.floor(min / stepSize) * stepSize;
    max = Math.ceil(max / stepSize) * stepSize;
  }
  const linear = scale(axis.title, axis.show, { min, max });
  Object.assign(linear.ticks, { includeBounds: false, stepSize });
  return linear;
}

function whyNoPoints(axis, runs) {
  const networks = runs.flatMap((run) => run.networks);
  if (networks.length === 0) return "No run on this task scored a network.";
  const reasons = new Set();
  for (const network of networks) {
    if (!axis.timed) {
      if (network.cost.state) reasons.add(whyNot(network.cost));
      continue;
    }
    for (const timing of network.timings) {
      if (timing.state) reasons.add(whyNot(timing));
      for (const energy of timing.energy) {
        if (energy.state) reasons.add(`${energy.meter}: ${whyNot(energy)}`);
      }
    }
  }
  if (reasons.size === 0) {
    return axis.title.startsWith("Energy")
      ? "No meter was read: the reports hold no record of energy."
      : "No network was timed.";
  }
  return `Nothing to plot. ${[...reasons].slice(0, 3).join("; ")}.`;
}

function tradeTable(axis, points, best) {
  return table({
    caption: `${axis.title} and quality on ${trade.task}`,
    rows: points,
    order: { column: 1, down: false },
    columns: [
      {
        title: "Network",
        cell: (p) => [
          el("a", { href: p.open }, p.name),
          p.network.dense ? "" : " " + networkName(p.network),
          p.precision ? ` ${p.precision}` : "",
        ],
        sort: (p) => p.name,
      },
      {
        title: axis.title,
        number: true,
        cell: (p) => axis.show(p.x),
        sort: (p) => p.x,
      },
      {
        title: "Quality",
        number: true,
        cell: (p) => qualityCell(p.of),
        sort: (p) => p.y,
      },
      {
        title: "On the front",
        cell: (p) => (best.has(p) ? "yes" : ""),
        sort: (p) => (best.has(p) ? 0 : 1),
      },
    ],
  });
}
