// Security keys and passkeys. Forms carry what the browser's key has signed:
//   <form data-webauthn="create|get" data-options="…">   options of the server, as JSON
//   <form data-webauthn="passkey" data-options-url="…">  they are fetched when they are needed
// The answer goes into the field "response" (or the one named by data-field), and the form is sent.

const EXPIRES = 240_000; // challenges live for five minutes

const decode = (text) =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));

const encode = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");

const known = (list) => (list || []).map((item) => ({ ...item, id: decode(item.id) }));

function forCreate(options) {
  return {
    ...options,
    challenge: decode(options.challenge),
    user: { ...options.user, id: decode(options.user.id) },
    excludeCredentials: known(options.excludeCredentials),
  };
}

function forGet(options) {
  const ready = { ...options, challenge: decode(options.challenge) };
  if (options.allowCredentials) ready.allowCredentials = known(options.allowCredentials);
  return ready;
}

function asJson(credential) {
  const { id, rawId, type, response } = credential;
  const answer = { clientDataJSON: encode(response.clientDataJSON) };
  if (response.attestationObject) {
    answer.attestationObject = encode(response.attestationObject);
    answer.transports = response.getTransports?.() || [];
  } else {
    answer.authenticatorData = encode(response.authenticatorData);
    answer.signature = encode(response.signature);
    if (response.userHandle) answer.userHandle = encode(response.userHandle);
  }
  const clientExtensionResults = credential.getClientExtensionResults();
  return JSON.stringify({ id, rawId: encode(rawId), type, response: answer, clientExtensionResults });
}

const WORDS = {
  NotAllowedError: "Nothing was signed: the key was not used in time, or the window was closed.",
  InvalidStateError: "This key has been added already.",
  SecurityError: "This page is not at the address that keys are made for here (RP_ID).",
  NotSupportedError: "This key cannot be used here.",
};

function say(form, error) {
  const place = form.querySelector("[data-error]");
  place.textContent = error ? WORDS[error.name] || `The key could not be used: ${error.message}` : "";
  place.hidden = !error;
}

function submit(form, credential) {
  form.elements[form.dataset.field || "response"].value = asJson(credential);
  form.submit();
}

async function fetchOptions(form) {
  const response = await fetch(form.dataset.optionsUrl, { cache: "no-store" });
  if (!response.ok) throw new Error(`the server answered ${response.status}`);
  return (await response.json()).publicKey;
}

let waiting = null; // what waits for somebody to choose a passkey in the address field

async function use(form, event) {
  event.preventDefault();
  waiting?.abort();
  const button = event.submitter;
  if (button) button.disabled = true;
  say(form, null);
  try {
    const kind = form.dataset.webauthn;
    const options =
      kind === "passkey" ? await fetchOptions(form) : JSON.parse(form.dataset.options).publicKey;
    const credential =
      kind === "create"
        ? await navigator.credentials.create({ publicKey: forCreate(options) })
        : await navigator.credentials.get({ publicKey: forGet(options) });
    submit(form, credential);
  } catch (error) {
    say(form, error);
  } finally {
    if (button) button.disabled = false;
  }
}

// Browsers that can do so offer passkeys among the addresses that they know.
async function offer(form) {
  waiting = new AbortController();
  const again = setTimeout(() => {
    waiting.abort();
    offer(form);
  }, EXPIRES);
  try {
    const publicKey = forGet(await fetchOptions(form));
    const { signal } = waiting;
    const credential = await navigator.credentials.get({ publicKey, mediation: "conditional", signal });
    submit(form, credential);
  } catch {
    // Nobody chose one; the button is still there.
  }
  clearTimeout(again);
}

async function begin(form) {
  const works = Boolean(window.PublicKeyCredential);
  for (const element of form.querySelectorAll("[data-needs-key]")) element.hidden = !works;
  for (const element of form.querySelectorAll("[data-lacks-key]")) element.hidden = works;
  form.addEventListener("submit", (event) => use(form, event));
  if (!works || form.dataset.webauthn !== "passkey") return;
  if (await PublicKeyCredential.isConditionalMediationAvailable?.()) offer(form);
}

for (const form of document.querySelectorAll("form[data-webauthn]")) begin(form);
