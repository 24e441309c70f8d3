// Small helpers: elements without markup in strings, and times: the agent's clock says which instant
// it is, the browser's zone how each is told, by the rules that held then.

export function el(name, options = {}, ...children) {
  const { data = {}, ...rest } = options;
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(rest)) {
    if (value === undefined || value === null) continue;
    if (key in made) made[key] = value;
    else made.setAttribute(key, value);
  }
  Object.assign(made.dataset, data);
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

export const at = (id) => document.getElementById(id);

/** Say *text* at an element, and touch it only where that is news: readers need not start anew. */
export function say(id, text) {
  const place = at(id);
  if (place.textContent !== (text ?? "")) place.textContent = text ?? "";
}

/** Have *place* hold *fresh*, and touch only what differs: focus, scroll and a reader's place stay. */
export function fill(place, ...fresh) {
  const old = [...place.childNodes];
  fresh.forEach((node, i) => {
    const made = typeof node === "string" ? document.createTextNode(node) : node;
    if (i < old.length) settle(old[i], made);
    else place.append(made);
  });
  old.slice(fresh.length).forEach((node) => node.remove());
}

function settle(old, fresh) {
  if (old.isEqualNode(fresh)) return;
  if (old.nodeName !== fresh.nodeName) return old.replaceWith(fresh);
  if (old.nodeType === Node.TEXT_NODE) return void (old.data = fresh.data);
  for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name) && name !== "open") old.removeAttribute(name);
  for (const { name, value } of fresh.attributes) {
    if (name === "style") old.style.cssText = fresh.style.cssText; // the policy lets no attribute be
    else if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  fill(old, ...fresh.childNodes);
}

let skew = 0; // seconds by which this browser's clock is ahead of the agent's

export function learnClock(stamp) {
  skew = Date.now() / 1000 - seconds(stamp);
  const east = stamp.slice(-6);
  const same = wall(seconds(stamp)).toTimeString().slice(12, 17) === east.replace(":", "");
  say("zone", same ? "" : `Times within sentences are the agent's, UTC${east}; all others are this browser's.`);
}

export const now = () => Date.now() / 1000 - skew;
export const seconds = (stamp) => Date.parse(stamp) / 1000;

const wall = (t) => new Date(t * 1000);
const local = (t) => t - wall(t).getTimezoneOffset() * 60; // seconds by the clock on the wall

/** The instants between two at which the clock on the wall shows a multiple of *step* seconds. */
export function* ticks({ start, end }, step) {
  for (let shown = Math.ceil(local(start) / step) * step; ; shown += step) {
    const t = new Date(1970, 0, 1, 0, 0, shown) / 1000;
    if (!(t < end)) return;
    yield t;
  }
}

const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");
export const day = (t) => `${wall(t).getDate()} ${MONTHS[wall(t).getMonth()]}`;
export const minute = (t) => wall(t).toTimeString().slice(0, 5);
export function clock(t) {
  const told = wall(t).toTimeString().slice(0, 8);
  return day(t) === day(now()) ? told : `${day(t)} ${told}`;
}

/** A length of time, as `wanfailover/wording.py` tells it. */
export function span(length) {
  if (length < 60) return `${length < 10 && length % 1 ? length.toFixed(1) : Math.round(length)} s`;
  const minutes = Math.round(length / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours >= 48) return `${Math.floor(hours / 24)} days`;
  return minutes % 60 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
}

export const time = (stamp) => el("time", { dateTime: stamp }, clock(seconds(stamp)));
