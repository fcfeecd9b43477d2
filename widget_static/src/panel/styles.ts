// Style sheets that the panel adds itself; the document's own is panel.css.

/** Adds rules. A strict policy allows it, because no element is made. */
export function addStyles(...texts: string[]): void {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(texts.join(""));
  document.adoptedStyleSheets.push(sheet);
}
