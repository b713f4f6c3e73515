// Light or dark as it was chosen last on this server, before the page is drawn. The button itself is the report's.
"use strict";
try {
  if (localStorage.getItem("theme")) document.documentElement.dataset.theme = localStorage.getItem("theme");
  addEventListener("click", ({ target }) => {
    if (target.id === "theme") localStorage.setItem("theme", document.documentElement.dataset.theme);
  });
} catch {
  // A browser that keeps nothing follows the system.
}
