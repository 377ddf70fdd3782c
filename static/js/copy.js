// <button data-copy="text"> or data-copy-from="#id": copies, and says that it did.
// Works without HTTPS, too, where browsers have no clipboard interface.

async function copy(text) {
  if (navigator.clipboard && window.isSecureContext) {
    await navigator.clipboard.writeText(text);
    return true;
  }
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "visually-hidden";
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  return done;
}

function select(element) {
  const range = document.createRange();
  range.selectNodeContents(element);
  getSelection().removeAllRanges();
  getSelection().addRange(range);
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy], [data-copy-from]");
  if (!button) return;
  const source = button.dataset.copyFrom && document.querySelector(button.dataset.copyFrom);
  const text = source ? source.textContent : button.dataset.copy;
  let done = false;
  try {
    done = await copy(text);
  } catch {
    done = false;
  }
  if (!done && source) select(source);
  const label = button.querySelector("[data-label]") || button;
  const words = (label.dataset.words ||= label.textContent);
  label.textContent = done ? "Copied" : "Press Ctrl+C";
  button.focus();
  setTimeout(() => {
    label.textContent = words;
  }, 2000);
});
