// htmx under the strict Content Security Policy: it may parse what our own server rendered, and never runs a script.

import htmx from "htmx.org";

interface Policy { createHTML(text: string): string }
interface TrustedTypes { createPolicy(name: string, rules: Policy): Policy }
interface Internals { initSecurity(policy: object): void }

/** Fragments of ours contain no scripts: one that does is not ours. */
function fragment(text: string): string {
  if (/<script\b/i.test(text)) throw new TypeError("a fragment contains a script");
  return text;
}

const types = (window as { trustedTypes?: TrustedTypes }).trustedTypes;
const rules: Policy = { createHTML: fragment };
const policy = types ? types.createPolicy("dashboard", rules) : rules;

htmx.registerExtension("secure", {
  init: (internals: Internals) => internals.initSecurity({
    createHTML: (text: string) => policy.createHTML(text),
    createScript: () => { throw new TypeError("htmx runs no scripts here"); },
  }),
});
