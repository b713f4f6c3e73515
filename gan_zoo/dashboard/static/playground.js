// The playground: a form with the controls that the run has, and the picture that they make.
// What is set is part of the address, so that a reload or a link shows the same picture.
const NEWS = 15000; // milliseconds after which a run is asked whether it has new weights
const main = document.getElementById("playground");
const form = document.getElementById("controls");
const status = document.getElementById("status");
const figure = document.getElementById("picture");
const image = figure.querySelector("img");
const id = encodeURIComponent(main.dataset.id);
const client = Array.from(crypto.getRandomValues(new Uint32Array(3)), (part) => part.toString(36)).join("");
let modes = [];
let mode = null; // the mode that is shown
let values = {}; // values of its controls that differ from the defaults, by name
let asking = null; // ends the request that is under way
let shown = ""; // tag of the picture

function made(kind, attributes = {}, ...children) {
  const element = document.createElement(kind);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

// Fields: each calls `set` with a text when it changes.
function whole(control, value, set) {
  const input = made("input", { type: "number", min: control.least, max: control.most, step: 1, value, "aria-label": control.title });
  input.addEventListener("input", () => input.value !== "" && set(input.value));
  return made("label", {}, control.title, input);
}

function slider(control, value, set) {
  const { least: min, most: max, step } = control;
  const input = made("input", { type: "range", min, max, step, value, "aria-label": control.title });
  const output = made("output", {}, String(value));
  input.addEventListener("input", () => {
    output.textContent = input.value;
    set(input.value);
  });
  return made("label", {}, control.title, made("span", { class: "row" }, input, output));
}

function choice(control, value, set) {
  const select = made("select", { "aria-label": control.title }, ...control.options.map((option) => made("option", { value: option }, option)));
  select.value = value;
  select.addEventListener("change", () => set(select.value));
  return made("label", {}, control.title, select);
}

function switches(control, value, set) {
  const words = new Set(value.split(",").filter(Boolean));
  const box = made("fieldset", {}, made("legend", {}, control.title));
  for (const name of control.options) {
    const select = made("select", { "data-label": name });
    for (const [word, text] of [["", "as it is"], [name, "yes"], [`not_${name}`, "no"]]) {
      select.append(made("option", { value: word }, text));
    }
    select.value = words.has(name) ? name : words.has(`not_${name}`) ? `not_${name}` : "";
    select.addEventListener("change", () => {
      set([...box.querySelectorAll("select")].map((one) => one.value).filter(Boolean).join(","));
    });
    box.append(made("label", {}, name.replaceAll("_", " "), select));
  }
  return box;
}

function picture(control, value, set) {
  const box = made("fieldset", {}, made("legend", {}, control.title));
  const number = made("input", { type: "number", min: 0, max: control.count - 1, step: 1 });
  const file = made("input", { type: "file", accept: "image/*" });
  if (/^\d{1,4}$/.test(value)) number.value = value;
  number.addEventListener("input", () => {
    if (number.value === "") return;
    file.value = "";
    set(number.value);
  });
  file.addEventListener("change", async () => {
    if (!file.files.length) return;
    say("Your image is being sent …");
    const headers = { "Content-Type": "application/octet-stream" };
    const answer = await fetch("uploads", { method: "POST", headers, body: file.files[0] }).catch(() => null);
    if (!answer?.ok) return say(answer ? await answer.text() : "The server does not answer.", true);
    number.value = "";
    set((await answer.json()).image);
  });
  if (control.count) box.append(made("label", {}, "One of the run's own", number));
  else if (control.note) box.append(made("p", { class: "note" }, control.note));
  box.append(made("label", {}, "Your own file", file));
  return box;
}

const FIELDS = { whole, slider, choice, switches, picture };

function say(text, isBad = false) {
  status.textContent = text;
  status.classList.toggle("bad", isBad);
}

// Shows the fields of a mode. Values that other modes share stay.
function choose(name) {
  mode = modes.find((one) => one.name === name) ?? modes[0];
  const known = new Set(mode.controls.map((control) => control.name));
  values = Object.fromEntries(Object.entries(values).filter(([key]) => known.has(key)));
  const fields = mode.controls.map((control) => {
    const set = (value) => {
      if (value === String(control.default)) delete values[control.name];
      else values[control.name] = value;
      draw();
    };
    return FIELDS[control.kind](control, values[control.name] ?? String(control.default), set);
  });
  const picker = choice({ title: "Show", options: modes.map((one) => one.name) }, mode.name, (next) => {
    choose(next);
    draw();
    form.querySelector("select").focus();
  });
  for (const option of picker.querySelectorAll("option")) {
    option.textContent = modes.find((one) => one.name === option.value).title;
  }
  form.replaceChildren(...(modes.length > 1 ? [picker] : []), ...fields);
}

function address() {
  const query = new URLSearchParams(Object.entries(values).sort()).toString();
  return `runs/${id}/play/${mode.name}.png${query && `?${query}`}`;
}

// Asks for the picture of what is set. A request that is under way has become needless.
async function draw() {
  asking?.abort();
  const now = (asking = new AbortController());
  history.replaceState(null, "", `${location.pathname}${location.search}#${new URLSearchParams({ mode: mode.name, ...values })}`);
  const late = setTimeout(() => figure.classList.add("late"), 300);
  try {
    const answer = await fetch(address(), { signal: now.signal, headers: { "X-Client": client }, cache: "no-cache" });
    if (answer.status === 409) return;
    if (!answer.ok) return say(await answer.text(), true);
    const tag = answer.headers.get("etag");
    if (tag !== shown) await show(await answer.blob(), now.signal);
    shown = tag;
    say("");
  } catch (error) {
    if (error.name !== "AbortError") say("The server does not answer.", true);
  } finally {
    clearTimeout(late);
    if (asking === now) {
      asking = null;
      figure.classList.remove("late");
    }
  }
}

async function show(blob, signal) {
  const source = await new Promise((done, fail) => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result);
    reader.onerror = () => fail(reader.error);
    reader.readAsDataURL(blob);
  });
  if (signal.aborted) return;
  image.src = source;
  image.alt = `${mode.title}: ${Object.entries(values).map((pair) => pair.join(" ")).join(", ") || "as at first"}`;
  document.getElementById("save").href = address();
  figure.hidden = false;
}

async function start() {
  const answer = await fetch(`api/play?id=${id}`).catch(() => null);
  if (!answer?.ok) return say(answer ? await answer.text() : "The server does not answer.", true);
  ({ modes } = await answer.json());
  values = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
  choose(values.mode);
  form.hidden = false;
  await draw();
}

form.addEventListener("submit", (event) => event.preventDefault());
setInterval(() => mode && !asking && !document.hidden && draw(), NEWS);
start();
