import { parentNode, type TreeNode, textNode } from "./tree-node.ts";

const wrapper = "fragment";

/** The node of a root of XML, as the server writes it. Undefined for a text that is not well-formed. */
export function xmlNode(label: string, xml: string): TreeNode | undefined {
  // Nothing of a parsed document runs or is loaded.
  const parsed = new DOMParser().parseFromString(`<${wrapper}>${xml}</${wrapper}>`, "application/xml");
  const root = parsed.documentElement;
  if (root.nodeName !== wrapper || root.getElementsByTagName("parsererror").length > 0) return undefined;
  return elementNode(label, "XML", root);
}

function elementNode(label: string, type: string, element: Element): TreeNode {
  const { childNodes } = element;
  return parentNode(label, type, {
    count: childNodes.length,
    noun: "child node",
    children: (from, to) => {
      const shown = Array.from(
        { length: Math.min(to, childNodes.length) - from },
        (_, index) => childNodes[from + index],
      );
      return shown.flatMap((node) => (node === undefined ? [] : [childOf(node)]));
    },
  });
}

function childOf(node: ChildNode): TreeNode {
  if (node instanceof Element) return elementNode(tagOf(node), "element", node);
  return textNode("", "text", node.textContent ?? "");
}

function tagOf(element: Element): string {
  const attributes = Array.from(element.attributes, ({ name, value }) => ` ${name}=${JSON.stringify(value)}`);
  return `<${element.nodeName}${attributes.join("")}>`;
}
