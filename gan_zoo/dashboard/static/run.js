// The page of one run or of several: new lines go into the plots, and parts of the page that have changed are replaced.
import { keep, press } from "./keep.js";
import { Table, made } from "./rows.js";
import { follow } from "./stream.js";

const REST = 1500; // least milliseconds between two pages that are asked for
const POINTS = 900; // points of a curve beyond which the server thins it anew
const ids = new Set(Object.keys(data.live));
const table = new Table(document.getElementById("now"));
const notice = document.querySelector("footer").appendChild(made("strong", { class: "bad", role: "status" }));
let asked = 0; // when the page was asked for last
let waiting = null;

follow((news) => {
  const rows = news.rows.filter((row) => ids.has(row.id));
  table.take({ whole: news.whole, gone: news.gone, rows });
  const lost = [...ids].filter((id) => news.gone.includes(id) || (news.whole && news.ready && !rows.some((row) => row.id === id)));
  if (lost.length) notice.textContent = " A run of this page was removed: what is shown of it is what was read before.";
  for (const row of rows) {
    const seen = data.live[row.id]?.seen;
    if (seen && seen.join() !== [row.state, row.scored, row.grid, row.events].join()) refresh();
    if (row.lines !== data.live[row.id]?.lines) grow(row);
  }
}, (text) => (notice.textContent = text && ` ${text}`));

// Asks for the lines of a run after those that the page has.
async function grow(row) {
  const cursor = data.live[row.id];
  if (!cursor || cursor.isAsking) return;
  cursor.isAsking = true;
  try {
    const answer = await fetch(`api/lines?id=${row.id}&generation=${cursor.generation}&after=${cursor.position}`);
    if (!answer.ok || data.live[row.id] !== cursor) return; // the run, or this state of the page, is gone
    const { restart, lines, position } = await answer.json();
    Object.assign(cursor, { position, lines: row.lines });
    if (restart || !append(cursor.name, lines)) refresh();
  } finally {
    cursor.isAsking = false;
  }
  const newest = table.runs.get(row.id); // what came while this was asked
  if (newest && newest.lines !== cursor.lines) grow(newest);
}

// Puts lines into the curves of a run. Returns whether each of its curves had a place for them.
function append(name, lines) {
  const curves = [
    ...data.losses.flatMap((panel) => panel.terms.flatMap((term) => term.runs.map((run) => [run, term.name]))),
    ...data.speed.groups.flatMap((group) => group.runs.map((run) => [run, "images_per_second"])),
  ].filter(([run]) => run.name === name);
  for (const [run, term] of curves) {
    for (const line of lines) if (term in line) run.points.push([line.step, line.images ?? null, line.seconds ?? null, line[term]]);
  }
  for (const figure of drawn) if (figure.dataset.plot !== "score" && figure.isConnected) figure.redraw();
  return curves.length > 0 && curves.every(([run]) => run.points.length < POINTS);
}

// Asks for the page anew, not too often, and puts in place what has changed.
function refresh() {
  if (waiting) return;
  waiting = setTimeout(async () => {
    asked = Date.now();
    try {
      const answer = await fetch(location.href.split("#")[0]);
      if (answer.ok) replace(new DOMParser().parseFromString(await answer.text(), "text/html"));
    } finally {
      waiting = null;
    }
  }, Math.max(0, asked + REST - Date.now()));
}

function replace(page) {
  data = JSON.parse(page.getElementById("data").textContent);
  const there = new Map([...document.querySelectorAll("[data-part]")].map((part) => [part.dataset.part, part]));
  let last = document.getElementById("now");
  for (const part of page.querySelectorAll("[data-part]")) {
    const key = part.dataset.part;
    const html = part.outerHTML;
    const old = there.get(key);
    there.delete(key);
    if (old && sent.get(key) === html) {
      last = old.closest("main") ? old : last;
      continue;
    }
    sent.set(key, html);
    const fresh = document.importNode(part, true);
    const restore = old ? keep(old) : () => {};
    old ? old.replaceWith(fresh) : last.after(fresh);
    wire(fresh);
    restore(fresh);
    last = fresh.closest("main") ? fresh : last;
  }
  for (const [key, part] of there) {
    sent.delete(key);
    part.remove();
  }
  hush();
  for (const figure of drawn) if (figure.isConnected) figure.redraw();
}

// Axes, scale and smoothing are part of the address, for whoever gets the link. A link sets all plots.
const set = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
if (location.hash) {
  for (const controls of document.querySelectorAll(".controls")) {
    press(controls, set);
    for (const figure of controls.closest("section").querySelectorAll(".plot")) {
      Object.assign(figure.dataset, set);
      if (drawn.has(figure)) figure.redraw();
    }
  }
}
for (const kind of ["click", "input"]) {
  document.querySelector("main").addEventListener(kind, ({ target }) => {
    const controls = target.closest(".controls");
    const figure = controls?.closest("section").querySelector(".plot");
    if (!figure) return;
    const said = ["axis", "log", "smooth"].filter((name) => figure.dataset[name]).map((name) => [name, figure.dataset[name]]);
    history.replaceState(null, "", `${location.pathname}${location.search}#${new URLSearchParams(said)}`);
  });
}
