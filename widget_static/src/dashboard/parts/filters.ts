// <form data-submit-on-change>: a filter applies as soon as it is chosen; without scripts its button does it.

export function filtersSubmitThemselves(): void {
  document.addEventListener("change", ({ target }) => {
    if (!(target instanceof HTMLSelectElement || target instanceof HTMLInputElement)) return;
    if (target.type === "search" || target.type === "text") return;
    target.closest<HTMLFormElement>("form[data-submit-on-change]")?.requestSubmit();
  });
}
