// <input data-filters="#list" data-item=".row">: shows the items whose text holds all the words.
// Works on lists that renew themselves, too. [data-filter-none] in the list is shown without any.

function apply(input) {
  const list = document.querySelector(input.dataset.filters);
  if (!list) return;
  const wanted = input.value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const item of list.querySelectorAll(input.dataset.item)) {
    const text = item.textContent.toLowerCase();
    const fits = wanted.every((word) => text.includes(word));
    if (item.hidden === fits) item.hidden = !fits;
    if (fits) shown += 1;
  }
  const none = list.querySelector("[data-filter-none]");
  if (none && none.hidden !== shown > 0) none.hidden = shown > 0;
}

for (const input of document.querySelectorAll("input[data-filters]")) {
  const list = document.querySelector(input.dataset.filters);
  input.addEventListener("input", () => apply(input));
  if (input.form?.getAttribute("role") === "search") {
    input.form.addEventListener("submit", (event) => event.preventDefault());
  }
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter") event.preventDefault();
  });
  if (list) new MutationObserver(() => apply(input)).observe(list, { childList: true });
  apply(input);
}
