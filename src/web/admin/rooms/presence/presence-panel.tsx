import { useEffect, useRef, useState } from "preact/hooks";
import type { AwarenessState } from "../../../../client/document.ts";
import { Avatar } from "../../../shared/people/avatar.tsx";
import { useRead } from "../../data/use-read.ts";
import { useSession } from "../../entry/session.ts";
import { Empty } from "../../parts/empty.tsx";
import { formatCount } from "../../parts/formats.ts";
import { LoadedPart } from "../../parts/loaded-part.tsx";
import { Name } from "../name.tsx";
import { jsonOf, readShownState, type ShownCursor } from "./shown-state.ts";

export interface PresencePanelProps {
  /** The name of a document. */
  readonly document: string;
  /** The number of awareness states, as far as it is known: the states are read again when it changes. */
  readonly count: number | null;
}

const everyMs = 2_000;
const firstStates = 24;

/** The awareness states of the clients in a document. */
export function PresencePanel({ count, document }: PresencePanelProps) {
  return (
    <section class="panel stack" aria-labelledby="presence-title">
      <header>
        <h2 id="presence-title">Presence</h2>
      </header>
      {/* Nothing is read while there is nothing. The server has no answer then for a document that nobody has written to. */}
      {count === 0 ? <NoPresence /> : <States document={document} count={count} />}
    </section>
  );
}

function States({ count, document: name }: PresencePanelProps) {
  const { client } = useSession();
  const [isWhole, setWhole] = useState(false);
  const { refresh, state } = useRead({
    key: name,
    everyMs,
    read: (signal) => client.document(name).awareness({ signal }),
  });
  const known = useRef(count);
  useEffect(() => {
    if (known.current !== count) refresh();
    known.current = count;
  }, [count, refresh]);
  return (
    <LoadedPart of={state} retry={refresh}>
      {({ items: states, partial }) => {
        const shown = isWhole ? states : states.slice(0, firstStates);
        return states.length === 0 && partial !== true ? (
          <NoPresence />
        ) : (
          <>
            {partial === true && <p class="hint">A node of the cluster has not answered: clients may be missing.</p>}
            <ul class="presence">
              {shown.map((each) => (
                <PresenceEntry key={each.clientId} of={each} />
              ))}
            </ul>
            {shown.length < states.length && (
              <button type="button" class="more" onClick={() => setWhole(true)}>
                Show all {formatCount(states.length)}
              </button>
            )}
          </>
        );
      }}
    </LoadedPart>
  );
}

function NoPresence() {
  return (
    <Empty title="No client shows its presence">
      <p>Names, colours and cursors appear here when clients set an awareness state.</p>
    </Empty>
  );
}

function PresenceEntry({ of }: { readonly of: AwarenessState }) {
  const { clientId, color, cursor, name, others } = readShownState(of);
  return (
    <li>
      <Avatar name={name} color={color} />
      <div class="presence-facts">
        <Name text={name} />
        <span class="hint">
          <CursorText of={cursor} />
          {others.length > 0 && (
            <>
              {" · "}
              <bdi>{others.join(", ")}</bdi>
            </>
          )}
        </span>
        <StateJson state={of.state} label={`Client ${clientId}`} />
      </div>
    </li>
  );
}

function CursorText({ of }: { readonly of: ShownCursor | undefined }) {
  if (of === undefined) return <>No cursor</>;
  const text = of.kind === "cursor" ? "Cursor" : "Selection";
  if (of.root === undefined) return <>{text}</>;
  return (
    <>
      {text} in <bdi class="root-name">{of.root}</bdi>
    </>
  );
}

const mostCharacters = 10_000;

/** A state as JSON, which is written when it is opened only. */
function StateJson({ label, state }: { readonly label: string; readonly state: unknown }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <details onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>{label}</summary>
      {isOpen && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reached by keyboard
        <section class="json" aria-label={`State of ${label}`} tabIndex={0}>
          <pre>
            <code>{jsonOf(state, mostCharacters)}</code>
          </pre>
        </section>
      )}
    </details>
  );
}
