"use strict";
// What the reports say of runs and networks. README.md names the members of
// the data.

const DATA = JSON.parse(document.getElementById("data").textContent);

for (const network of DATA.runs.flatMap((run) => run.networks)) {
  for (const timing of network.timings) {
    Object.assign(timing, DATA.kinds[timing.kind]);
    timing.energy = timing.energy.map((index) => DATA.energies[index]);
  }
}

// A sentence that many runs share.
const sentence = (index) => DATA.texts[index] ?? "";

const STATUS_WORDS = {
  OK: "OK",
  METHOD_ERROR: "method error",
  CRASHED: "crashed",
  EXITED: "exited",
  TIMED_OUT: "timed out",
  OUT_OF_MEMORY: "out of memory",
  INVALID_SUBMISSION: "invalid submission",
  ABORTED: "aborted",
  HARNESS_ERROR: "harness error",
  UNSUPPORTED: "unsupported",
};
const VERDICT_WORDS = {
  VALID: "valid",
  DEGRADED: "degraded",
  INVALID: "invalid",
  VERDICT_UNSPECIFIED: "not judged",
};
const VERDICT_KINDS = { VALID: "good", DEGRADED: "warn", INVALID: "bad" };
const SCENARIO_WORDS = {
  SINGLE_STREAM: "single stream",
  MULTI_STREAM: "multi stream",
  OFFLINE: "offline",
  PREFILL: "prompt",
  DECODE: "new tokens",
  SERVER: "server",
};

const statusWord = (run) => STATUS_WORDS[run.status] ?? run.status;
const verdictWord = (verdict) => VERDICT_WORDS[verdict] ?? verdict;
const scenarioWord = (name) => SCENARIO_WORDS[name] ?? name;
const runAddress = (run) => "#run/" + encodeURIComponent(run.id);
const runName = (run) => `${run.method} on ${run.task}, seed ${run.seed}`;
const dense = (run) => run.networks.find((network) => network.dense);
const candidates = (run) => run.networks.filter((network) => !network.dense);

function statusMark(run) {
  if (run.status === "OK") return mark("good", "✓ OK");
  const stage = run.stage ? " in " + run.stage.toLowerCase() : "";
  return mark("bad", "✕ " + statusWord(run) + stage, run.message);
}

const VERDICT_SIGNS = { VALID: "✓ ", DEGRADED: "! ", INVALID: "✕ " };

function verdictMark(verdict) {
  const kind = VERDICT_KINDS[verdict] ?? "none";
  return mark(kind, (VERDICT_SIGNS[verdict] ?? "") + verdictWord(verdict));
}

// "bad" for what failed or cannot be trusted, "warn" for degraded timings.
function runKind(run) {
  if (run.status !== "OK" || run.verdict === "INVALID") return "bad";
  return run.verdict === "DEGRADED" ? "warn" : undefined;
}

// Why a record has no value: "UNAVAILABLE: no powercap folder".
function whyNot(record, otherwise = "not recorded") {
  if (!record || !record.state) return otherwise;
  const state = record.state.toLowerCase().replaceAll("_", " ");
  const why = sentence(record.why);
  return why ? `${state}: ${why}` : state;
}

// Of the split that the method never saw; in that precision if it was scored.
function quality(network, precision) {
  const test = network.quality.filter((q) => q.split === "test");
  const of = test.length > 0 ? test : network.quality;
  return of.find((q) => q.precision === precision) ?? of[0];
}

const scored = (q) => q !== undefined && q.value !== undefined;

const versusDense = (of) =>
  of?.versus?.difference === undefined ? undefined : of.versus;

// How much worse than the dense network of the run, as a fraction of it.
function relativeLoss(run, network, of) {
  const reference = dense(run) && quality(dense(run), "f32");
  if (!scored(of) || !scored(reference) || reference.value === 0) return;
  const change = of.value - reference.value;
  return (of.up ? -change : change) / Math.abs(reference.value);
}

const timingKey = (t) => `${t.scenario} ${t.batch}`;
function timingName(key) {
  const [scenario, batch] = key.split(" ");
  return `${scenarioWord(scenario)}, batch ${batch}`;
}

// Every timing that some network has, in words; single streams first.
function timingChoices(runs) {
  const keys = new Set(
    runs.flatMap((r) => r.networks.flatMap((n) => n.timings.map(timingKey))),
  );
  const rank = (key) => {
    const [scenario, batch] = key.split(" ");
    return Object.keys(SCENARIO_WORDS).indexOf(scenario) * 1e6 + Number(batch);
  };
  return [...keys]
    .sort((a, b) => rank(a) - rank(b))
    .map((key) => [key, timingName(key)]);
}

// {estimate, bound, why} of a percentile.
function percentile(timing, fraction) {
  const row = timing.p?.find(([f]) => Math.abs(f - fraction) < 1e-9);
  return row && { estimate: row[1], bound: row[2], why: sentence(row[3]) };
}

const median = (timing) => percentile(timing, 0.5)?.estimate;

// The network's fastest precision under that timing.
function fastest(network, key) {
  return network.timings
    .filter((t) => timingKey(t) === key && median(t) !== undefined)
    .sort((a, b) => median(a) - median(b))[0];
}

// The dense network's f32 under that timing: what speed-ups are against.
function denseTiming(run, key) {
  const timings = (dense(run)?.timings ?? []).filter(
    (t) => timingKey(t) === key && median(t) !== undefined,
  );
  return timings.find((t) => t.precision === "f32") ?? timings[0];
}

const measuredEnergy = (timing) =>
  timing.energy.find((e) => e.sample !== undefined);

// A limit that was asked for and is not met, or is not known to be.
const missedBudgets = (network) =>
  (network.budgets ?? []).filter((b) => !b.met);

const QUANTITY_WORDS = {
  macs_fraction: "MACs",
  sparsity: "sparsity",
  mean_bits: "mean bits",
  weight_bits: "weight bits",
  activation_bits: "activation bits",
  bytes: "bytes",
  latency_ns: "latency",
  joules: "energy",
};

function budgetValue(name, value) {
  if (name === "bytes") return bytes(value);
  if (name === "latency_ns") return nanoseconds(value);
  if (name === "joules") return joules(value);
  if (name === "macs_fraction") return percent(value) + " of dense";
  if (name === "sparsity") return percent(value);
  return quantity(value);
}

function budgetText(budget) {
  const name = QUANTITY_WORDS[budget.quantity] ?? budget.quantity;
  const sign = budget.relation === ">=" ? "≥" : "≤";
  return `${name} ${sign} ${budgetValue(budget.quantity, budget.asked)}`;
}

// The name of a candidate, from its limits: "sparsity ≥ 90.0 %".
function networkName(network) {
  if (network.dense) return "dense";
  if (network.budgets) return network.budgets.map(budgetText).join(", ");
  return network.name === "none" ? "no budget" : network.name;
}

// A network was changed as far as it says: its masks are gone, its integers
// are integers.
const isReal = (network) => network.material?.passed !== false;

const METHODS = [...new Set(DATA.runs.map((r) => r.method))].sort();
const TASKS = [...new Set(DATA.runs.map((r) => r.task))].sort();
