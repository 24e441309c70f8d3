// What was: a bar for each circuit, plots, outages, decisions and the story.

import { drawPlots } from "./plots.js";
import { at, clock, day, el, fill, minute, say, seconds, span, ticks, time } from "./words.js";

const ASK = { day: "the last day", week: "the last week", month: "the last month" };
const TICKS = [1, 2, 4, 6, 12, 24, 48, 5 * 24, 7 * 24, 14 * 24].map((hours) => hours * 3600);
const ROOM = 52; // pixels that a tick's words need

async function get(path) {
  const answer = await fetch(`api/${path}`, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer.json();
}

export async function drawPast(range, circuits) {
  const asked = (what) => get(`${what}?range=${range}`);
  const [timeline, outages, decisions, history, ...samples] = await Promise.all([
    asked("timeline"), asked("outages"), get("decisions"), asked("history"),
    ...circuits.map((each) => get(`samples?range=${range}&circuit=${encodeURIComponent(each)}`)),
  ]);
  drawTimeline(timeline, range);
  say("summary", summary(outages, timeline, range));
  drawOutages(outages.outages, range);
  drawDecisions(decisions.decisions);
  drawHistory(history, range);
  drawPlots(samples, range, ASK[range]);
}

function summary({ totals }, { circuits, switchovers }, range) {
  const names = circuits.map(({ name }) => name).filter((name) => name in totals);
  const parts = names.map((name) => {
    const each = totals[name];
    const share = each.available === null ? "not watched" : `available ${(100 * each.available).toFixed(3)} %`;
    const out = each.outages ? `, ${each.outages} outage${each.outages > 1 ? "s" : ""}, ${span(each.down)} in all` : "";
    return `${name} ${share}${out}, in use for ${span(each.used)}`;
  });
  const moves = switchovers.length;
  const moved = moves ? `${moves} switchover${moves > 1 ? "s" : ""}` : "no switchover";
  const told = parts.length ? `${parts.join("; ")}; ${moved}.` : "nothing was watched.";
  return `In ${ASK[range]}: ${told}`;
}

const percent = (t, { start, end }) => `${Math.min(100, Math.max(0, (100 * (t - start)) / (end - start)))}%`;

function stretch(line, [from, to, state], what, use = "") {
  const made = el("i", { className: use, title: `${what}: ${clock(from)} to ${clock(to)}, ${span(to - from)}`, data: { state } });
  made.style.left = percent(from, line);
  made.style.width = `${(100 * (to - from)) / (line.end - line.start)}%`;
  return made;
}

let bars = null; // as last drawn, to be drawn anew at another width
addEventListener("resize", () => bars && drawTimeline(...bars));

function drawTimeline(line, range) {
  bars = [line, range];
  const lanes = line.circuits.map(({ name, health }) => {
    const used = line.active.filter((each) => each[2] === name);
    const downs = health.filter((each) => each[2] === "down").length;
    const inUse = used.reduce((sum, [from, to]) => sum + to - from, 0);
    const label = `${name} in ${ASK[range]}: ${downs ? `down ${downs} time${downs > 1 ? "s" : ""}` : "never down"}, in use for ${span(inUse)}`;
    return el("div", { className: "lane" },
      el("p", { title: name }, name),
      el("div", { className: "stretches", role: "img", "aria-label": label },
        ...health.map((each) => stretch(line, each, each[2])),
        ...used.map(([from, to]) => stretch(line, [from, to, "active"], "in use", "use"))));
  });
  const scale = el("div", { className: "ticks", "aria-hidden": "true" });
  const room = (ROOM * (line.end - line.start)) / Math.max(200, at("timeline").clientWidth - 100);
  const step = TICKS.find((each) => each >= room && (range === "day" || each >= 86400)) ?? TICKS.at(-1);
  for (const t of ticks(line, step)) {
    const edge = 0.03 * (line.end - line.start); // where a label would stand out
    if (t < line.start + edge || t > line.end - edge) continue;
    const tick = el("span", {}, range === "day" ? minute(t) : day(t));
    tick.style.left = percent(t, line);
    scale.append(tick);
  }
  fill(at("timeline"), ...lanes, el("div", { className: "lane" }, el("span"), scale));
}

function drawOutages(rows, range) {
  const body = rows.map((each) =>
    el("tr", {},
      el("th", { scope: "row" }, each.circuit),
      el("td", {}, time(each.began)),
      el("td", {}, each.ended ? time(each.ended) : "goes on"),
      el("td", { className: "figure" }, each.length),
      el("td", {}, each.because)));
  if (!body.length) body.push(el("tr", {}, el("td", { colSpan: 5, className: "none" }, `None in ${ASK[range]}.`)));
  fill(at("outages"), ...body);
}

function drawDecisions(rows) {
  const made = rows.slice(0, 8).map((each) =>
    el("li", {},
      el("p", { className: "rule" }, el("code", {}, each.target ? `${each.rule} → ${each.target}` : each.rule), time(each.at)),
      el("p", {}, each.because)));
  fill(at("decisions"), ...(made.length ? made : [el("li", { className: "none" }, "None yet.")]));
}

function drawHistory({ lines, more }, range) {
  const rows = lines.map((each) => el("li", {}, time(each.at), el("span", {}, each.told)));
  if (!rows.length) rows.push(el("li", { className: "none" }, `Nothing in ${ASK[range]}.`));
  if (more) rows.push(el("li", {}, el("span"), el("span", {}, "Older: wanfailover history")));
  fill(at("history"), ...rows);
}
