// Recovery codes: <button data-print>, and <button data-download="name.txt" data-from="#id">.

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-print]")) print();
  const button = event.target.closest("[data-download]");
  if (!button) return;
  const text = document.querySelector(button.dataset.from).textContent;
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([`${text.trim()}\n`], { type: "text/plain" }));
  link.download = button.dataset.download;
  link.click();
  URL.revokeObjectURL(link.href);
});
