// Search or jump to: a dialog over every page, opened by Ctrl+K or the button in the bar.

const dialog = document.querySelector("#palette");
const WAIT = 90;

if (dialog) {
  const input = dialog.querySelector("input");
  const found = dialog.querySelector("[data-src]");
  let timer = null;
  let turn = 0;

  const items = () => [...found.querySelectorAll("[role=option]")];
  const current = () => items().find((item) => item.getAttribute("aria-selected") === "true");

  const select = (item) => {
    current()?.setAttribute("aria-selected", "false");
    item?.setAttribute("aria-selected", "true");
    item?.scrollIntoView({ block: "nearest" });
    if (item) input.setAttribute("aria-activedescendant", item.id);
    else input.removeAttribute("aria-activedescendant");
  };

  const look = async () => {
    const mine = ++turn;
    const url = new URL(found.dataset.src, location.href);
    url.searchParams.set("q", input.value);
    const response = await fetch(url, { headers: { "HC-Part": "1" } });
    if (mine !== turn) return;
    if (response.status === 429) {
      timer = setTimeout(look, 1000);
      return;
    }
    if (!response.ok || response.redirected) location.assign(document.body.dataset.login);
    found.innerHTML = await response.text();
    items().forEach((item, index) => {
      item.id = `found-${index}`;
    });
    select(items()[0]);
  };

  const open = () => {
    if (dialog.open) return;
    input.value = "";
    found.textContent = "";
    dialog.showModal();
    look();
  };

  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(look, WAIT);
  });
  dialog.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      const all = items();
      if (all.length) select(all[(all.indexOf(current()) + step + all.length) % all.length]);
    } else if (event.key === "Enter") {
      event.preventDefault();
      current()?.querySelector("a").click();
    }
  });
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      open();
    }
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest?.("[data-palette]") && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      open();
    }
  });
}
