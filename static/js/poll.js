// Asks the server again and again for what has changed: not at all in hidden tabs, more seldom
// while it does not answer, and never for what the browser has already.

const EVERY = 3000;
const LONGEST = 60000;
const PATIENCE = 10000;

export class Poll {
  #failures = 0;
  #timer = null;

  // ask: () => [url, headers]; take: (response) => promise; show: (state) => void.
  constructor({ ask, take, show }) {
    Object.assign(this, { ask, take, show });
  }

  start() {
    document.addEventListener("visibilitychange", this.#onVisibility);
    this.#plan();
  }

  stop() {
    clearTimeout(this.#timer);
    document.removeEventListener("visibilitychange", this.#onVisibility);
  }

  #onVisibility = () => {
    clearTimeout(this.#timer);
    if (!document.hidden) this.now();
  };

  #plan() {
    clearTimeout(this.#timer);
    const pause = Math.min(EVERY * 2 ** this.#failures, LONGEST);
    this.#timer = setTimeout(() => this.now(), pause * (0.9 + Math.random() * 0.2));
  }

  async now() {
    clearTimeout(this.#timer);
    if (document.hidden) return;
    try {
      const [url, headers] = this.ask();
      const response = await fetch(url, {
        headers,
        cache: "no-store",
        signal: AbortSignal.timeout(PATIENCE),
      });
      if (response.status === 403) return this.show("signed-out");
      if (response.status === 404) return this.show("gone");
      if (response.status === 200) await this.take(response);
      else if (response.status !== 304) throw new Error(`status ${response.status}`);
      this.#failures = 0;
      this.show("live");
    } catch {
      this.#failures += 1;
      if (this.#failures >= 2) this.show("stale");
    }
    this.#plan();
  }
}

export const tagOf = (response) => (response.headers.get("ETag") || "").replaceAll(/^W\/|"/g, "");

export const known = (version) => (version ? { "If-None-Match": `"${version}"` } : {});

const WORDS = {
  live: "Live",
  stale: "No connection. What you see may be old.",
  "signed-out": "You are signed out.",
  gone: "This is not there any more.",
};

// Tells in all .live elements below `root` how fresh the page is.
export function showState(root, state) {
  for (const element of root.querySelectorAll(".live")) {
    if (element.dataset.state === state) continue;
    element.dataset.state = state;
    element.textContent = WORDS[state];
    if (state === "signed-out") element.append(" ", signInLink());
  }
}

function signInLink() {
  const link = document.createElement("a");
  link.href = `${document.body.dataset.login}?next=${encodeURIComponent(location.pathname)}`;
  link.textContent = "Sign in";
  return link;
}

export function showInTab(title, icon) {
  if (title) document.title = title;
  const link = document.querySelector("link[rel=icon]");
  if (icon && link && !link.href.endsWith(icon)) link.href = icon;
}

// <template data-pill="checks"> in what has come: the pill that this tab of the project has now.
export function showPills(root) {
  for (const fresh of root.querySelectorAll("template[data-pill]")) {
    const pill = document.querySelector(`.tabs [data-pill=${fresh.dataset.pill}]`);
    if (pill && pill.innerHTML.trim() !== fresh.innerHTML.trim()) pill.innerHTML = fresh.innerHTML;
  }
}

export function announce(words) {
  const region = document.querySelector("#announcements");
  if (region && words && region.textContent !== words) region.textContent = words;
}
