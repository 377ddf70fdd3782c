// All that can be pressed on a page, in the order of the document. Evaluated in the page with the
// id of one control, or nothing: its element, or a description of each control that is seen.
(wanted) => {
  const CONTROLS =
    "a[href], button, input:not([type=hidden]), select, textarea, summary, " +
    ":is([role=button], [role=tab], [role=menuitem], [role=switch], [role=checkbox])";
  const WITHIN = [
    "#side", "[data-hx-get], [data-hx-post]", "[data-submit-on-change]", "[data-search]", "[data-filters]",
    ".chips, .segments, .tabs, .side-nav", ".toasts",
  ];
  // Codes and numbers, which are others in every run.
  const CHANGING = /[0-9a-f]{8}-[0-9a-f-]{27}|\b[0-9a-f]{8,}\b|\d+/g;

  const plain = (words) => words.trim().replaceAll(/\s+/g, " ").replaceAll(CHANGING, "#");
  const text = (element) => {
    const copy = element.cloneNode(true);
    for (const part of copy.querySelectorAll("time, option, svg, select, textarea")) part.remove();
    // What a button says of what it has just done is not its name.
    for (const part of copy.querySelectorAll("[data-words]")) part.textContent = part.dataset.words;
    return element.dataset.words || copy.textContent;
  };
  const labelledBy = (element) =>
    (element.getAttribute("aria-labelledby") || "")
      .split(/\s+/)
      .map((id) => (id && document.getElementById(id)?.textContent) || "")
      .join(" ");
  const name = (element) =>
    plain(
      element.getAttribute("aria-label") ||
        labelledBy(element).trim() ||
        (element.labels?.length ? text(element.labels[0]) : "") ||
        (element.matches("input, select, textarea") ? element.placeholder : text(element)) ||
        element.querySelector("img[alt]")?.alt ||
        element.title ||
        "",
    );
  // A control that is drawn by its label is pressed there.
  const handle = (element) => {
    const style = getComputedStyle(element);
    const isDrawn = style.opacity !== "0" && element.offsetWidth > 1 && style.clipPath === "none";
    return isDrawn || !element.labels?.length ? element : element.labels[0];
  };
  const isSeen = (element) => {
    const shown = handle(element);
    const { width, height } = shown.getBoundingClientRect();
    return shown.checkVisibility({ visibilityProperty: true }) && width > 1 && height > 1;
  };
  const place = (element) => {
    const above = element.closest("dialog, [popover]");
    if (above) return `#${above.id.replaceAll(CHANGING, "#")}`;
    return element.closest("main") ? "main" : "frame";
  };
  // Rows of one state offer the same.
  const state = (element) => {
    const row = element.closest("[data-mark], [data-state]");
    return row ? row.dataset.mark || row.dataset.state : "";
  };
  const attributes = (element, pattern) =>
    element ? [...element.attributes].map((one) => one.name).filter((one) => pattern.test(one)) : [];
  const described = (element) => {
    const form = element.form || null;
    return {
      tag: element.localName,
      type: element.type || "",
      role: element.getAttribute("role") || "",
      name: name(element),
      words: plain(text(element)),
      field: plain(element.name || ""),
      value: /radio|checkbox|submit/.test(element.type) ? element.value : "",
      place: place(element),
      href: element.localName === "a" ? element.getAttribute("href") : "",
      data: attributes(element, /^data-/),
      form: attributes(form, /^(data-|novalidate)/),
      action: form ? form.getAttribute("action") || location.pathname : "",
      method: form ? form.getAttribute("method") || "get" : "",
      within: WITHIN.filter((one) => element.closest(one)),
      download: element.hasAttribute("download"),
      target: element.target || "",
      opens: element.getAttribute("popovertarget") || "",
      panel: Boolean(document.querySelector("[data-side]")),
      row: Boolean(element.closest("tr, li, .integration, .choice, .channel, .event, .tick")),
      current: element.hasAttribute("aria-current"),
      state: state(element),
    };
  };
  const identity = ({ tag, type, name, field, value, place, href, action }) =>
    [tag, type, name, field, value, place, href.replace(/^otpauth:.*/, "otpauth"), action.split("?")[0]].join("|");

  const counts = new Map();
  const found = [];
  for (const element of document.querySelectorAll(CONTROLS)) {
    if (element.disabled || element.closest("[aria-hidden=true]") || !isSeen(element)) continue;
    const one = described(element);
    const mine = identity(one);
    counts.set(mine, (counts.get(mine) || 0) + 1);
    one.id = `${mine}|${counts.get(mine)}`;
    if (wanted === one.id) return handle(element);
    found.push(one);
  }
  return wanted ? null : found;
}
