// <hc-live src="/part/">…</hc-live> renews its content when the server has another version of it.
import { announce, known, Poll, showInTab, showPills, showState, tagOf } from "./poll.js";
import { tick } from "./tick.js";

class Live extends HTMLElement {
  #poll = null;
  #version = null;

  connectedCallback() {
    this.#version = this.getAttribute("version");
    this.#poll = new Poll({
      ask: () => [this.getAttribute("src"), known(this.#version)],
      take: async (response) => this.#replace(await response.text(), tagOf(response)),
      show: (state) => showState(this, state),
    });
    this.#poll.start();
    document.addEventListener("hc-changed", this.#now);
  }

  disconnectedCallback() {
    this.#poll.stop();
    document.removeEventListener("hc-changed", this.#now);
  }

  #now = () => this.#poll.now();

  #replace(html, version) {
    if (this.querySelector("[popover]:popover-open, dialog[open]")) return;
    this.#version = version;
    const focused = this.contains(document.activeElement) ? document.activeElement.id : "";
    const chosen = [...this.querySelectorAll("input:checked[id]")].map((element) => element.id);
    const open = [...this.querySelectorAll("details[open][id]")].map((element) => element.id);
    this.innerHTML = html;
    window.htmx?.process(this);
    for (const id of open) this.querySelector(`#${CSS.escape(id)}`)?.setAttribute("open", "");
    for (const id of chosen) this.querySelector(`#${CSS.escape(id)}`)?.click();
    if (focused) this.querySelector(`#${CSS.escape(focused)}`)?.focus({ preventScroll: true });
    tick(this);
    showPills(this);
    const part = this.querySelector("[data-title]");
    if (part) showInTab(part.dataset.title, part.dataset.icon);
    announce(part?.dataset.announce);
  }
}

customElements.define("hc-live", Live);
