// The tester of cron expressions: links with an example fill it in; it begins with the zone of
// this browser.

const field = document.querySelector("#cron-expression");
const zone = document.querySelector("#cron-zone[data-browser-zone]");

if (zone) {
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (here && here !== zone.value) {
    zone.value = here;
    addEventListener("load", () => zone.dispatchEvent(new Event("input", { bubbles: true })));
  }
}

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("[data-cron]");
  if (!field || !link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  field.value = link.dataset.cron;
  field.dispatchEvent(new Event("input", { bubbles: true }));
  field.focus();
  document.querySelector("#tester").scrollIntoView();
});
