// <hc-checks src="/…/status/"> is the list of checks: it renews what has changed, row by row,
// filters while one types, and lets rows be chosen.
import { announce, known, Poll, showInTab, showPills, showState } from "./poll.js";
import { tick } from "./tick.js";

const TYPING = 120;
const HOVERS = matchMedia("(hover: hover)");

class Checks extends HTMLElement {
  #poll = null;
  #version = null;
  #query = location.search;
  #latest = 0;
  #waiting = null;

  connectedCallback() {
    this.#version = this.getAttribute("version");
    this.#poll = new Poll({
      ask: () => [this.#address(), { ...known(this.#version), "HC-Rows": this.#have() }],
      take: async (response) => this.#apply(await response.json()),
      show: (state) => showState(this, state),
    });
    this.#poll.start();
    this.addEventListener("change", () => this.#count());
    this.querySelector("[data-rows]").addEventListener("pointerleave", () => this.#settle());
    this.#bindSearch();
    this.#count();
  }

  disconnectedCallback() {
    this.#poll.stop();
  }

  part = (name) => this.querySelector(`[data-part=${name}]`);

  #address = () => this.getAttribute("src") + this.#query;

  #rows = () => [...this.querySelectorAll("[data-rows] > tr")];

  #have() {
    return this.#rows().map((row) => `${row.id.slice(4)}.${row.dataset.version}`).join(",");
  }

  // isAsked: the person waits for it; else it comes by itself.
  #apply(news, isAsked = false) {
    this.#version = news.version;
    const focused = this.contains(document.activeElement) ? document.activeElement.id : "";
    if (!this.querySelector("details[open]")) this.part("head").innerHTML = news.head;
    this.part("foot").innerHTML = news.foot;
    this.part("body").innerHTML = news.body;
    this.part("table").hidden = !news.order.length;
    this.#waiting = null;
    if (isAsked) this.#place(news.order, news.rows);
    else this.#hold(news.order, news.rows);
    if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
    tick(this);
    showPills(this);
    const before = document.title;
    showInTab(news.title, this.dataset.icon.replace(/0\.svg$/, `${news.down}.svg`));
    if (before !== document.title) announce(inWords(news.down));
    this.#count();
  }

  // While the pointer is over the rows none of them moves, comes or goes: only what they say
  // changes. The rest follows when the pointer has left.
  #hold(order, changed) {
    const present = this.#rows().map((row) => row.id.slice(4));
    const isOver = HOVERS.matches && this.querySelector("[data-rows]").matches(":hover");
    if (!isOver || !order.length) return this.#place(order, changed);
    this.#place(present, changed);
    const added = Object.entries(changed).filter(([key]) => !present.includes(key));
    this.#waiting = [order, Object.fromEntries(added)];
  }

  #settle() {
    if (this.#waiting) this.#place(...this.#waiting);
    this.#waiting = null;
  }

  // Rows that have not changed stay as they are; the others are replaced, added, moved or go.
  #place(order, changed) {
    const body = this.querySelector("[data-rows]");
    const present = new Map(this.#rows().map((row) => [row.id.slice(4), row]));
    const chosen = new Set(this.#picked().map((box) => box.value));
    let next = body.firstElementChild;
    for (const key of order) {
      let row = present.get(key);
      present.delete(key);
      if (changed[key]) {
        const fresh = rowOf(changed[key]);
        const box = fresh.querySelector("input[name=check]");
        if (box) box.checked = chosen.has(key);
        if (row) {
          if (row === next) next = fresh;
          row.replaceWith(fresh);
        }
        row = fresh;
      }
      if (!row) continue;
      if (row === next) next = next.nextElementSibling;
      else body.insertBefore(row, next);
    }
    for (const row of present.values()) row.remove();
  }

  // --- Filtering ---

  #bindSearch() {
    const form = document.querySelector("form[data-search]");
    const input = form?.querySelector("input[type=search]");
    if (!input) return;
    let timer = null;
    input.addEventListener("input", () => {
      this.#filterHere(input.value);
      clearTimeout(timer);
      timer = setTimeout(() => this.#search(new FormData(form)), TYPING);
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#search(new FormData(form));
    });
  }

  // At once, among the rows that are here; the server's answer follows.
  #filterHere(text) {
    const wanted = text.trim().toLowerCase();
    for (const row of this.#rows()) {
      row.hidden = !row.querySelector(".col-name").textContent.toLowerCase().includes(wanted);
    }
  }

  async #search(data) {
    const asked = new URLSearchParams([...data].filter(([, value]) => value));
    this.#query = asked.size ? `?${asked}` : "";
    history.replaceState(null, "", location.pathname + this.#query);
    for (const field of document.querySelectorAll("[data-query]")) field.value = this.#query || "?";
    const turn = ++this.#latest;
    const response = await fetch(this.#address(), { headers: { "HC-Rows": this.#have() } });
    if (turn !== this.#latest || !response.ok) return;
    const news = await response.json();
    for (const row of this.#rows()) row.hidden = false;
    this.#apply(news, true);
    announce(`${news.order.length} shown`);
  }

  // --- Choosing rows ---

  #picked = () => [...this.querySelectorAll("input[name=check]:checked")];

  #count() {
    const all = this.querySelector("[data-pick-all]");
    const boxes = [...this.querySelectorAll("input[name=check]")];
    if (all && document.activeElement === all && this.#allWas !== all.checked) {
      for (const box of boxes) box.checked = all.checked;
    }
    const number = this.#picked().length;
    if (all) {
      all.checked = number > 0 && number === boxes.length;
      all.indeterminate = number > 0 && number < boxes.length;
      this.#allWas = all.checked;
    }
    const bar = this.querySelector("[data-bulk]");
    if (!bar) return;
    bar.classList.toggle("bulk-open", number > 0);
    bar.querySelector("[data-bulk-count]").textContent = number ? `${number} chosen` : "Choose checks";
  }

  #allWas = false;
}

function inWords(down) {
  if (!down) return "No check is down";
  return `${down} ${down === 1 ? "check" : "checks"} down`;
}

function rowOf(html) {
  const holder = document.createElement("template");
  holder.innerHTML = html;
  return holder.content.firstElementChild;
}

customElements.define("hc-checks", Checks);
