// <hc-live src="/part/">…</hc-live> renews its content when the server has another version of it.
// It asks every few seconds, not at all in hidden tabs, and says when what it shows is stale.
import { tick } from "./tick.js";

const EVERY = 3000;
const LONGEST = 60000;
const PATIENCE = 10000;

class Live extends HTMLElement {
  #failures = 0;
  #timer = null;
  #version = null;

  connectedCallback() {
    this.#version = this.getAttribute("version");
    this.#plan();
    document.addEventListener("visibilitychange", this.#onVisibility);
  }

  disconnectedCallback() {
    clearTimeout(this.#timer);
    document.removeEventListener("visibilitychange", this.#onVisibility);
  }

  #onVisibility = () => {
    clearTimeout(this.#timer);
    if (!document.hidden) this.#renew();
  };

  #plan() {
    clearTimeout(this.#timer);
    const pause = Math.min(EVERY * 2 ** this.#failures, LONGEST);
    this.#timer = setTimeout(() => this.#renew(), pause * (0.9 + Math.random() * 0.2));
  }

  async #renew() {
    if (document.hidden) return;
    try {
      const response = await fetch(this.getAttribute("src"), {
        headers: this.#version ? { "If-None-Match": `"${this.#version}"` } : {},
        cache: "no-store",
        signal: AbortSignal.timeout(PATIENCE),
      });
      if (response.status === 403) return this.#show("signed-out");
      if (response.status === 404) return this.#show("gone");
      if (response.status === 200) this.#replace(await response.text(), response.headers);
      else if (response.status !== 304) throw new Error(`status ${response.status}`);
      this.#failures = 0;
      this.#show("live");
    } catch {
      this.#failures += 1;
      if (this.#failures >= 2) this.#show("stale");
    }
    this.#plan();
  }

  #replace(html, headers) {
    if (this.querySelector("[popover]:popover-open, dialog[open]")) return;
    this.#version = (headers.get("ETag") || "").replaceAll(/^W\/|"/g, "");
    const focused = this.contains(document.activeElement) ? document.activeElement.id : "";
    const chosen = [...this.querySelectorAll("input:checked[id]")].map((element) => element.id);
    this.innerHTML = html;
    window.htmx?.process(this);
    for (const id of chosen) this.querySelector(`#${CSS.escape(id)}`)?.click();
    if (focused) this.querySelector(`#${CSS.escape(focused)}`)?.focus({ preventScroll: true });
    tick(this);
    const part = this.querySelector("[data-title]");
    if (part) showInTab(part.dataset.title, part.dataset.icon);
    announce(part?.dataset.announce);
  }

  #show(state) {
    const words = {
      live: "Live",
      stale: "No connection. What you see may be old.",
      "signed-out": "You are signed out.",
      gone: "This is not there any more.",
    };
    for (const element of this.querySelectorAll(".live")) {
      if (element.dataset.state === state) continue;
      element.dataset.state = state;
      element.textContent = words[state];
      if (state === "signed-out") element.append(" ", signInLink());
    }
  }
}

function signInLink() {
  const link = document.createElement("a");
  link.href = `${document.body.dataset.login}?next=${encodeURIComponent(location.pathname)}`;
  link.textContent = "Sign in";
  return link;
}

function showInTab(title, icon) {
  if (title) document.title = title;
  const link = document.querySelector("link[rel=icon]");
  if (icon && link && !link.href.endsWith(icon)) link.href = icon;
}

function announce(words) {
  const region = document.querySelector("#announcements");
  if (region && words && region.textContent !== words) region.textContent = words;
}

customElements.define("hc-live", Live);
