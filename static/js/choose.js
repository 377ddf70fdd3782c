// <form data-choose-all>: buttons that tick all boxes or none, and how many are ticked.

for (const form of document.querySelectorAll("form[data-choose-all]")) {
  const boxes = [...form.querySelectorAll("input[type=checkbox]")];
  const chosen = form.querySelector("[data-chosen]");
  const count = () => {
    chosen.textContent = `${boxes.filter((box) => box.checked).length} of ${boxes.length} chosen`;
  };
  form.addEventListener("change", count);
  form.addEventListener("click", (event) => {
    const button = event.target.closest("[data-choose]");
    if (!button) return;
    // What a filter hides stays as it is.
    for (const box of boxes) {
      if (!box.closest("[hidden]")) box.checked = button.dataset.choose === "all";
    }
    count();
  });
  form.querySelector("[data-needs-script]").hidden = false;
  count();
}
