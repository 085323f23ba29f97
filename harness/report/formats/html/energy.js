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

// Mean power before, during and after: what the meter's record holds.
function powerPlot(read) {
  const looks = read.map((_, index) => ({ ...lookOf(index), shape: "line" }));
  const names = read.map(({ network, timing, energy }) =>
    `${networkName(network)}, ${timingName(timingKey(timing))}, ` +
      `${timing.precision}, ${energy.meter}`);
  const sets = read.map(({ energy }, index) => {
    const idle = energy.idleSeconds ?? 0;
    const power = energy.gross / energy.window;
    const at = (x, y, what) => ({
      x, y, says: `${names[index]}\n${what}: ${watts(y)}`,
    });
    const before = energy.before !== undefined && idle > 0
      ? [at(-idle, energy.before, "idle before"), { x: 0, y: energy.before }]
      : [];
    const after = energy.after !== undefined && idle > 0
      ? [at(energy.window, energy.after, "idle after"),
        { x: energy.window + idle, y: energy.after }] : [];
    return {
      type: "line",
      data: [...before, at(0, power, "timed region"),
        { x: energy.window, y: power }, ...after],
      borderColor: looks[index].color,
      borderWidth: 2,
      pointRadius: 0,
      pointHitRadius: 8,
    };
  });
  return plot({
    title: "Mean power before, during and after the timed region",
    note: "A record keeps the energy of each window, not its course.",
    label: "Mean power of " + names.join("; ") + ". The table above has the " +
      "numbers.",
    legend: legendOf(names.map((name, index) => [name, looks[index]])),
    datasets: sets,
    scales: {
      x: scale("Since the timed region began", (v) =>
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
