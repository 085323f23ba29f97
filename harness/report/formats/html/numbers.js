"use strict";
// Numbers as people read them, each with its unit.

const NONE = "–";

function digits(value, significant = 3) {
  // Rounded first: 0.9996 has its digits where 1.00 has them.
  const rounded = Math.abs(Number(value.toPrecision(significant)));
  if (rounded === 0) return "0";
  const places = significant - 1 - Math.floor(Math.log10(rounded));
  return value.toFixed(Math.min(Math.max(places, 0), 9)).replace("-", "−");
}

function scaled(value, steps) {
  const size = Math.abs(value);
  // 0.9995: what would be shown as 1000 belongs to the next unit.
  const step = steps.find(([unit]) => size >= unit * 0.9995) ?? steps.at(-1);
  return digits(value / step[0]) + " " + step[1];
}

const nanoseconds = (ns) =>
  scaled(ns, [[1e9, "s"], [1e6, "ms"], [1e3, "µs"], [1, "ns"]]);
const seconds = (s) =>
  s >= 60 ? minutes(s) : s === 0 ? "0 s" : nanoseconds(s * 1e9);
const quantity = (n) =>
  Number.isInteger(n) && Math.abs(n) < 1000
    ? String(n)
    : scaled(n, [[1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"], [1, ""]])
        .trimEnd();
const bytes = (n) =>
  scaled(n, [[2 ** 30, "GiB"], [2 ** 20, "MiB"], [2 ** 10, "KiB"], [1, "B"]]);
const joules = (j) =>
  scaled(j, [[1e3, "kJ"], [1, "J"], [1e-3, "mJ"], [1e-6, "µJ"], [1e-9, "nJ"]]);
const watts = (w) => scaled(w, [[1, "W"], [1e-3, "mW"]]);
const percent = (fraction, places = 1) =>
  (100 * fraction).toFixed(places).replace("-", "−") + " %";
const factor = (x) => digits(x) + "×";
const probability = (p) => (p < 0.001 ? "< 0.001" : p.toFixed(3));

function minutes(s) {
  const whole = Math.round(s);
  const pad = (n) => String(n).padStart(2, "0");
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${pad(whole % 60)} s`;
  return `${Math.floor(whole / 3600)} h ${pad(Math.round(whole / 60) % 60)} min`;
}

// A value of a metric: fractions in percent, others in their unit.
function metricValue(value, unit) {
  return unit === "fraction"
    ? percent(value, 2)
    : digits(value, 4) + (unit ? " " + unit : "");
}

function metricDifference(value, unit) {
  const sign = value > 0 ? "+" : "";
  return unit === "fraction"
    ? sign + (100 * value).toFixed(2).replace("-", "−") + " pp"
    : sign + digits(value, 3);
}

// [low, high, confidence] as "(1.2 to 1.4)"; the unit is the value's own.
function interval(range, show) {
  if (!range) return "";
  const confidence = range[2] ? `, ${percent(range[2], 0)}` : "";
  const [low, high] = [show(range[0]), show(range[1])];
  const unitOf = (text) => /[^\d.]*$/.exec(text)[0];
  const unit = unitOf(high);
  const bare = unit && unit === unitOf(low) ? low.slice(0, -unit.length) : low;
  return `(${bare} to ${high}${confidence})`;
}

function date(unix) {
  return new Date(unix * 1000).toLocaleDateString("en-GB", {
    day: "numeric",
    month: "short",
    year: "numeric",
    timeZone: "UTC",
  });
}

function moment(unix) {
  const iso = new Date(unix * 1000).toISOString();
  return `${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC`;
}

// "1 run", "3 runs".
function plural(count, word, many = word + "s") {
  return `${count} ${count === 1 ? word : many}`;
}
