"use strict";
// What a run says of energy, in numbers or in words.

function energySection(run) {
  const rows = allTimings(run).flatMap(({ network, timing }) =>
    timing.energy.map((energy) => ({ network, timing, energy })));
  const read = rows.filter(({ energy }) => energy.gross !== undefined);
  if (read.length === 0) {
    const reasons = new Set(rows.map(({ energy }) =>
      `${energy.meter || "no meter"}: ${whyNot(energy)}`));
    return words(reasons.size > 0
      ? "No energy is stated. " + [...reasons].join("; ") + "."
      : "No energy is stated: no meter was found on this machine, and nothing " +
        "takes the place of a reading.");
  }
  return [energyTable(rows), powerPlot(read), payback(run)];
}

function energyTable(rows) {
  const stated = (read) => (r) => r.energy.gross === undefined
    ? el("span", { class: "soft" }, whyNot(r.energy)) : read(r.energy);
  return table({
    caption: "Energy over the timed region, gross and less the idle power.",
    rows,
    columns: [
      { title: "Network", cell: (r) => networkName(r.network) },
      {
        title: "Timing",
        cell: (r) =>
          `${timingName(timingKey(r.timing))}, ${r.timing.precision}`,
      },
      {
        title: "Meter",
        wrap: true,
        cell: (r) => [[r.energy.meter, r.energy.scope].filter(Boolean)
          .join(", "), r.energy.state === "ESTIMATED" &&
          mark("warn", "estimated", sentence(r.energy.why))],
      },
      {
        title: "Per sample, gross",
        number: true,
        cell: stated((e) => joules(e.sample)),
      },
      {
        title: "Per sample, net",
        number: true,
        cell: stated((e) => e.netSample === undefined
          ? el("span", { class: "soft" }, sentence(e.netWhy))
          : joules(e.netSample)),
      },
      {
        title: "Gross",
        number: true,
        cell: stated((e) => withRange(joules(e.gross),
          interval(e.grossIn, joules))),
      },
      {
        title: "Net",
        number: true,
        cell: stated((e) => e.net === undefined ? NONE
          : withRange(joules(e.net), interval(e.netIn, joules))),
      },
      { title: "Window", number: true,
        cell: stated((e) => seconds(e.window)) },
      {
        title: "Second source",
        cell: stated((e) => e.against
          ? `${e.against}, differs by ${percent(e.disagreement)}` : "none"),
      },
    ],
  });
}

// The power between two readings, and the idle power around them.
function powerPoints(energy, at) {
  const idle = energy.idleSeconds ?? 0;
  const spans = energy.trace?.length > 0 ? energy.trace
    : [[0, energy.window, energy.gross / energy.window]];
  const end = spans[spans.length - 1][1];
  const before = energy.before !== undefined && idle > 0
    ? [at(-idle, energy.before, "idle before"), { x: 0, y: energy.before }]
    : [];
  const after = energy.after !== undefined && idle > 0
    ? [at(end, energy.after, "idle after"),
      { x: end + idle, y: energy.after }] : [];
  const during = spans.flatMap(([from, to, power], i) => [
    // Other variants' blocks lie between: no line across them.
    ...(i > 0 && from > spans[i - 1][1] ? [{ x: from, y: NaN }] : []),
    at(from, power, energy.trace ? "between two readings" : "timed region"),
    { x: to, y: power },
  ]);
  return [...before, ...during, ...after];
}

// Power before, during and after: what the meter's record holds.
function powerPlot(read) {
  const looks = read.map((_, index) => ({ ...lookOf(index), shape: "line" }));
  const names = read.map(({ network, timing, energy }) =>
    `${networkName(network)}, ${timingName(timingKey(timing))}, ` +
      `${timing.precision}, ${energy.meter}`);
  const sets = read.map(({ energy }, index) => {
    const at = (x, y, what) => ({
      x, y, says: `${names[index]}\n${what}: ${watts(y)}`,
    });
    return {
      type: "line",
      data: powerPoints(energy, at),
      borderColor: looks[index].color,
      borderWidth: 2,
      pointRadius: 0,
      pointHitRadius: 8,
    };
  });
  return plot({
    title: "Power before, during and after the timed region",
    note: "Between two readings of a meter its mean. A record without readings " +
      "has the mean of its window.",
    label: "Power of " + names.join("; ") + ". The table above has the " +
      "numbers.",
    legend: legendOf(names.map((name, index) => [name, looks[index]])),
    datasets: sets,
    scales: {
      x: scale("Since the session began", (v) =>
        v === 0 ? "0 s" : (v < 0 ? "−" : "") + seconds(Math.abs(v))),
      y: scale("Power", watts, { min: 0 }),
    },
  });
}

function payback(run) {
  const known = candidates(run).filter((n) => n.payback.inferences !== undefined);
  return known.map((network) => el("p", {},
    `${networkName(network)} wins back the energy of its making after `,
    ...withRange(`${quantity(network.payback.inferences)} inferences`,
      interval(network.payback.in, quantity)), "."));
}
