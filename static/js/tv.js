// <hc-tv data-api="/api/v3/checks/">: the wall board. The fragment says what it shows:
// #<key>=<title>&<key>=<title>&tag=prod&theme=dark. Keys are taken out of the address at once, and
// kept for this tab only; so they are in no history and no server log.
import { age, tick } from "./tick.js";
import { announce, showInTab } from "./poll.js";

const EVERY = 5000;
const LONGEST = 60000;
const PATIENCE = 10000;
const KEPT = "hc-tv";
const SIZES = [320, 270, 220, 180, 150, 120];
const ORDER = ["down", "grace", "running", "up", "paused", "new"];
const WORDS = { down: "down", grace: "late", running: "running", up: "up", paused: "paused", new: "new" };
const FIELDS = "name,slug,status,started,last_ping,last_duration,uuid";
const WRITE = "This key can change checks. A board hangs where strangers see it: use a read-only key.";

export function read(fragment) {
  const wanted = { boards: [], tags: [], theme: "system" };
  for (const [name, value] of new URLSearchParams(fragment.replace(/^#/, ""))) {
    if (name === "theme") wanted.theme = ["light", "dark"].includes(value) ? value : "system";
    else if (name === "tag") wanted.tags.push(value);
    else if (name) wanted.boards.push({ key: name, title: value });
  }
  return wanted;
}

export function written({ boards, tags, theme }) {
  const all = [...boards.map(({ key, title }) => [key, title]), ...tags.map((tag) => ["tag", tag])];
  if (theme !== "system") all.push(["theme", theme]);
  return `#${new URLSearchParams(all)}`;
}

const mayWrite = (key) => /^hc[wa]_/.test(key);

function element(name, className, ...content) {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.append(...content);
  return made;
}

function mark(status) {
  const NS = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(NS, "svg");
  svg.setAttribute("class", `mark mark-${status}`);
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(NS, "use");
  use.setAttribute("href", `#mark-${status}`);
  svg.append(use);
  return svg;
}

function time(at) {
  const made = element("time");
  made.dateTime = new Date(at).toISOString();
  made.dataset.tick = "";
  made.title = new Date(at).toLocaleString();
  made.textContent = age(Math.abs(Date.now() - at) / 1000);
  return made;
}

// A project: its key, its part of the page, and the questions about it.
class Board {
  #version = null;
  #failures = 0;
  #timer = null;
  #since = null;
  down = 0;

  constructor({ key, title }, tv) {
    Object.assign(this, { key, title, tv });
    this.section = element("section", "tv-board");
    this.section.setAttribute("aria-label", title || "Checks");
    this.counts = element("span", "tv-counts");
    this.state = element("span", "tv-state");
    this.tiles = element("ul", "tv-tiles");
    const head = element("div", "tv-head", element("h2", "", title || "Checks"), this.counts, this.state);
    this.section.append(head, this.tiles);
    if (mayWrite(key)) this.#stop(WRITE);
    else this.ask();
  }

  close() {
    clearTimeout(this.#timer);
    this.closed = true;
  }

  #stop(words) {
    this.close();
    this.tiles.replaceChildren();
    this.counts.replaceChildren();
    this.#say("wrong", words);
  }

  #say(state, ...words) {
    this.state.dataset.state = state;
    this.state.replaceChildren(...words);
  }

  async ask() {
    clearTimeout(this.#timer);
    if (this.closed) return;
    try {
      const headers = { "X-Api-Key": this.key };
      if (this.#version) headers["If-None-Match"] = this.#version;
      const response = await fetch(this.tv.address, {
        headers,
        cache: "no-store",
        signal: AbortSignal.timeout(PATIENCE),
      });
      if (this.closed) return;
      if (response.status === 401 || response.status === 403) {
        return this.#stop("This key does not work (any more). Check it in the project’s settings.");
      }
      if (response.status === 200) this.#take(response, (await response.json()).checks);
      else if (response.status !== 304) throw new Error(`status ${response.status}`);
      if (this.closed) return;
      this.#failures = 0;
      this.#since = Date.now();
      this.#say("live", "updated ", time(this.#since), " ago");
    } catch {
      this.#failures += 1;
      if (this.#failures >= 2) {
        if (this.#since) this.#say("stale", "No connection; this is ", time(this.#since), " old");
        else this.#say("stale", "No connection");
      }
    }
    const pause = Math.min(EVERY * 2 ** this.#failures, LONGEST) * (0.9 + Math.random() * 0.2);
    this.#timer = setTimeout(() => this.ask(), pause);
  }

  #take(response, checks) {
    if (checks.some((check) => check.uuid)) return this.#stop(WRITE);
    this.#version = response.headers.get("ETag");
    for (const check of checks) {
      const quiet = check.started && !["down", "grace"].includes(check.status);
      check.mark = quiet ? "running" : check.status;
      check.label = check.name || check.slug || "unnamed";
    }
    checks.sort(
      (a, b) =>
        ORDER.indexOf(a.mark) - ORDER.indexOf(b.mark) ||
        a.label.localeCompare(b.label, undefined, { numeric: true }),
    );
    const count = (status) => checks.filter((check) => check.mark === status).length;
    this.down = count("down");
    this.counts.replaceChildren(
      ...ORDER.filter(count).map((status) =>
        element("span", `status status-${status}`, mark(status), `${count(status)} ${WORDS[status]}`),
      ),
    );
    this.tiles.replaceChildren(...checks.map(tile));
    if (!checks.length) this.tiles.append(element("li", "tv-none", "No checks here."));
    this.tv.changed();
  }
}

function tile(check) {
  const said = element("span", "tv-word", mark(check.mark), WORDS[check.mark]);
  const facts = element("span", "tv-facts");
  if (check.last_ping) facts.append(time(Date.parse(check.last_ping)), " ago");
  else facts.append("never pinged");
  if (check.last_duration) facts.append(` · took ${age(check.last_duration)}`);
  const made = element("li", `tv-tile tv-${check.mark}`, element("strong", "", check.label), said, facts);
  return made;
}

class Tv extends HTMLElement {
  #boards = [];
  #wanted = null;

  connectedCallback() {
    addEventListener("hashchange", () => this.#load());
    addEventListener("resize", () => this.#fit());
    this.querySelector("[data-key-form]").addEventListener("submit", (event) => this.#enter(event));
    this.querySelector("[data-add]").addEventListener("click", () => this.#showEntry());
    this.querySelector("[data-forget]").addEventListener("click", () => {
      sessionStorage.removeItem(KEPT);
      this.#show(read(""));
    });
    this.#load();
  }

  get address() {
    const asked = new URLSearchParams([["fields", FIELDS], ...this.#wanted.tags.map((tag) => ["tag", tag])]);
    return `${this.dataset.api}?${asked}`;
  }

  #load() {
    if (location.hash.length > 1) sessionStorage.setItem(KEPT, location.hash);
    const fragment = sessionStorage.getItem(KEPT) || "";
    if (location.hash) history.replaceState(null, "", location.pathname);
    this.#show(read(fragment));
  }

  #show(wanted) {
    this.#wanted = wanted;
    document.documentElement.dataset.theme = wanted.theme;
    for (const board of this.#boards) board.close();
    this.#boards = wanted.boards.map((one) => new Board(one, this));
    this.querySelector("[data-boards]").replaceChildren(...this.#boards.map((b) => b.section));
    this.querySelector("[data-entry]").hidden = this.#boards.length > 0;
    this.querySelector("[data-foot]").hidden = this.#boards.length === 0;
    this.querySelector("[data-link]").dataset.copy = location.origin + location.pathname + written(wanted);
    this.changed();
  }

  #showEntry() {
    this.querySelector("[data-entry]").hidden = false;
    this.querySelector("#tv-key").focus();
  }

  #enter(event) {
    event.preventDefault();
    const value = (id) => this.querySelector(id).value.trim();
    const key = value("#tv-key");
    const problem = this.querySelector("[data-problem]");
    problem.hidden = key && !mayWrite(key);
    problem.textContent = key ? WRITE : "Enter the read-only key of a project.";
    delete event.target.dataset.sent;
    if (!problem.hidden) return this.querySelector("#tv-key").focus();
    const tags = value("#tv-tags").split(/\s+/).filter(Boolean);
    const wanted = {
      boards: [...this.#wanted.boards, { key, title: value("#tv-title") }],
      tags: [...new Set([...this.#wanted.tags, ...tags])],
      theme: this.querySelector("[name=tv-theme]:checked").value,
    };
    event.target.reset();
    sessionStorage.setItem(KEPT, written(wanted));
    this.#show(wanted);
  }

  // Something is shown that was not shown before.
  changed() {
    const down = this.#boards.reduce((sum, board) => sum + board.down, 0);
    const title = document.title.replace(/^\d+ down – /, "");
    const before = document.title;
    showInTab(down ? `${down} down – ${title}` : title, this.dataset.icon.replace(/0\.svg$/, `${down}.svg`));
    if (before !== document.title) announce(down ? `${down} down` : "No check is down");
    tick(this);
    this.#fit();
  }

  // The largest tiles with which everything fits on the screen; the smallest if nothing does. On a
  // phone the page scrolls anyway.
  #fit() {
    for (const size of innerWidth < 600 ? SIZES.slice(0, 1) : SIZES) {
      this.style.setProperty("--tile", `${size}px`);
      if (document.documentElement.scrollHeight <= innerHeight) break;
    }
  }
}

customElements.define("hc-tv", Tv);
