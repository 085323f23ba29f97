"use strict";
// Plots by Chart.js in the colours of the page, with intervals, usable by
// keyboard, and with their numbers in a table below.

const SHAPES = ["circle", "triangle", "rect", "rectRot", "star"];
const SERIES = 8;
const charts = new Set();

const css = (name) =>
  getComputedStyle(document.documentElement).getPropertyValue(name).trim();

// The same look for a method in every plot.
function lookOf(index) {
  return {
    color: css(`--series-${(index % SERIES) + 1}`),
    shape: SHAPES[(index + Math.floor(index / SERIES)) % SHAPES.length],
  };
}

// Bars for `low`/`high` (across) and `below`/`above` (upright) of a point.
const INTERVALS = {
  id: "intervals",
  beforeDatasetsDraw(chart) {
    const { ctx, scales, chartArea } = chart;
    ctx.save();
    ctx.beginPath();
    ctx.rect(chartArea.left, chartArea.top, chartArea.width, chartArea.height);
    ctx.clip();
    ctx.lineWidth = 1;
    chart.data.datasets.forEach((set, index) => {
      if (!chart.isDatasetVisible(index)) return;
      ctx.strokeStyle = set.borderColor;
      ctx.globalAlpha = 0.55;
      for (const point of set.data) {
        drawInterval(ctx, scales, point);
      }
    });
    ctx.restore();
  },
};

function drawInterval(ctx, { x, y }, point) {
  const at = x.getPixelForValue(point.x);
  const level = y.getPixelForValue(point.y);
  ctx.beginPath();
  if (point.above !== undefined) {
    ctx.moveTo(at, y.getPixelForValue(point.below));
    ctx.lineTo(at, y.getPixelForValue(point.above));
  }
  if (point.high !== undefined) {
    ctx.moveTo(x.getPixelForValue(point.low), level);
    ctx.lineTo(x.getPixelForValue(point.high), level);
  }
  ctx.stroke();
}

function scale(title, show, rest = {}) {
  return {
    title: { display: true, text: title, color: css("--soft") },
    grid: { color: css("--line"), borderColor: css("--strong-line") },
    ticks: {
      color: css("--soft"),
      maxRotation: 0,
      autoSkipPadding: 18,
      callback: (value) => show(value),
    },
    ...rest,
  };
}

// A logarithmic axis marks 1, 2 and 5 of each power of ten.
function logScale(title, show, rest = {}) {
  const base = scale(title, show, rest);
  base.type = "logarithmic";
  base.ticks.callback = (value) => {
    const lead = value / 10 ** Math.floor(Math.log10(value) + 1e-9);
    const marked = [1, 2, 5].some((step) => Math.abs(lead - step) < 1e-6);
    return marked ? show(value) : null;
  };
  return base;
}

// The limits of an upright axis that holds the points and their intervals.
function span(points) {
  const values = points.flatMap((p) => [p.y, p.below, p.above])
    .filter((v) => v !== undefined);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const room = 0.06 * (high - low) || 0.05 * Math.abs(high) || 1;
  return { suggestedMin: low - room, suggestedMax: high + room };
}

function font() {
  Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
  Chart.defaults.font.size = 12;
  Chart.defaults.color = css("--ink");
}

// A figure: caption, plot and the same numbers as a table.
//   datasets  Chart.js's; a point's `open` is where Enter and a click lead,
//             `says` what it is in words
//   scales    {x, y} from scale() or logScale()
function plot({ title, note, label, datasets, scales, numbers, legend }) {
  const canvas = el("canvas", {
    tabindex: "0",
    role: "img",
    "aria-label": label,
  });
  const node = el(
    "figure",
    {},
    el("figcaption", {}, title, note && el("span", { class: "soft" },
      " " + note)),
    legend,
    el("div", { class: "canvas" }, canvas),
    numbers && el("details", {}, el("summary", {}, "The numbers"), numbers),
  );
  // Chart.js measures the element, which must be in the page by then.
  queueMicrotask(() => startChart(canvas, datasets, scales));
  return node;
}

function startChart(canvas, datasets, scales) {
  if (!canvas.isConnected) return;
  font();
  const chart = new Chart(canvas, {
    type: "scatter",
    data: { datasets },
    plugins: [INTERVALS],
    options: {
      animation: false,
      maintainAspectRatio: false,
      interaction: { mode: "nearest", intersect: true },
      onClick: (event, hits) => follow(chart, hits[0]),
      onHover: (event, hits) => {
        canvas.style.cursor = pointOf(chart, hits[0])?.open ? "pointer" : "";
      },
      scales,
      plugins: {
        legend: { display: false },
        tooltip: {
          displayColors: false,
          filter: (item) => item.raw.says !== undefined,
          callbacks: { label: (item) => item.raw.says.split("\n") },
        },
      },
    },
  });
  charts.add(chart);
  canvas.addEventListener("keydown", (event) => walk(event, chart));
  canvas.addEventListener("blur", () => activate(chart, []));
}

const pointOf = (chart, hit) =>
  hit && chart.data.datasets[hit.datasetIndex].data[hit.index];

function follow(chart, hit) {
  const address = pointOf(chart, hit)?.open;
  if (address) location.hash = address;
}

function activate(chart, hits) {
  const meta = hits[0] && chart.getDatasetMeta(hits[0].datasetIndex);
  const { x, y } = meta ? meta.data[hits[0].index] : { x: 0, y: 0 };
  chart.setActiveElements(hits);
  chart.tooltip.setActiveElements(hits, { x, y });
  chart.update();
}

// Arrows go through the points from left to right.
function walk(event, chart) {
  const points = chart.data.datasets
    .flatMap((set, datasetIndex) =>
      set.data.map((point, index) => ({ datasetIndex, index, point })),
    )
    .filter(({ point }) => point.says !== undefined)
    .sort((a, b) => a.point.x - b.point.x);
  const now = chart.getActiveElements()[0];
  if (event.key === "Enter") follow(chart, now);
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!step || points.length === 0) return;
  event.preventDefault();
  const at = points.findIndex(
    (p) => p.datasetIndex === now?.datasetIndex && p.index === now?.index,
  );
  const start = at < 0 && step < 0 ? 0 : at;
  const next = points[(start + step + points.length) % points.length];
  activate(chart, [{ datasetIndex: next.datasetIndex, index: next.index }]);
  say(next.point.says.replaceAll("\n", ", "));
}

// Charts whose figures have left the page.
function sweepCharts() {
  for (const chart of charts) {
    if (chart.canvas?.isConnected) continue;
    chart.destroy();
    charts.delete(chart);
  }
}

// A legend that says what each shape and colour is.
function legendOf(entries) {
  return el(
    "ul",
    { class: "legend" },
    entries.map(([name, look]) => {
      const canvas = el("canvas", { width: "28", height: "28",
        "aria-hidden": "true" });
      canvas.style.width = canvas.style.height = "14px";
      const ctx = canvas.getContext("2d");
      ctx.scale(2, 2);
      ctx.strokeStyle = ctx.fillStyle = look.color;
      ctx.lineWidth = 2;
      if (look.shape === "line") {
        ctx.setLineDash(look.dash ?? []);
        ctx.beginPath();
        ctx.moveTo(0, 7);
        ctx.lineTo(14, 7);
        ctx.stroke();
      } else {
        Chart.helpers.drawPoint(
          ctx, { pointStyle: look.shape, radius: 5, borderWidth: 2 }, 7, 7);
      }
      return el("li", {}, canvas, name);
    }),
  );
}
