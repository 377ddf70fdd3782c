// Single keys: / n j k Enter p ?, and g followed by a letter. They can be switched off.

const OFF = "keys-off";
const GO = {
  c: "a[data-go=checks]",
  i: "a[data-go=integrations]",
  b: "a[data-go=badges]",
  s: "a[data-go=settings]",
  d: "a[data-go=docs]",
  p: "a.bar-home",
};
let awaitsPlace = false;

const isOff = () => localStorage.getItem(OFF) === "1";
const rows = () => [...document.querySelectorAll("[data-rows] > :is(tr, .event):not([hidden])")];
const place = () => rows().findIndex((row) => row.contains(document.activeElement));

function move(step) {
  const all = rows();
  if (!all.length) return;
  const at = place();
  const next = at < 0 ? (step > 0 ? 0 : all.length - 1) : at + step;
  const row = all[Math.max(0, Math.min(all.length - 1, next))];
  const link = row.querySelector("a") || row;
  if (link === row) row.tabIndex = -1; // an event that leads nowhere
  link.focus();
  row.scrollIntoView({ block: "nearest" });
}

function pause() {
  const row = rows()[place()];
  row?.querySelector("[data-row-menu]")?.click();
  document.querySelector("#row-menu form:not([hidden]) button")?.click();
}

const KEYS = {
  j: () => move(1),
  k: () => move(-1),
  p: pause,
  "?": () => document.querySelector("#keys")?.showModal(),
  g: () => {
    awaitsPlace = true;
    setTimeout(() => {
      awaitsPlace = false;
    }, 1500);
  },
};

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest?.("input, textarea, select, [contenteditable], dialog");
  if (typing || event.ctrlKey || event.metaKey || event.altKey || isOff()) return;
  if (awaitsPlace && GO[event.key]) {
    awaitsPlace = false;
    document.querySelector(GO[event.key])?.click();
    return;
  }
  const bound = document.querySelector(`[data-shortcut="${CSS.escape(event.key)}"]`);
  if (bound) {
    event.preventDefault();
    if (bound.matches("input")) bound.focus();
    else bound.click();
  } else if (KEYS[event.key]) {
    event.preventDefault();
    KEYS[event.key]();
  }
});

const off = document.querySelector("[data-keys-off]");
if (off) {
  off.checked = isOff();
  off.addEventListener("change", () => localStorage.setItem(OFF, off.checked ? "1" : "0"));
}
