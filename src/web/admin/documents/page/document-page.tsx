import { useCallback, useEffect, useMemo, useRef } from "preact/hooks";
import type { Document, DocumentFacts } from "../../../../client/document.ts";
import { useStream } from "../../data/use-stream.ts";
import { useSession } from "../../entry/session.ts";
import { linkTo, type Place } from "../../frame/address.ts";
import { Empty } from "../../parts/empty.tsx";
import { LoadedPart } from "../../parts/loaded-part.tsx";
import { ShownName } from "../../parts/shown-name.tsx";
import { ContentTab } from "../content/content-tab.tsx";
import { HistoryTab } from "../history/history-tab.tsx";
import { ManageTab } from "../manage/manage-tab.tsx";
import { changesOf } from "./document-changes.ts";
import { FactList } from "./fact-list.tsx";
import { type ChangeCount, useLiveRead } from "./use-live-read.ts";

/** The facts are read at most so often. */
const factsApartMs = 1_000;

const tabs = [
  { id: "content", label: "Content" },
  { id: "history", label: "History" },
  { id: "manage", label: "Manage" },
] as const;

export interface DocumentPageProps {
  readonly name: string;
  readonly place: Place;
}

/** One document: its facts, and its content, history or actions. */
export function DocumentPage({ name, place }: DocumentPageProps) {
  const { client } = useSession();
  const document = useMemo(() => (isPossible(name) ? client.document(name) : undefined), [client, name]);
  return (
    <>
      <nav class="crumbs" aria-label="Path">
        <a href={linkTo("documents")}>Documents</a>
      </nav>
      {document === undefined ? <Missing name={name} /> : <Possible document={document} place={place} />}
    </>
  );
}

interface PossibleProps {
  readonly document: Document;
  readonly place: Place;
}

function Possible({ document, place }: PossibleProps) {
  const changes = useRef(0);
  const { refresh, state } = useLiveRead({
    key: document.name,
    apartMs: factsApartMs,
    changes,
    read: async (signal) => ({ facts: await document.info({ signal }) }),
  });
  return (
    <LoadedPart of={state} retry={refresh}>
      {({ facts }) =>
        facts === undefined ? (
          <Missing name={document.name} />
        ) : (
          <Found document={document} facts={facts} place={place} changes={changes} refresh={refresh} />
        )
      }
    </LoadedPart>
  );
}

interface FoundProps extends PossibleProps {
  readonly facts: DocumentFacts;
  readonly changes: ChangeCount;
  readonly refresh: () => void;
}

function Found({ changes, document, facts, place, refresh }: FoundProps) {
  const isDeleted = facts.deletedAt !== null;
  const changed = useCallback(() => {
    changes.current += 1;
  }, [changes]);
  const stream = useStream({
    key: isDeleted ? undefined : document.name,
    open: (signal) => changesOf(document, signal),
    receive: changed,
  });
  useEffect(() => {
    // The facts tell whether the document is deleted.
    if (stream.kind === "failed") changed();
  }, [stream, changed]);
  const shown = isDeleted ? "manage" : (tabs.find(({ id }) => id === place.query["tab"])?.id ?? "content");
  return (
    <>
      <div class="view-head">
        <h1>
          <ShownName name={document.name} />
        </h1>
        {isDeleted && (
          <span class="badge" data-tone="away">
            Deleted
          </span>
        )}
      </div>
      <FactList document={document} facts={facts} />
      {!isDeleted && (
        <nav class="tab-links" aria-label="Parts of the document">
          {tabs.map(({ id, label }) => (
            <a
              key={id}
              href={linkTo("documents", [document.name], { tab: id === "content" ? undefined : id })}
              aria-current={id === shown ? "page" : undefined}
            >
              {label}
            </a>
          ))}
        </nav>
      )}
      {shown === "content" && <ContentTab document={document} facts={facts} changes={changes} stream={stream} />}
      {shown === "history" && (
        <HistoryTab document={document} facts={facts} place={place} changes={changes} changed={changed} />
      )}
      {shown === "manage" && <ManageTab document={document} facts={facts} changed={refresh} />}
    </>
  );
}

function Missing({ name }: { readonly name: string }) {
  return (
    <>
      <h1>
        <ShownName name={name} />
      </h1>
      <Empty title="There is no such document">
        <p>No client has written to it yet, or it was purged.</p>
        <p>
          <a href={linkTo("documents")}>All documents</a>
        </p>
      </Empty>
    </>
  );
}

/** No document can have one of these names. */
function isPossible(name: string): boolean {
  return !["", ".", ".."].includes(name);
}
