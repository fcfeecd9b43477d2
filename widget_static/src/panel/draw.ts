// JSX without a library: what the panel shows is a tree of plain values, laid over the page at every change.
// Components are functions; nothing is remembered but the state in state.ts.

export type Child = Piece | string | number | boolean | null | undefined | Child[];

/** An element to be. */
export interface Piece {
  type: string;
  props: Record<string, unknown>;
  children: Child[];
}

interface Drawn extends Element {
  piece?: Piece | undefined;
}

type Component = (props: never) => Child;
type On<E, T extends Element> = (event: E & { currentTarget: T; target: Element }) => unknown;

interface Props {
  onClick?: On<MouseEvent, HTMLElement>;
  onKeyDown?: On<KeyboardEvent, HTMLElement>;
  onInput?: On<Event, HTMLInputElement>;
  onSubmit?: On<Event, HTMLFormElement>;
  onCancel?: On<Event, HTMLElement>;
  [name: string]: unknown;
}

declare global {
  namespace JSX {
    type Element = Child;
    type ElementType = string | Component;
    interface IntrinsicElements { [name: string]: Props }
    interface ElementChildrenAttribute { children: unknown }
  }
}

export function h(type: string | Component, props: Record<string, unknown> | null, ...children: Child[]): Child {
  return typeof type === "string" ? { type, props: props ?? {}, children } : type({ ...props, children } as never);
}

const isPiece = (child: unknown): child is Piece => !!(child as Piece).type;

function make(child: Piece | string): Node {
  if (!isPiece(child)) return new Text();
  return /svg|path/.test(child.type) ? document.createElementNS("http://www.w3.org/2000/svg", child.type) : document.createElement(child.type);
}

/** Whether a node on the page can become what is wanted: same element, same key. */
function fits({ piece, nodeType }: Drawn, child: Piece | string): boolean {
  return isPiece(child) ? piece?.type === child.type && piece.props["key"] === child.props["key"] : nodeType === 3;
}

function dress(node: Drawn, { props }: Piece): void {
  const before = node.piece?.props ?? {};
  for (const name in { ...before, ...props }) {
    const value = props[name];
    if (value === before[name]) continue;
    if (name.startsWith("on") || name === "value") (node as unknown as Record<string, unknown>)[name.toLowerCase()] = value;
    else if (value == null || value === false && !name.startsWith("aria")) node.removeAttribute(name);
    else node.setAttribute(name, value as string);
  }
}

/** Makes `parent` hold exactly `children`, keeping the nodes that fit, with their focus and what is typed in them. */
export function lay(parent: Element, children: Child[]): void {
  const rest = [...parent.childNodes] as unknown as Drawn[];
  const wanted = (children.flat(9) as Child[]).filter((child) => child !== true && (child || child === 0)) as (Piece | string)[];
  wanted.forEach((child, place) => {
    const at = rest.findIndex((node) => fits(node, child));
    const node = (at < 0 ? make(child) : rest.splice(at, 1)[0]) as Drawn;
    if (parent.childNodes[place] !== node) parent.insertBefore(node, parent.childNodes[place] ?? null);
    if (!isPiece(child)) {
      if (node.textContent !== `${child}`) node.textContent = child;
      return;
    }
    dress(node, child);
    node.piece = child;
    lay(node, child.children);
    if (at < 0 && child.type === "dialog") (node as unknown as HTMLDialogElement).showModal();
  });
  for (const node of rest) {
    // closing gives the focus back to where it was
    if (node.piece?.type === "dialog") (node as unknown as HTMLDialogElement).close();
    node.remove();
  }
}
