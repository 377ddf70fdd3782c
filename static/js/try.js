// <form data-try>: sends the request that the form describes, and shows what comes back.
// Keys are kept in sessionStorage: they are gone when the tab is closed, and no server sees them.

const KEY_NAME = "api-key-";
const SHOWN_HEADERS = ["etag", "link", "retry-after"];

for (const part of document.querySelectorAll(".try[data-needs-script]")) part.hidden = false;

for (const input of document.querySelectorAll("[data-key]")) {
  input.value = sessionStorage.getItem(KEY_NAME + input.dataset.key) || "";
}

// One key for all forms of its kind.
document.addEventListener("input", (event) => {
  const kind = event.target.dataset?.key;
  if (!kind) return;
  sessionStorage.setItem(KEY_NAME + kind, event.target.value);
  for (const other of document.querySelectorAll(`[data-key="${kind}"]`)) {
    if (other !== event.target) other.value = event.target.value;
  }
});

document.addEventListener("submit", (event) => {
  const form = event.target.closest("form[data-try]");
  if (!form) return;
  event.preventDefault();
  send(form);
});

async function send(form) {
  const button = form.querySelector("button");
  button.disabled = true;
  const began = performance.now();
  try {
    const response = await fetch(addressOf(form), optionsOf(form));
    const text = await response.text();
    show(form, response, text, performance.now() - began);
  } catch (error) {
    showFailure(form, error);
  } finally {
    button.disabled = false;
    button.focus();
  }
}

function addressOf(form) {
  const path = form.dataset.route.replaceAll(/{(\w+)}/g, (_, name) => {
    return encodeURIComponent(form.querySelector(`[data-place="${name}"]`).value.trim());
  });
  const query = new URLSearchParams();
  for (const input of form.querySelectorAll("[data-parameter]")) {
    if (input.value === "") continue;
    const repeats = "repeats" in input.dataset;
    const values = repeats ? input.value.split(",").map((one) => one.trim()) : [input.value];
    for (const value of values) query.append(input.dataset.parameter, value);
  }
  return query.size ? `${path}?${query}` : path;
}

function optionsOf(form) {
  const headers = {};
  const key = form.querySelector("[data-key]")?.value.trim();
  if (key) headers["X-Api-Key"] = key;
  const body = form.querySelector("[data-body]")?.value;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  return { method: form.dataset.method, headers, body, credentials: "omit", cache: "no-store" };
}

function show(form, response, text, duration) {
  const size = new Blob([text]).size;
  const facts = [`${Math.round(duration)} ms`, `${size.toLocaleString("en-GB")} bytes`];
  for (const name of SHOWN_HEADERS) {
    if (response.headers.has(name)) facts.push(`${name}: ${response.headers.get(name)}`);
  }
  fill(form, `${response.status} ${response.statusText}`, facts.join(" · "), pretty(text));
}

function showFailure(form, error) {
  fill(form, "No answer", "", `${error.message}\nIs the site reachable from here?`);
}

function fill(form, status, facts, text) {
  const answer = form.querySelector("[data-answer]");
  answer.querySelector("[data-status]").textContent = status;
  answer.querySelector("[data-facts]").textContent = facts;
  answer.querySelector("[data-text]").textContent = text || "(no body)";
  answer.hidden = false;
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
