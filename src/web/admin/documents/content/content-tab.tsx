import { useMemo, useState } from "preact/hooks";
import type { Document, DocumentFacts } from "../../../../client/document.ts";
import type { StreamState } from "../../data/use-stream.ts";
import { Empty } from "../../parts/empty.tsx";
import { formatBytes, formatCounted } from "../../parts/formats.ts";
import { LoadedPart } from "../../parts/loaded-part.tsx";
import { type ChangeCount, useLiveRead } from "../page/use-live-read.ts";
import { contentPlan } from "./content-bounds.ts";
import { ContentReader, type ShownRoot } from "./read-content.ts";
import { RootText } from "./root-text.tsx";
import { Tree } from "./tree.tsx";
import { jsonNode, type TreeNode } from "./tree-node.ts";
import { xmlNode } from "./xml-node.ts";

/** The roots that are shown as text. */
const mostTexts = 20;
/** Long enough that a document which is read once is not read again. */
const neverMs = 2_147_483_647;

export interface ContentTabProps {
  readonly document: Document;
  readonly facts: DocumentFacts;
  readonly changes: ChangeCount;
  readonly stream: StreamState;
}

/** The content of a document. A large one is read only when somebody asks for it. */
export function ContentTab(props: ContentTabProps) {
  const [isAsked, setAsked] = useState(false);
  const { bytes } = props.facts;
  const plan = contentPlan(bytes);
  if (plan.kind === "never") {
    return (
      <Empty title="The document is too large to be shown here">
        <p>It is {formatBytes(bytes)}. Export it, or read a part of it with the API.</p>
      </Empty>
    );
  }
  if (plan.kind === "asked" && !isAsked) {
    return (
      <Empty title="The document is large">
        <p>It is {formatBytes(bytes)}. Reading it can take some seconds.</p>
        <p>
          <button type="button" class="button" onClick={() => setAsked(true)}>
            Show the content
          </button>
        </p>
      </Empty>
    );
  }
  return <Content {...props} apartMs={plan.kind === "live" ? plan.apartMs : neverMs} />;
}

type Manner = "tree" | "text";

function Content({ apartMs, changes, document, stream }: ContentTabProps & { readonly apartMs: number }) {
  const [manner, setManner] = useState<Manner>("tree");
  const reader = useMemo(() => new ContentReader(document), [document]);
  const { refresh, state } = useLiveRead({
    key: document.name,
    apartMs,
    changes,
    read: (signal) => reader.read(signal),
  });
  const isLive = stream.kind === "open" && state.kind !== "failed" && apartMs !== neverMs;
  return (
    <section class="panel content" aria-labelledby="content-title">
      <header>
        <h2 id="content-title">Content</h2>
        <div class="content-controls">
          {isLive ? (
            <span class="badge" data-tone="good">
              Live
            </span>
          ) : (
            <button type="button" class="quiet" onClick={refresh}>
              Refresh
            </button>
          )}
          <fieldset class="choices">
            <legend class="unseen">Show as</legend>
            <MannerButton manner="tree" shown={manner} show={setManner} />
            <MannerButton manner="text" shown={manner} show={setManner} />
          </fieldset>
        </div>
      </header>
      {stream.kind === "failed" && <p class="hint">Not live: {stream.why}</p>}
      <LoadedPart of={state} retry={refresh}>
        {(roots) => {
          if (roots.length === 0) return <NoContent />;
          return manner === "tree" ? <Tree label="Content" nodes={roots.map(nodeOf)} /> : <Texts roots={roots} />;
        }}
      </LoadedPart>
    </section>
  );
}

interface MannerButtonProps {
  readonly manner: Manner;
  readonly shown: Manner;
  readonly show: (manner: Manner) => void;
}

function MannerButton({ manner, show, shown }: MannerButtonProps) {
  return (
    <button type="button" aria-pressed={manner === shown} onClick={() => show(manner)}>
      {manner === "tree" ? "Tree" : "Text"}
    </button>
  );
}

function Texts({ roots }: { readonly roots: readonly ShownRoot[] }) {
  return (
    <>
      {roots.slice(0, mostTexts).map((root) => (
        <RootText key={root.name} root={root} />
      ))}
      {roots.length > mostTexts && (
        <p class="hint">{formatCounted(roots.length - mostTexts, "more root")} in the tree only.</p>
      )}
    </>
  );
}

function NoContent() {
  return (
    <Empty title="The document has no visible content">
      <p>It is empty, its content was deleted, or its updates depend on others that have not arrived yet.</p>
    </Empty>
  );
}

function nodeOf(root: ShownRoot): TreeNode {
  if (root.kind !== "xml") return jsonNode(root.name, root.value);
  return xmlNode(root.name, root.value) ?? jsonNode(root.name, root.value);
}
