// <button type="button" data-copy="id of an element" data-copied="Copied">: copies the element's text.

export function copyButtons(): void {
  for (const button of document.querySelectorAll<HTMLButtonElement>("button[data-copy]")) button.hidden = false;
  document.addEventListener("click", async ({ target }) => {
    const button = target instanceof Element ? target.closest<HTMLButtonElement>("button[data-copy]") : null;
    const source = button && document.getElementById(button.dataset["copy"] ?? "");
    if (!button || !source) return;
    const text = source instanceof HTMLInputElement ? source.value : source.textContent ?? "";
    await navigator.clipboard.writeText(text.trim());
    const status = document.getElementById("status");
    if (status) status.textContent = button.dataset["copied"] ?? "";
  });
}
