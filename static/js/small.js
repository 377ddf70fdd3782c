// Behaviour of a line or two.

// A hidden field "tz" takes the zone of this browser.
for (const input of document.querySelectorAll("input[name=tz][type=hidden]")) {
  input.value = Intl.DateTimeFormat().resolvedOptions().timeZone || "";
}

// <form data-auto-submit>: the way in without a script is its button.
document.querySelector("form[data-auto-submit]")?.requestSubmit();

// <form data-submit-on-change>: for single choices.
document.addEventListener("change", (event) => {
  event.target.closest?.("form[data-submit-on-change]")?.requestSubmit();
});

// A form is sent once, however often its button is pressed; again only if nothing has come of it.
const PATIENCE_MS = 5000;
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.sent) return event.preventDefault();
  form.dataset.sent = "yes";
  setTimeout(() => delete form.dataset.sent, PATIENCE_MS);
});
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});

// Suggest a slug from the name until somebody types one.
const name = document.querySelector("form.check-form input[name=name]");
const slug = document.querySelector("form.check-form input[name=slug]");
if (name && slug && !slug.value) {
  let typed = false;
  slug.addEventListener("input", () => {
    typed = slug.value !== "";
  });
  name.addEventListener("input", () => {
    if (!typed) slug.value = slugify(name.value);
  });
}

function slugify(text) {
  return text
    .normalize("NFKD")
    .replaceAll(/[^\u0000-\u00ff]/g, "")
    .toLowerCase()
    .replaceAll(/[^a-z0-9_\s-]/g, "")
    .replaceAll(/[\s-]+/g, "-")
    .replaceAll(/^-+|-+$/g, "")
    .slice(0, 100);
}

// On a phone the parts of the settings stand in a row that scrolls: show where one is.
const LINKS = ":is(.tabs, .side-nav) a";
const bringIn = (link) => link.scrollIntoView({ inline: "center", block: "nearest" });
document.querySelectorAll(`${LINKS}[aria-current]`).forEach(bringIn);
// By keys only: what moves under a pointer is not clicked.
document.addEventListener("focusin", ({ target }) => {
  if (target.matches(LINKS) && target.matches(":focus-visible")) bringIn(target);
});

// The menu of the documentation is long: show where in it one is.
const menu = document.querySelector(".docs-contents");
const current = menu?.querySelector("[aria-current]");
if (current) menu.scrollTop = current.offsetTop - 120;
