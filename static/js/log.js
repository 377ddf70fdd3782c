// <hc-log src="/rows/" live>: the next page is put below, new events come on top.
import { announce, known, Poll, showState, tagOf } from "./poll.js";

const NEW = "event-new";

class Log extends HTMLElement {
  #poll = null;
  #version = null;

  connectedCallback() {
    this.#version = this.getAttribute("version");
    this.pages = this.querySelector("[data-pages]");
    this.first = this.#wrap([...this.pages.childNodes]);
    this.addEventListener("click", this.#onClick);
    if (!this.hasAttribute("live")) return;
    this.#poll = new Poll({
      ask: () => [this.#address(), known(this.#version)],
      take: async (response) => this.#renew(await response.text(), tagOf(response)),
      show: (state) => showState(this, state),
    });
    this.#poll.start();
    document.addEventListener("hc-changed", this.#now);
  }

  disconnectedCallback() {
    this.#poll?.stop();
    document.removeEventListener("hc-changed", this.#now);
  }

  #now = () => this.#poll.now();

  // The rows of the first page: the ones above the first that was loaded later.
  #wrap(nodes) {
    return nodes.filter((node) => node.nodeType === 1 && !node.matches("[data-more]"));
  }

  #events() {
    return this.first.filter((node) => node.matches(".event"));
  }

  #address() {
    const events = this.#events();
    const url = new URL(this.getAttribute("src"), location.href);
    url.searchParams.set("shown", events.length);
    url.searchParams.set("last", events.at(-1)?.id || "");
    return url;
  }

  #onClick = async (event) => {
    const link = event.target.closest("[data-older]");
    if (!link || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const more = link.closest("[data-more]");
    link.setAttribute("aria-busy", "true");
    const url = new URL(this.getAttribute("src"), location.href);
    url.search = new URL(link.href).search;
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(15000) });
      if (!response.ok) throw new Error(`status ${response.status}`);
      const part = parse(await response.text());
      const days = this.pages.querySelectorAll("[data-day]");
      const same = part.querySelector("[data-day]");
      if (days.length && same?.dataset.day === days[days.length - 1].dataset.day) same.remove();
      const next = part.querySelector(".event-link, [data-older]");
      more.replaceWith(part);
      next?.focus({ preventScroll: true });
    } catch {
      link.removeAttribute("aria-busy");
      link.textContent = "That did not work. Try again";
    }
  };

  #renew(html, version) {
    this.#version = version;
    const part = parse(html);
    const before = new Map(this.#events().map((node) => [node.id, node]));
    const fresh = this.#wrap([...part.childNodes]);
    const more = part.querySelector("[data-more]");
    let number = 0;
    const rows = fresh.map((node) => {
      const old = before.get(node.id);
      if (old?.dataset.version === node.dataset.version) return old || node;
      if (!old && node.matches(".event")) {
        node.classList.add(NEW);
        number += 1;
      }
      return node;
    });
    const focused = document.activeElement?.closest?.(".event")?.id;
    if (more) this.pages.replaceChildren(...rows, more);
    else this.#replaceFirst(rows);
    this.first = rows;
    if (focused && !document.activeElement?.closest?.(".event")) {
      document.getElementById(focused)?.querySelector("a")?.focus({ preventScroll: true });
    }
    if (number) announce(`${number} new ${number === 1 ? "event" : "events"}`);
  }

  #replaceFirst(rows) {
    const after = this.first.at(-1)?.nextSibling || null;
    for (const node of this.first) node.remove();
    for (const node of rows) this.pages.insertBefore(node, after);
  }
}

function parse(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content;
}

customElements.define("hc-log", Log);
