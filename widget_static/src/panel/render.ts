// JSX without a library: the panel is a tree of plain objects, and every change updates the DOM to match it.
// Components are functions without state of their own; all state is in state.ts.

export type Child = VNode | string | number | boolean | null | undefined | Child[];

/** An element to be rendered. */
export interface VNode {
  type: string;
  props: Record<string, unknown>;
  children: Child[];
}

interface RenderedNode extends Element {
  vnode?: VNode | undefined;
}

type Component = (props: never) => Child;
type Handler<E, T extends Element> = (event: E & { currentTarget: T; target: Element }) => unknown;

interface Props {
  onClick?: Handler<MouseEvent, HTMLElement>;
  onKeyDown?: Handler<KeyboardEvent, HTMLElement>;
  onInput?: Handler<Event, HTMLInputElement>;
  onSubmit?: Handler<Event, HTMLFormElement>;
  onCancel?: Handler<Event, HTMLElement>;
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

const isVNode = (child: unknown): child is VNode => !!(child as VNode).type;

function createNode(child: VNode | string): Node {
  if (!isVNode(child)) return new Text();
  const { type } = child;
  return /svg|path/.test(type)
    ? document.createElementNS("http://www.w3.org/2000/svg", type)
    : document.createElement(type);
}

/** Whether a DOM node can be reused for `child`: same element, same key. */
function canBecome({ vnode, nodeType }: RenderedNode, child: VNode | string): boolean {
  if (!isVNode(child)) return nodeType === 3;
  return vnode?.type === child.type && vnode.props["key"] === child.props["key"];
}

function setAttributes(node: RenderedNode, { props }: VNode): void {
  const before = node.vnode?.props ?? {};
  for (const name in { ...before, ...props }) {
    const value = props[name];
    if (value === before[name]) continue;
    if (name.startsWith("on") || name === "value") {
      (node as unknown as Record<string, unknown>)[name.toLowerCase()] = value;
    } else if (value == null || value === false && !name.startsWith("aria")) node.removeAttribute(name);
    else node.setAttribute(name, value as string);
  }
}

/** Makes `parent` contain exactly `children`. Matching nodes are reused, with their focus and typed input. */
export function render(parent: Element, children: Child[]): void {
  const rest = [...parent.childNodes] as unknown as RenderedNode[];
  const all = children.flat(9) as Child[];
  const visible = all.filter((child) => child !== true && (child || child === 0)) as (VNode | string)[];
  visible.forEach((child, position) => {
    const index = rest.findIndex((node) => canBecome(node, child));
    const node = (index < 0 ? createNode(child) : rest.splice(index, 1)[0]) as RenderedNode;
    if (parent.childNodes[position] !== node) parent.insertBefore(node, parent.childNodes[position] ?? null);
    if (!isVNode(child)) {
      if (node.textContent !== `${child}`) node.textContent = child;
      return;
    }
    setAttributes(node, child);
    node.vnode = child;
    render(node, child.children);
    if (index < 0 && child.type === "dialog") (node as unknown as HTMLDialogElement).showModal();
  });
  for (const node of rest) {
    // closing the dialog returns the focus to where it was
    if (node.vnode?.type === "dialog") (node as unknown as HTMLDialogElement).close();
    node.remove();
  }
}
