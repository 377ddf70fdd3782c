// <a data-panel href="…"> opens its page in the panel at the side, <dialog data-side>. Forms in it
// are sent from there: what comes back with errors stays, what leads on is followed.

const side = document.querySelector("[data-side]");
const content = side?.querySelector("[data-side-content]");
// Names the panel while it has no other heading.
const title = content?.querySelector("#side-title");
const HASH = /^#(ping-\d+)$/;
let opener = null;
let edited = false;
let asked = 0;

async function load(url, options = {}) {
  const mine = ++asked;
  content.setAttribute("aria-busy", "true");
  if (!side.open) {
    content.replaceChildren(title);
    side.showModal();
  }
  try {
    const response = await fetch(url, {
      ...options,
      headers: { "X-Panel": "1" },
      signal: AbortSignal.timeout(15000),
    });
    if (mine !== asked) return;
    // Where a form leads after it was saved, or to where one signs in.
    const next = response.headers.get("X-Location");
    if (next) return follow(new URL(next, location.href).href);
    if (response.redirected) return follow(response.url);
    const html = await response.text();
    if (response.status === 404) say("This is not kept any more.");
    else if (response.ok || [409, 422].includes(response.status)) show(html);
    else say("That did not work. Try again in a moment.");
  } catch {
    if (mine === asked) say("There is no answer. Try again in a moment.");
  } finally {
    content.removeAttribute("aria-busy");
  }
}

function follow(url) {
  edited = false;
  const { pathname, search } = new URL(url);
  const isHere = pathname === location.pathname && (!search || search === location.search);
  if (isHere) location.reload();
  else location.assign(url);
}

function show(html) {
  content.innerHTML = html;
  edited = false;
  window.htmx?.process(content);
  side.scrollTop = 0;
  const hash = content.querySelector("[data-hash]")?.dataset.hash;
  if (hash) history.replaceState(null, "", `#${hash}`);
  const wrong = content.querySelector(".field-wrong :is(input, select, textarea)");
  (wrong || content.querySelector("form :is(input:not([type=hidden], [type=radio], [type=checkbox]), select)"))?.focus();
}

function say(words) {
  const line = document.createElement("p");
  line.setAttribute("role", "alert");
  line.textContent = words;
  content.replaceChildren(title, line);
}

const mayLeave = () => !edited || confirm("What you have typed is not saved. Leave it?");

if (side) {
  document.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const close = event.target.closest("[data-side] [data-close]");
    const link = event.target.closest("a[data-panel]");
    if (close || link) event.preventDefault();
    if (close && mayLeave()) side.close();
    if (!link || (side.open && !mayLeave())) return;
    if (!side.open) opener = link.id || link.closest("[id]")?.id;
    document.querySelector("[popover]:popover-open")?.hidePopover();
    load(link.href);
  });

  side.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method === "dialog") {
      if (!mayLeave()) event.preventDefault();
      return;
    }
    event.preventDefault();
    load(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)) });
  });

  side.addEventListener("input", (event) => {
    if (event.target.closest("[data-guarded]")) edited = true;
  });
  side.addEventListener("cancel", (event) => {
    if (!mayLeave()) event.preventDefault();
  });
  side.addEventListener("click", (event) => {
    if (event.target === side && mayLeave()) side.close();
  });
  side.addEventListener("close", () => {
    edited = false;
    asked += 1;
    content.replaceChildren(title);
    if (HASH.test(location.hash)) history.replaceState(null, "", location.pathname + location.search);
    // The browser gives the focus back, unless what opened it has been renewed meanwhile.
    if (document.activeElement !== document.body) return;
    const known = opener && document.getElementById(opener);
    (known?.matches("a, button") ? known : known?.querySelector("a"))?.focus();
  });
  side.addEventListener("keydown", (event) => {
    if (event.target.closest("input, textarea, select, pre")) return;
    const step = { ArrowLeft: "previous", ArrowRight: "next" }[event.key];
    if (step) content.querySelector(`[data-step=${step}]`)?.click();
  });

  openFromAddress();
  addEventListener("hashchange", openFromAddress);
}

// Links in old mails end in #ping-<number>.
function openFromAddress() {
  const found = location.hash.match(HASH);
  const base = document.querySelector("hc-live, hc-log")?.getAttribute("src");
  if (!found || !base || (side.open && content.querySelector(`[data-hash="${found[1]}"]`))) return;
  opener = found[1];
  load(base.replace(/(status|log\/rows)\/(\?.*)?$/, `pings/${found[1].slice(5)}/`));
}
