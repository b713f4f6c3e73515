// The list: which runs are shown, in which order, and which are picked. The address says it all, so that it can be sent.
import { Table, made } from "./rows.js";
import { follow } from "./stream.js";

const at = (id) => document.getElementById(id);
const address = new URLSearchParams(location.search);
const STATES = ["running", "finished", "interrupted", "failed", "stale", "damaged"];
const off = new Set((address.get("hide") ?? "").split(",").filter(Boolean));
const picked = new Set((address.get("picked") ?? "").split(",").filter(Boolean));
const studies = new Map();
const table = new Table(at("runs"), pick);
at("search").value = address.get("q") ?? "";

// A run is shown if every word is found in what its row says.
table.shows = (run) => {
  if (off.has(run.state)) return false;
  if (at("study").value && run.study !== at("study").value) return false;
  const text = `${run.name} ${run.study} ${run.method} ${run.model} ${run.data} ${run.state} ${run.metric ?? ""} ${run.error ?? ""}`.toLowerCase();
  return at("search").value.toLowerCase().split(/\s+/).every((word) => text.includes(word));
};

function write() {
  const query = new URLSearchParams();
  const said = {
    q: at("search").value, hide: [...off].join(","), study: at("study").value, picked: [...picked].join(","),
    sort: table.order.column && `${table.order.up ? "" : "-"}${table.order.column}`,
  };
  for (const [name, value] of Object.entries(said)) if (value) query.set(name, value);
  history.replaceState(null, "", String(query) ? `?${query}` : "./");
}

function show() {
  table.arrange();
  tell();
  write();
}

// Texts around the table: how many runs there are and are shown, and what is picked.
function tell() {
  const count = table.body.rows.length;
  const all = table.runs.size;
  const running = [...table.runs.values()].filter((run) => run.state === "running").length;
  at("count").textContent = `${all} run${all === 1 ? "" : "s"}${running ? `, ${running} running` : ""}${count < all ? `, ${count} shown` : ""}${ready ? "" : " so far ..."}`;
  at("none").hidden = count > 0 || !ready;
  at("none").textContent = all ? "No run is like that." : "There is no run yet: gan-zoo fit makes one, and it appears here.";
  for (const button of at("states").children) {
    const number = [...table.runs.values()].filter((run) => run.state === button.dataset.state).length;
    button.hidden = !number && !off.has(button.dataset.state);
    button.lastChild.textContent = number;
  }
  for (const id of picked) if (ready && !table.runs.has(id)) picked.delete(id);
  for (const [id, row] of table.rows) row.querySelector("input").checked = picked.has(id);
  at("picked").hidden = picked.size === 0;
  at("picked-count").textContent = `${picked.size} run${picked.size === 1 ? "" : "s"} picked`;
  at("compare").href = `compare?ids=${[...picked].join(",")}`;
}

function pick(id, is) {
  is ? picked.add(id) : picked.delete(id);
  tell();
  write();
}

for (const state of STATES) {
  const button = made("button", { type: "button", "data-state": state, "aria-pressed": !off.has(state) ? "true" : "false" },
    made("span", { class: `mark ${state}`, text: state }), made("span", { class: "quiet" }));
  button.addEventListener("click", () => {
    off.has(state) ? off.delete(state) : off.add(state);
    button.setAttribute("aria-pressed", String(!off.has(state)));
    show();
  });
  at("states").append(button);
}

// Studies: a bar of their cells by state. A click shows the runs of one.
function drawStudies() {
  const all = [...studies.values()].sort((a, b) => a.name.localeCompare(b.name));
  at("studies").hidden = all.length === 0;
  at("study-chooser").hidden = all.length === 0;
  const chosen = at("study").value || address.get("study") || "";
  at("study").replaceChildren(made("option", { value: "", text: "all" }), ...[...new Set(all.map((one) => one.name))].map((name) => made("option", { value: name, text: name })));
  at("study").value = all.some((one) => one.name === chosen) ? chosen : "";
  at("studies").replaceChildren(...all.map((study) => {
    const parts = Object.entries(study.counts).sort(([a], [b]) => order(a) - order(b));
    const bar = made("span", { class: "track", "aria-hidden": true }, ...parts.map(([state, count]) => {
      const part = made("span", { class: `part ${state}` });
      part.style.width = `${(100 * count) / study.cells}%`;
      return part;
    }));
    return made("div", { class: "study" }, made("strong", { text: study.name }), bar,
      made("span", { class: "quiet", text: `${study.cells} run${study.cells === 1 ? "" : "s"}: ${parts.map(([state, count]) => `${count} ${state}`).join(", ")}` }));
  }));
}
const order = (state) => (["finished", "running", "waiting"].indexOf(state) + 9) % 9;

let ready = false;
follow((news) => {
  ready = news.ready;
  const known = news.rows.filter((row) => row.id.startsWith("study-"));
  if (news.whole) studies.clear();
  for (const id of news.gone) studies.delete(id);
  for (const row of known) studies.set(row.id, row);
  if (known.length || news.whole || news.gone.length) drawStudies();
  table.take(news);
  tell();
}, (text) => (at("link").textContent = text));

const sort = address.get("sort");
if (sort) table.sortBy(sort.replace("-", ""), !sort.startsWith("-"));
table.sorted = write;
at("search").addEventListener("input", show);
at("study").addEventListener("change", show);
at("filters").addEventListener("submit", (event) => event.preventDefault());
at("clear").addEventListener("click", () => {
  picked.clear();
  tell();
  write();
});

// Keys. Single letters can be turned off, as some people speak to their browser.
at("keys").checked = localStorage.getItem("keys") !== "off";
at("keys").addEventListener("change", () => localStorage.setItem("keys", at("keys").checked ? "on" : "off"));

function move(by) {
  const rows = [...table.body.rows];
  const now = rows.indexOf(document.activeElement.closest("tr"));
  rows[Math.max(0, Math.min(rows.length - 1, now + by))]?.querySelector("a").focus();
}

const keys = {
  "/": () => at("search").focus(),
  j: () => move(1),
  k: () => move(-1),
  x: () => document.activeElement.closest("tr")?.querySelector("input")?.click(),
  c: () => picked.size && at("compare").click(),
};
addEventListener("keydown", (event) => {
  const isTyping = document.activeElement.matches("input[type=search], select");
  if (event.key === "Escape" && document.activeElement === at("search")) {
    at("search").value = "";
    at("search").blur();
    show();
  } else if (!isTyping && at("keys").checked && event.key in keys && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    keys[event.key]();
  }
});
