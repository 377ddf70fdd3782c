// Runs in every page that a test opens: tells every state of the page that was drawn, and every
// violation of the content policy.
(() => {
  const { tellState, tellViolation } = window;
  const frame = window.requestAnimationFrame.bind(window);
  let awaited = false;
  let last = "";

  function tell() {
    awaited = false;
    if (document.readyState === "loading" || document.contentType !== "text/html") return;
    const markup = document.documentElement?.outerHTML ?? "";
    if (markup === last) return;
    last = markup;
    tellState(location.href, `<!doctype html>${markup}`);
  }

  function changed() {
    if (awaited) return;
    awaited = true;
    frame(tell);
  }

  new MutationObserver(changed).observe(document, {
    attributes: true,
    childList: true,
    subtree: true,
  });
  document.addEventListener("readystatechange", changed);
  document.addEventListener("securitypolicyviolation", (event) => {
    tellViolation(`${event.violatedDirective}: ${event.blockedURI} ${event.sample}`);
  });
})();
