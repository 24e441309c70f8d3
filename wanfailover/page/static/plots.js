// Loss and round trips, by uPlot; and what they show as a sentence and a table, for whoever does not
// see them.

import { at, clock, day, el, fill, minute } from "./words.js";

const drawn = new Map(); // by circuit: its figure, and the plot in it
const sync = uPlot.sync("past");

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const known = (column) => column.filter((each) => each !== null);
const ms = (value) => (value === null || value === undefined ? "–" : `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`);
const pct = (value) => (value === null || value === undefined ? "–" : `${value && value < 10 ? value.toFixed(1) : Math.round(value)} %`);

/** A column's middle. */
function median(column) {
  const sorted = known(column).sort((a, b) => a - b);
  return sorted.length ? sorted[Math.floor(sorted.length / 2)] : null;
}

const most = (column) => known(column).reduce((a, b) => Math.max(a, b), -Infinity);
const mean = (column) => known(column).reduce((a, b) => a + b, 0) / known(column).length;

export function drawPlots(samples, range, span) {
  const names = samples.map((each) => each.circuit);
  for (const [name, { figure, plot }] of drawn)
    if (!names.includes(name)) {
      plot?.destroy();
      figure.remove();
      drawn.delete(name);
    }
  for (const each of samples) draw(each, range, span);
}

function figureOf(circuit) {
  const parts = {
    caption: el("figcaption"),
    place: el("div", { className: "plot", role: "img" }),
    table: el("div"),
    plot: null,
  };
  const folded = el("details", {}, el("summary", {}, `${circuit} as a table`), parts.table);
  parts.figure = el("figure", { className: "card" }, parts.caption, parts.place, folded);
  at("plots").append(parts.figure);
  drawn.set(circuit, parts);
  return parts;
}

function draw(sample, range, span) {
  const { circuit, columns, start, end } = sample;
  const scaled = (column, by) => column.map((each) => (each === null ? null : each * by));
  const data = [columns.t, scaled(columns.loss, 100), scaled(columns.p50, 1000), scaled(columns.p95, 1000)];
  const told = sentence(data, span);
  const parts = drawn.get(circuit) ?? figureOf(circuit);
  fill(parts.caption, circuit, el("span", {}, told));
  fill(parts.table, table(circuit, data, range));
  parts.place.setAttribute("aria-label", `Plot of loss and round trips of ${circuit}. ${told}`);
  parts.plot?.destroy();
  parts.plot = null;
  if (known(data[1]).length) {
    parts.place.replaceChildren();
    parts.plot = new uPlot(options(parts.place, range, start, end), data, parts.place);
  } else fill(parts.place, el("p", { className: "none" }, "Nothing was measured."));
  parts.again = () => draw(sample, range, span);
}

function sentence([, loss, p50, p95], span) {
  if (!known(loss).length) return `Nothing was measured in ${span}.`;
  if (!known(p50).length) return `In ${span} nothing came back.`;
  return `In ${span}: ${ms(median(p50))} at the median, ${ms(most(p95))} at the worst (95th percentile), ${pct(mean(loss))} lost.`;
}

function options(place, range, start, end) {
  const soft = colour("--soft"), grid = { stroke: colour("--grid"), width: 1 };
  const axis = { stroke: soft, grid, ticks: { show: false }, font: "12px system-ui, sans-serif" };
  const line = (label, name, value) => ({ label, scale: "ms", stroke: colour(name), width: 1.5, points: { show: false }, value: (_, v) => value(v) });
  return {
    width: place.clientWidth || 400,
    height: 168,
    cursor: { sync: { key: sync.key }, drag: { x: false, y: false }, points: { size: 6 } },
    scales: {
      x: { range: [start, end] },
      ms: { range: (_, low, high) => [0, Math.max(5, (high ?? 5) * 1.1)] },
      pct: { range: (_, low, high) => [0, Math.max(10, high ?? 10)] },
    },
    series: [
      { label: "at", value: (_, t) => (t === null ? "–" : clock(t)) },
      { label: "lost", scale: "pct", stroke: colour("--loss"), fill: `${colour("--loss")}88`, width: 0, points: { show: false },
        paths: uPlot.paths.bars({ size: [1] }), value: (_, v) => pct(v) },
      line("median", "--p50", ms),
      line("95th percentile", "--p95", ms),
    ],
    axes: [
      { ...axis, size: 30, values: (_, splits) => splits.map((t) => (range === "day" ? minute(t) : day(t))), space: 60,
        incrs: range === "day" ? [3600, 7200, 14400, 21600] : [86400, 2 * 86400, 5 * 86400, 7 * 86400] },
      { ...axis, scale: "ms", size: 52, values: (_, splits) => splits.map((v) => `${v} ms`) },
      { ...axis, scale: "pct", side: 1, size: 48, grid: { show: false }, values: (_, splits) => splits.map((v) => `${v} %`) },
    ],
  };
}

/** The same in a dozen rows. */
function table(circuit, [t, loss, p50, p95], range) {
  const each = Math.max(1, Math.ceil(t.length / 12));
  const rows = [];
  for (let from = 0; from < t.length; from += each) {
    const part = (column) => column.slice(from, from + each);
    const any = (column, fold) => (known(part(column)).length ? fold(part(column)) : null);
    rows.push(el("tr", {},
      el("th", { scope: "row" }, range === "day" ? minute(t[from]) : `${day(t[from])} ${minute(t[from])}`),
      el("td", { className: "figure" }, pct(any(loss, mean))),
      el("td", { className: "figure" }, ms(any(p50, median))),
      el("td", { className: "figure" }, ms(any(p95, most)))));
  }
  const head = ["From", "Lost", "Median", "95th percentile, worst"];
  return el("table", {},
    el("caption", { className: "unseen" }, `Loss and round trips of ${circuit}`),
    el("thead", {}, el("tr", {}, ...head.map((name, i) => el("th", { scope: "col", className: i ? "figure" : "" }, name)))),
    el("tbody", {}, ...rows));
}

const again = () => [...drawn.values()].forEach((each) => each.again());
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
new ResizeObserver(() => {
  for (const { plot, place } of drawn.values())
    if (plot && place.clientWidth && place.clientWidth !== plot.width) plot.setSize({ width: place.clientWidth, height: 168 });
}).observe(at("plots"));
