// The table of runs: one row a run, made once and then changed cell by cell, so that nothing blinks and focus stays.
import { NONE, ago, memory, score, speed, time, whole } from "./words.js";

export function made(name, attributes = {}, ...children) {
  const one = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === "text") one.textContent = value;
    else if (value !== false) one.setAttribute(key, value === true ? "" : value);
  }
  one.append(...children);
  return one;
}

// Sets a text only if it is another one.
function say(one, text) {
  if (one.textContent !== text) one.textContent = text;
}

const curve = (points) => points.map((y, x) => `${x ? "L" : "M"}${((x / (points.length - 1)) * 96 + 2).toFixed(1)} ${(23 - y * 0.2).toFixed(1)}`).join("");

// The columns: a title, whether it holds numbers, what it is sorted by, and how a cell shows a run.
export const COLUMNS = {
  run: { title: "run", sort: (run) => run.name, fill: fillName },
  state: { title: "state", sort: (run) => run.state, fill: fillState },
  step: { title: "step", number: true, sort: (run) => run.step, fill: fillStep },
  speed: { title: "images/s", number: true, sort: (run) => run.speed, fill: (cell, run) => say(cell, speed(run.speed)) },
  left: { title: "left", number: true, sort: (run) => run.left, fill: (cell, run) => say(cell, time(run.left)) },
  score: { title: "last score", number: true, sort: (run) => run.value, fill: fillScore },
  curve: { title: "curve", fill: fillCurve },
  memory: { title: "memory", number: true, sort: (run) => run.memory, fill: (cell, run) => say(cell, memory(run.memory)) },
  beat: { title: "heartbeat", number: true, sort: (run) => Date.parse(run.heartbeat ?? "") || null, fill: (cell, run) => say(cell, ago(run.heartbeat)) },
};

function fillName(cell, run) {
  if (!cell.querySelector("a")) cell.append(made("a", { href: `run?id=${run.id}` }), made("small"), made("small", { class: "bad why" }));
  const [link, about, why] = cell.querySelectorAll("a, small");
  say(link, run.name);
  const seed = known(run.seed) ? `seed ${run.seed}` : "";
  say(about, [run.method, run.data, seed].filter(Boolean).join(" · "));
  say(why, run.error ?? "");
}

function fillState(cell, run) {
  const chip = cell.firstChild ?? cell.appendChild(made("span"));
  chip.className = `mark ${run.state}`;
  say(chip, run.state);
  const events = cell.children[1] ?? cell.appendChild(made("small"));
  say(events, run.events ? `${run.events} note${run.events > 1 ? "s" : ""}` : "");
}

function fillStep(cell, run) {
  if (!cell.firstChild) cell.append(made("span"), made("span", { class: "track", "aria-hidden": true }, made("span")));
  say(cell.firstChild, run.total ? `${whole(run.step)} of ${whole(run.total)}` : whole(run.step));
  const share = run.total ? Math.min(1, run.step / run.total) : 0;
  cell.lastChild.hidden = !run.total;
  cell.lastChild.firstChild.style.width = `${100 * share}%`;
}

function fillScore(cell, run) {
  if (!cell.firstChild) cell.append(made("span"), made("small"));
  say(cell.firstChild, known(run.value) ? score(run.value) : NONE);
  say(cell.lastChild, run.metric ?? "");
}

function fillCurve(cell, run) {
  if (!cell.firstChild) {
    const svg = node("svg", { viewBox: "0 0 100 26", class: "spark", "aria-hidden": "true" }, cell);
    node("path", { fill: "none" }, svg);
    cell.append(made("small"));
  }
  cell.firstChild.firstChild.setAttribute("d", run.spark ? curve(run.spark.points) : "");
  say(cell.lastChild, run.spark?.name ?? "");
}

// A table of runs in `place`. `pick` is called with an id when its box is ticked; without it there are no boxes.
export class Table {
  constructor(place, pick = null) {
    this.pick = pick;
    this.runs = new Map();
    this.rows = new Map();
    this.order = { column: "", up: true };
    this.shows = () => true;
    const heads = Object.entries(COLUMNS).map(([key, column]) => this.head(key, column));
    this.body = made("tbody");
    const table = made("table", { class: "now" }, made("thead", {}, made("tr", {}, ...heads)), this.body);
    place.replaceChildren(made("div", { class: "scroll", role: "region", "aria-label": "Runs", tabindex: 0 }, table));
    setInterval(() => this.tick(), 5000);
  }

  head(key, column) {
    const button = column.sort && this.pick ? made("button", { type: "button", class: "sort", text: column.title }) : made("span", { text: column.title });
    button.addEventListener("click", () => this.sortBy(key, this.order.column === key ? !this.order.up : !column.number));
    return made("th", { scope: "col", class: `at-${key}${column.number ? " number" : ""}`, "data-column": key }, button);
  }

  // Takes news of the runs. Rows of studies are not for this table.
  take({ whole, gone, rows }) {
    if (whole) for (const id of this.runs.keys()) if (!rows.some((run) => run.id === id)) this.remove(id);
    gone.forEach((id) => this.remove(id));
    for (const run of rows) if (!run.id.startsWith("study-")) this.change(run);
    this.arrange();
  }

  change(run) {
    this.runs.set(run.id, run);
    if (!this.rows.has(run.id)) this.rows.set(run.id, this.row(run));
    const row = this.rows.get(run.id);
    row.dataset.state = run.state;
    for (const [key, column] of Object.entries(COLUMNS)) column.fill(row.cellsByName[key], run);
    if (this.pick) row.querySelector("input").setAttribute("aria-label", `Compare ${run.name}`);
  }

  row(run) {
    const cells = Object.entries(COLUMNS).map(([key, column]) =>
      made(key === "run" ? "th" : "td", { class: `at-${key}${column.number ? " number" : ""}`, scope: key === "run" ? "row" : false }));
    const row = made("tr", { "data-id": run.id }, ...cells);
    const name = made("div");
    const who = cells[0].appendChild(made("div", { class: "who" }, name));
    row.cellsByName = Object.fromEntries(Object.keys(COLUMNS).map((key, i) => [key, i ? cells[i] : name]));
    if (this.pick) {
      const box = made("input", { type: "checkbox", autocomplete: "off" });
      box.addEventListener("change", () => this.pick(run.id, box.checked));
      who.prepend(box);
    }
    return row;
  }

  remove(id) {
    this.runs.delete(id);
    this.rows.get(id)?.remove();
    this.rows.delete(id);
  }

  sortBy(column, up) {
    this.order = { column, up };
    for (const head of this.body.parentElement.querySelectorAll("th[data-column]")) {
      if (head.dataset.column === column) head.setAttribute("aria-sort", up ? "ascending" : "descending");
      else head.removeAttribute("aria-sort");
    }
    this.arrange();
    this.sorted?.();
  }

  // The ids that are shown, in their order: what runs first and then what was last heard of, unless a column is chosen.
  shown() {
    const { column, up } = this.order;
    const value = COLUMNS[column]?.sort ?? ((run) => (run.state === "running" ? 2e15 : 0) + (Date.parse(run.heartbeat ?? "") || 0));
    const keyed = [...this.runs.values()].filter(this.shows).map((run) => [value(run), run]);
    const order = (a, b) => (typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b)));
    const rising = column ? up : false;
    keyed.sort(([a, one], [b, other]) => {
      if (!known(a) || !known(b)) return (known(b) ? 1 : 0) - (known(a) ? 1 : 0) || one.name.localeCompare(other.name);
      return (rising ? order(a, b) : order(b, a)) || one.name.localeCompare(other.name, "en", { numeric: true });
    });
    return keyed.map(([, run]) => run.id);
  }

  // Puts the rows into their order. Rows that are in place stay untouched.
  arrange() {
    let next = this.body.firstChild;
    for (const id of this.shown()) {
      const row = this.rows.get(id);
      if (row === next) next = next.nextSibling;
      else this.body.insertBefore(row, next);
    }
    while (next) {
      const after = next.nextSibling;
      next.remove();
      next = after;
    }
  }

  tick() {
    for (const [id, run] of this.runs) if (run.state === "running") COLUMNS.beat.fill(this.rows.get(id).cellsByName.beat, run);
  }
}
