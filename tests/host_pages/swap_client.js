// A shop that fetches its next page and swaps it in: its body under a view transition, as Astro does, or its whole root.
addEventListener("click", async (event) => {
  const link = event.target.closest?.("a[data-swap]");
  if (!link) return;
  event.preventDefault();
  const answer = await fetch(link.href);
  const next = new DOMParser().parseFromString(await answer.text(), "text/html");
  history.pushState({}, "", link.href);
  if (link.dataset.swap === "root") document.documentElement.replaceWith(next.documentElement);
  else await document.startViewTransition(() => document.body.replaceWith(next.body)).finished;
});
