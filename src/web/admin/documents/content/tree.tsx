import { useState } from "preact/hooks";
import { formatCount, formatCounted } from "../../parts/formats.ts";
import type { TreeNode } from "./tree-node.ts";

/** The children of a node that are shown at first, and with each further step. */
const step = 100;
/** A root with at most so many children is open at the beginning. */
const mostOpen = 50;

export interface TreeProps {
  readonly label: string;
  readonly nodes: readonly TreeNode[];
}

/** Nested lists. The children of a node are in the page only while it is open. */
export function Tree({ label, nodes }: TreeProps) {
  return (
    <ul class="tree" aria-label={label}>
      {nodes.map((node) => (
        <Branch key={node.label} node={node} isOpenAtFirst={node.childCount <= mostOpen} />
      ))}
    </ul>
  );
}

interface BranchProps {
  readonly node: TreeNode;
  readonly isOpenAtFirst: boolean;
}

function Branch({ isOpenAtFirst, node }: BranchProps) {
  const [isOpen, setOpen] = useState(isOpenAtFirst);
  const [most, setMost] = useState(step);
  const { childCount, label, omitted, summary, type } = node;
  const text = (
    <>
      {label !== "" && <bdi class="tree-label">{label}</bdi>}
      <span class="tree-value" data-type={type} dir="auto">
        {summary}
      </span>
      {omitted > 0 && <span class="hint">{formatCounted(omitted, "more character")}</span>}
      <span class="tree-type">{type}</span>
    </>
  );
  if (childCount === 0) return <li class="tree-leaf">{text}</li>;
  return (
    <li>
      <button type="button" class="tree-branch" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
        {text}
      </button>
      {isOpen && (
        <ul>
          {node.children(0, Math.min(most, childCount)).map((child, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: nodes of XML may have no label, and labels may repeat
            <Branch key={`${index} ${child.label}`} node={child} isOpenAtFirst={false} />
          ))}
          {most < childCount && (
            <li>
              <button type="button" onClick={() => setMost(most + step)}>
                Show {formatCount(Math.min(step, childCount - most))} more of {formatCount(childCount)}
              </button>
            </li>
          )}
        </ul>
      )}
    </li>
  );
}
