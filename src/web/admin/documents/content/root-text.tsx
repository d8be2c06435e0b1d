import { formatCount } from "../../parts/formats.ts";
import { cutText } from "../text/cut-text.ts";
import { linesOfXml } from "../text/xml-lines.ts";
import type { ShownRoot } from "./read-content.ts";

/** The characters of one root that are shown. */
const mostCharacters = 100_000;

export interface RootTextProps {
  readonly root: ShownRoot;
}

/** One root as text: its characters, its XML, or its JSON. */
export function RootText({ root }: RootTextProps) {
  const whole = textOfRoot(root);
  const { omitted, text } = cutText(whole, mostCharacters);
  return (
    <figure class="root-text">
      <figcaption>
        <bdi>{root.name}</bdi> <span class="hint">{kindText(root)}</span>
      </figcaption>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reached by keyboard */}
      <pre tabIndex={0} data-kind={root.kind} dir="auto">
        {text}
      </pre>
      {omitted > 0 && (
        <p class="hint">
          The first {formatCount(text.length)} of {formatCount(whole.length)} characters are shown. Export the document
          to read all.
        </p>
      )}
    </figure>
  );
}

function textOfRoot(root: ShownRoot): string {
  if (root.kind === "values") return JSON.stringify(root.value, undefined, 2);
  return root.kind === "xml" ? linesOfXml(root.value) : root.value;
}

function kindText(root: ShownRoot): string {
  if (root.kind === "xml") return "XML";
  if (root.kind === "values") return Array.isArray(root.value) ? "array, as JSON" : "map, as JSON";
  return `text, ${formatCount(root.value.length)} characters`;
}
