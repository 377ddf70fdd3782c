// The menu of a row, and the list of those whom its check alerts: one of each per page.

import { place } from "./menu.js";

document.addEventListener("click", (event) => {
  const opener = event.target.closest?.("[data-row-menu], [data-alerts]");
  if (!opener || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const alerts = opener.matches("[data-alerts]");
  const menu = document.getElementById(alerts ? "alerts-menu" : "row-menu");
  if (!menu) return;
  event.preventDefault();
  const row = opener.closest("tr");
  if (alerts) fetchInto(menu, row);
  else fill(menu, row);
  menu.showPopover();
  place(menu, opener, "right");
  menu.querySelector("a, button")?.focus({ preventScroll: true });
});

const base = (row) => row.querySelector(".check-name").href.replace(/details\/$/, "");

function fill(menu, row) {
  const name = row.querySelector(".check-name").textContent;
  menu.querySelector("[data-menu-name]").textContent = name;
  for (const link of menu.querySelectorAll("[data-menu-link]")) {
    link.href = base(row) + link.dataset.menuLink;
  }
  const paused = row.dataset.mark === "paused";
  for (const form of menu.querySelectorAll("[data-menu-form]")) {
    form.action = base(row) + form.dataset.menuForm;
    form.hidden = (form.dataset.menuForm === "resume/") !== paused;
  }
  const copy = menu.querySelector("[data-menu-copy]");
  if (copy) copy.dataset.copy = document.body.dataset.ping + base(row).split("/").at(-2);
}

async function fetchInto(menu, row) {
  menu.setAttribute("aria-busy", "true");
  menu.textContent = "";
  const response = await fetch(`${base(row)}channels/`);
  menu.removeAttribute("aria-busy");
  if (!response.ok) return menu.hidePopover();
  menu.innerHTML = `<div id="check-channels">${await response.text()}</div>`;
  window.htmx?.process(menu);
  menu.querySelector("button, a")?.focus({ preventScroll: true });
}
