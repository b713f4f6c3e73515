// The parts of the page as the server sent them, before another script changes them: a later page is compared with these.
"use strict";
const sent = new Map([...document.querySelectorAll("[data-part]")].map((part) => [part.dataset.part, part.outerHTML]));
