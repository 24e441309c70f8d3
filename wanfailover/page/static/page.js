// The page: a stream of how things stand, and what was, asked for again when something has changed.

import { drawLost, drawNow, tick } from "./now.js";
import { drawPast } from "./past.js";
import { at, learnClock, now, say } from "./words.js";

const SILENCE = 7000; // ms without an event, of which one comes every two seconds, until we say so
const PAST_EVERY = 60000; // ms

let stream = null;
let heard = null; // by the agent's clock
let fresh = 0; // by ours
let gist = "";
let circuits = [];

function listen() {
  stream?.close();
  stream = new EventSource("api/events");
  fresh = Date.now();
  stream.addEventListener("now", (message) => {
    const event = JSON.parse(message.data);
    fresh = Date.now();
    learnClock(event.at);
    heard = now();
    link("live", "live");
    drawNow(event);
    changed(event.status);
  });
}

function link(state, words) {
  at("link").dataset.link = state;
  say("link", words);
}

/** What was may be another when any of this is. */
function changed(status) {
  circuits = Object.keys(status.health);
  const states = Object.values(status.health).map((each) => each.state);
  const told = JSON.stringify([status.active, status.decision?.rule, status.switchover, states]);
  if (told === gist) return;
  const first = gist === "";
  gist = told;
  setTimeout(past, first ? 0 : 700); // what is decided is written down a moment later
}

const range = () => document.querySelector("input[name=range]:checked").value;

let asking = false;
let askAgain = false;
async function past() {
  if (asking) return void (askAgain = true);
  asking = true;
  try {
    await drawPast(range(), circuits);
  } catch (error) {
    say("summary", "What was cannot be told now; it is asked for again in a minute.");
  }
  asking = false;
  if (askAgain) {
    askAgain = false;
    past();
  }
}

setInterval(() => {
  tick();
  if (document.hidden || Date.now() - fresh < SILENCE) return;
  link("lost", "no word from the agent");
  drawLost(heard);
  listen();
}, 1000);
setInterval(() => document.hidden || past(), PAST_EVERY);

document.querySelectorAll("input[name=range]").forEach((each) => each.addEventListener("change", past));
document.addEventListener("visibilitychange", () => {
  if (document.hidden) stream.close();
  else {
    listen();
    if (circuits.length) past();
  }
});

listen();
