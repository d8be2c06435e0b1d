import { useRef } from "preact/hooks";
import { useLatest } from "../../data/use-latest.ts";
import { useRead } from "../../data/use-read.ts";
import { useSession } from "../../entry/session.ts";
import type { ViewProps } from "../../frame/address.ts";
import { LoadedPart } from "../../parts/loaded-part.tsx";
import { useFocusOnPage } from "../../parts/use-focus-on-page.ts";
import { DocumentTable } from "./document-table.tsx";
import { listAddress } from "./list-address.ts";
import { ListControls } from "./list-controls.tsx";
import { type ListPlace, listPlaceOf, orderedSize, pageBefore, pageOptionsOf } from "./list-order.ts";
import { NoDocuments } from "./no-documents.tsx";

/** All documents of the server: in pages by name, or the largest or latest changed ones. */
export function DocumentList({ place }: ViewProps) {
  const { client } = useSession();
  const shown = listPlaceOf(place.query);
  const { refresh, state } = useRead({
    key: listAddress(shown),
    read: (signal) => client.page({ ...pageOptionsOf(shown), signal }),
  });
  const latest = useLatest(state);
  const list = useFocusOnPage<HTMLElement>(shown.after);
  const changed = () => {
    // The button that had the focus goes away with its row.
    list.current?.focus();
    refresh();
  };
  return (
    <>
      <div class="view-head">
        <h1>Documents</h1>
        <div class="list-state">
          {latest.isStale && <span class="waiting late">Loading…</span>}
          <button type="button" class="quiet" onClick={refresh}>
            Refresh
          </button>
        </div>
      </div>
      <ListControls shown={shown} />
      <LoadedPart of={latest.state} retry={refresh}>
        {({ items, next }) =>
          items.length === 0 ? (
            <NoDocuments shown={shown} />
          ) : (
            <section
              ref={list}
              class="panel document-list"
              aria-label="Documents"
              aria-busy={latest.isStale}
              data-stale={latest.isStale}
              tabIndex={-1}
            >
              <DocumentTable documents={items} isDeleted={shown.isDeleted} changed={changed} />
              <Paging shown={shown} next={next} count={items.length} />
            </section>
          )
        }
      </LoadedPart>
    </>
  );
}

interface PagingProps {
  readonly shown: ListPlace;
  readonly next: string | null;
  readonly count: number;
}

function Paging({ count, next, shown }: PagingProps) {
  const trail = useRef<readonly string[]>([]);
  const { after, order } = shown;
  if (after !== undefined && !trail.current.includes(after)) trail.current = [...trail.current, after];
  if (order !== "name") {
    if (count < orderedSize) return null;
    const which = order === "bytes" ? "largest" : "latest changed";
    return (
      <p class="hint paging">
        These are the {orderedSize} {which} documents. Search by the beginning of a name to see others.
      </p>
    );
  }
  if (after === undefined && next === null) return null;
  return (
    <nav class="paging" aria-label="Pages">
      {after !== undefined && (
        <>
          <a class="button" href={listAddress({ ...shown, after: undefined })}>
            First page
          </a>
          <a class="button" href={listAddress({ ...shown, after: pageBefore(trail.current, after) })}>
            Previous
          </a>
        </>
      )}
      {next !== null && (
        <a class="button" href={listAddress({ ...shown, after: next })}>
          Next
        </a>
      )}
    </nav>
  );
}
