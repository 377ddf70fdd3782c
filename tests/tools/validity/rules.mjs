// What is judged, and what is not: each exception stands beside its reason.
// https://html-validate.org/rules/

// The elements of static/js: what is in them may be whatever may be around them.
const ours = { flow: true, phrasing: true, transparent: true };

// ARIA in HTML: without a role it is "generic", which has no name.
const named = { allowed: (node) => (node.hasAttribute("role") ? null : "needs a role") };

const elements = {
  "hc-checks": ours,
  "hc-live": ours,
  "hc-log": ours,
  "hc-tv": ours,
  pre: { attributes: { "aria-label": named, "aria-labelledby": named } },
  // An instant; HTML allows a second three decimal places at most.
  time: { attributes: { datetime: { enum: [/^[\d-]{10}T[\d:]{8}(\.\d{1,3})?(Z|[+-]\d\d:\d\d)$/] } } },
};

const all = ["html-validate:recommended", "html-validate:standard", "html-validate:a11y"];

const rules = {
  "doctype-style": ["error", { style: "lowercase" }], // either is valid; the specification writes it so
  "form-dup-name": ["error", { shared: ["button", "checkbox", "radio", "reset", "submit"] }], // the boxes of one choice
  "no-trailing-whitespace": "off", // of the lines of templates remain blanks, which show nowhere
  "no-unknown-elements": "error", // not among the recommended ones
  "require-sri": ["error", { target: "crossorigin" }], // our own server may be trusted
  "wcag/h32": "off", // a field for searching is sent by Enter, a choice by itself; without scripts <noscript> has a button
};

// A document as the server sends it.
const whole = {
  root: true,
  extends: [...all, "html-validate:document"],
  elements: ["html5", elements],
  rules,
};

// A piece of one, which a script asks for: what it refers to may be in the page.
const fragment = { ...whole, extends: all };

// A page as it stands in the browser, written down by the browser.
const state = {
  ...whole,
  rules: {
    ...rules,
    "attribute-boolean-style": "off", // browsers write hidden=""
    "attribute-empty-style": "off", // and download=""
    "doctype-style": "off", // and <!DOCTYPE>
    "no-inline-style": "off", // scripts place things by style properties; the content policy refuses the attribute
  },
};

// The pages below /admin/ are made by Django's templates: their validity counts, not their style.
const admin = { root: true, extends: ["html-validate:standard"], elements: ["html5"] };

export const kinds = { document: whole, fragment, state, admin };
