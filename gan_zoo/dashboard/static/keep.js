// What a reader has set in a part of the page is kept when a newer part takes its place.
const CONTROLS = "a, button, input, select, summary, [tabindex]";

// Returns a function that sets in the new part what is set in the old one.
export function keep(old) {
  const focus = [...old.querySelectorAll(CONTROLS)].indexOf(document.activeElement);
  const figures = [...old.querySelectorAll(".plot")];
  const open = [...old.querySelectorAll("details[open] > summary")].map((one) => one.textContent);
  const moment = old.querySelector("#moment");
  const sorted = old.querySelector("[aria-sort]");
  const log = old.querySelector("pre.log");
  const isAtEnd = log && log.scrollTop + log.clientHeight >= log.scrollHeight - 4;
  return (part) => {
    for (const box of part.querySelectorAll("input[type=checkbox]")) {
      box.checked = !off[box.name].has(box.name === "group" ? Number(box.value) : box.value);
    }
    for (const one of part.querySelectorAll("[data-group]")) one.hidden = off.group.has(Number(one.dataset.group));
    keepPlots(part, figures);
    for (const summary of part.querySelectorAll("summary")) summary.parentElement.open = open.includes(summary.textContent);
    const score = part.querySelector("#score");
    if (score && old.querySelector("#score")) score.value = old.querySelector("#score").value;
    const slider = part.querySelector("#moment");
    if (slider && moment && moment.value !== moment.max) {
      slider.value = moment.value;
      turn(Number(slider.value));
    }
    const head = sorted && [...part.querySelectorAll(".sort")].find((one) => one.textContent === sorted.textContent);
    if (head) sortBy(head);
    if (head && sorted.getAttribute("aria-sort") === "descending") sortBy(head);
    if (isAtEnd) part.querySelector("pre.log").scrollTop = 1e9;
    if (focus >= 0) [...part.querySelectorAll(CONTROLS)][focus]?.focus({ preventScroll: true });
  };
}

function keepPlots(part, figures) {
  for (const figure of part.querySelectorAll(".plot")) {
    const like = figures.find((one) => one.dataset.plot === figure.dataset.plot && one.dataset.index === figure.dataset.index);
    if (!like) continue;
    figure.view = like.view;
    Object.assign(figure.dataset, like.dataset);
    for (const controls of figure.closest("section").querySelectorAll(".controls")) press(controls, like.dataset);
  }
}

// Shows in the controls of a section what its plots are set to.
export function press(controls, { axis = "0", log = "", smooth = "0" }) {
  for (const button of controls.querySelectorAll("button")) {
    const is = "axis" in button.dataset ? button.dataset.axis === axis : button.dataset.log === log;
    button.setAttribute("aria-pressed", String(is));
  }
  controls.querySelector("input").value = smooth;
}
