// Lists with check boxes: one box selects the page, and the number of selected rows is shown.
//
//   <form data-select> ... <input type="checkbox" data-select-page> <output data-select-count> ...
//   <input type="checkbox" name="id" value="...">

export function selections(): void {
  document.addEventListener("change", ({ target }) => {
    if (!(target instanceof HTMLInputElement) || target.type !== "checkbox") return;
    const form = target.closest<HTMLFormElement>("form[data-select]");
    if (!form) return;
    const rows = [...form.querySelectorAll<HTMLInputElement>("input[type=checkbox][name=id]")];
    const page = form.querySelector<HTMLInputElement>("[data-select-page]");
    if (target === page) for (const row of rows) row.checked = page.checked;
    const count = rows.filter((row) => row.checked).length;
    if (page) {
      page.checked = count > 0 && count === rows.length;
      page.indeterminate = count > 0 && count < rows.length;
    }
    const shown = form.querySelector<HTMLOutputElement>("[data-select-count]");
    if (shown) shown.value = String(count);
    for (const part of form.querySelectorAll<HTMLElement>("[data-select-some]")) part.hidden = count === 0;
    for (const part of form.querySelectorAll<HTMLElement>("[data-select-all-page]")) {
      part.hidden = count === 0 || count < rows.length;
    }
  });
}
