// <form data-browser-zone="Europe/Riga" hidden>: offers the zone of this browser if it is another.
const offer = document.querySelector("form[data-browser-zone]");
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (offer && zone && zone !== offer.dataset.browserZone) {
  offer.querySelector("[data-zone]").textContent = zone;
  offer.hidden = false;
}

// Lists of zones begin with that of this browser.
for (const list of document.querySelectorAll("datalist#zones")) {
  const first = document.createElement("option");
  first.value = zone;
  first.label = `${zone}, as this browser`;
  if (zone) list.prepend(first);
}
