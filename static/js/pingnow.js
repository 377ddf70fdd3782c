// <form data-ping-now>: pings without leaving the page, and says on the button what came of it.
// <… data-zone-hint="120">: offers the zone of this browser if its clock is so many minutes ahead.

document.addEventListener("submit", async (event) => {
  const form = event.target.closest("[data-ping-now]");
  if (!form) return;
  event.preventDefault();
  delete form.dataset.sent;
  const label = form.querySelector("[data-label]");
  const words = (label.dataset.words ||= label.textContent);
  label.textContent = "Pinging …";
  label.textContent = await ping(form);
  document.dispatchEvent(new CustomEvent("hc-changed"));
  setTimeout(() => {
    label.textContent = words;
  }, 4000);
});

async function ping(form) {
  try {
    const response = await fetch(form.action, {
      method: "POST",
      headers: { "X-Ping-Now": "1" },
      body: new URLSearchParams(new FormData(form)),
      signal: AbortSignal.timeout(15000),
    });
    if (response.ok && !response.redirected) return (await response.text()).split(".")[0];
    if (response.status === 429) return "Too often";
    return response.status === 403 || response.redirected ? "Not allowed" : "Not pinged";
  } catch {
    return "No answer";
  }
}

const hint = document.querySelector("[data-zone-hint]");
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
const own = hint?.querySelector("[data-browser-clock]");
const isOffered = hint && [...hint.querySelectorAll("input[name=zone]")].some((i) => i.value === zone);
if (own && zone && !isOffered && Number(hint.dataset.zoneHint) === -new Date().getTimezoneOffset()) {
  own.querySelector("input[name=zone]").value = zone;
  own.querySelector("[data-zone]").textContent = zone;
  own.hidden = false;
}
