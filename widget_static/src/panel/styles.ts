// Style sheets that the panel adds itself; the document's own is panel.css.

/** Adds CSS rules. A strict CSP allows it, because no element is created. */
export function addStyles(...texts: string[]): void {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(texts.join(""));
  document.adoptedStyleSheets.push(sheet);
}
