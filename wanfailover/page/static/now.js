// How things stand: drawn from each event of the stream.

import { at, clock, el, fill, now, say, seconds, span } from "./words.js";

const VERDICTS = { ok: "All is well", warning: "Attention", critical: "Critical" };

let last = null;

export function drawNow(event) {
  const { status, words, findings } = event;
  const before = last?.status;
  last = event;
  const level = findings[0]?.[0] ?? "ok";
  const switching = status.switchover?.outcome === "running";
  at("now").dataset.level = level;
  say("verdict", switching ? "Switching now" : VERDICTS[level]);
  const where = status.active ?? "neither circuit";
  const lead = `${status.site} is on `;
  fill(at("where"), el("span", { className: "lead" }, lead), where);
  document.title = `${level === "ok" ? "" : "! "}${where} · ${status.site} · wanfailover`;
  tick();
  say("why", words.decision);
  say("next", words.next);
  say("last", words.last);
  at("last-row").hidden = !words.last;
  say("agent", words.agent);
  drawFindings(findings, words);
  drawCircuits(status, words);
  drawOffice(status, words);
  if (before && (before.active !== status.active || switching !== (before.switchover?.outcome === "running")))
    say("said", switching ? `Switching: ${words.last}` : words.where);
}

/** What grows by itself between two events. */
export function tick() {
  const since = last?.status.since;
  if (!since) return say("since", "");
  say("since", `since ${clock(seconds(since))}, ${span(Math.max(0, Math.round(now() - seconds(since))))}`);
}

/** No word comes: what is shown is old. */
export function drawLost(heard) {
  at("now").dataset.level = "lost";
  say("verdict", heard ? `No word from the agent since ${clock(heard)}: this is what it said last` : "No word from the agent");
}

function drawFindings(findings, words) {
  const notes = [...words.wishes, words.deaf, ...words.reds].filter(Boolean).map((each) => ["note", each]);
  const rows = [...findings, ...notes];
  at("findings").hidden = !rows.length;
  fill(at("findings"), ...rows.map(([level, text]) => el("li", { data: { level } }, text)));
}

const figure = (value, unit, what) =>
  el("div", {}, el("b", {}, value === null ? "–" : `${value} ${unit}`), el("span", {}, what));

function drawCircuits(status, words) {
  fill(
    at("circuits"),
    ...Object.entries(status.health).map(([name, each]) => {
      const used = name === status.active;
      return el(
        "li",
        { "aria-current": used ? "true" : null },
        el("h3", {}, name, el("span", { className: "tag", data: { state: each.state } }, each.state),
          used ? el("span", { className: "tag", data: { state: "active" } }, "in use") : null),
        el("div", { className: "big" },
          figure(each.rtt_ms, "ms", "round trip"),
          figure(each.loss === null ? null : Math.round(each.loss * 100), "%", "lost"),
          each.since ? figure(span(Math.max(0, Math.round(now() - seconds(each.since)))), "", each.state) : null),
        el("p", {}, words.circuits[name]),
      );
    }),
  );
}

function drawOffice(status, words) {
  const rows = status.tunnels.map((each) => [
    [`Tunnel ${each.name}`, el("span", { className: "tag", data: { state: each.state } }, each.state)],
    words.tunnels[each.name],
  ]);
  for (const [what, sentence] of words.rounds) rows.push([[what], sentence]);
  if (!rows.length) rows.push([["Nothing to watch"], "The profile has neither tunnels nor mail."]);
  fill(
    at("office"),
    ...rows.map(([name, text]) => el("div", {}, el("dt", {}, ...name), el("dd", {}, text))),
  );
}
