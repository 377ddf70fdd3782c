// Menus are native popovers; this puts them beside what opens them, and moves through them by keys.

const OPEN = ".menu:popover-open";
let placed = null;

document.addEventListener(
  "beforetoggle",
  (event) => {
    const menu = event.target;
    if (!menu.matches?.(".menu[popover]") || event.newState !== "open") return;
    const button = document.querySelector(`[popovertarget="${menu.id}"]`);
    if (button) requestAnimationFrame(() => place(menu, button, "left"));
  },
  true,
);

// Put an open menu below what opened it, or above, where there is more room; their left or right
// edges meet.
export function place(menu, opener, edge) {
  placed = { opener, edge };
  const at = opener.getBoundingClientRect();
  const last = document.documentElement.clientWidth - 12;
  const wanted = edge === "left" ? at.left : Math.min(at.right, last) - menu.offsetWidth;
  menu.style.setProperty("left", `${Math.max(12, Math.min(wanted, last - menu.offsetWidth))}px`);
  const below = at.bottom + 4;
  const fits = below + menu.offsetHeight <= innerHeight - 8;
  menu.style.setProperty("top", `${fits ? below : Math.max(8, at.top - 4 - menu.offsetHeight)}px`);
}

// It stays beside its opener; where that is scrolled away, it closes.
document.addEventListener(
  "scroll",
  (event) => {
    const menu = document.querySelector(OPEN);
    if (!menu || !placed?.opener.isConnected || menu.contains(event.target)) return;
    const { top, bottom } = placed.opener.getBoundingClientRect();
    if (bottom < 0 || top > innerHeight) menu.hidePopover();
    else place(menu, placed.opener, placed.edge);
  },
  { capture: true, passive: true },
);

document.addEventListener("keydown", (event) => {
  const menu = document.querySelector(OPEN);
  if (!menu || !["ArrowDown", "ArrowUp"].includes(event.key)) return;
  if (!menu.contains(event.target) && event.target !== placed?.opener) return;
  event.preventDefault();
  const items = [...menu.querySelectorAll("a, button")].filter((one) => one.checkVisibility());
  const now = items.indexOf(document.activeElement);
  const next = event.key === "ArrowDown" ? now + 1 : (now < 0 ? 0 : now) - 1;
  items.at(next % items.length)?.focus();
});
