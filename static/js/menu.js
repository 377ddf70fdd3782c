// Menus are native popovers; this only puts them below their buttons.

document.addEventListener(
  "beforetoggle",
  (event) => {
    const menu = event.target;
    if (!menu.matches?.(".menu[popover]") || event.newState !== "open") return;
    const button = document.querySelector(`[popovertarget="${menu.id}"]`);
    requestAnimationFrame(() => place(menu, button));
  },
  true,
);

function place(menu, button) {
  if (!button) return;
  const at = button.getBoundingClientRect();
  const width = menu.offsetWidth;
  const left = Math.min(Math.max(12, at.left), document.documentElement.clientWidth - width - 12);
  menu.style.setProperty("left", `${Math.max(12, left)}px`);
  const below = at.bottom + 6;
  const fits = below + menu.offsetHeight <= innerHeight - 8;
  menu.style.setProperty("top", `${fits ? below : Math.max(8, at.top - 6 - menu.offsetHeight)}px`);
}

// Arrow keys move through an open menu.
document.addEventListener("keydown", (event) => {
  const menu = event.target.closest?.(".menu[popover]");
  if (!menu || !["ArrowDown", "ArrowUp"].includes(event.key)) return;
  event.preventDefault();
  const items = [...menu.querySelectorAll("a, button")];
  const step = event.key === "ArrowDown" ? 1 : -1;
  items[(items.indexOf(document.activeElement) + step + items.length) % items.length]?.focus();
});
