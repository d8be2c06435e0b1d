import { useMemo, useState } from "preact/hooks";
import type { Document, DocumentFacts } from "../../../../client/document.ts";
import { YurtError } from "../../../../client/errors.ts";
import type { Comparison } from "../../../../client/history.ts";
import { useLatest } from "../../data/use-latest.ts";
import { useSession } from "../../entry/session.ts";
import { Empty } from "../../parts/empty.tsx";
import { formatBytes } from "../../parts/formats.ts";
import { LoadedPart } from "../../parts/loaded-part.tsx";
import { contentPlan } from "../content/content-bounds.ts";
import { changesOfRoots, type Roots } from "../diff/root-changes.ts";
import { RootChangesList } from "../diff/root-changes-list.tsx";
import { ForkDialog } from "../manage/fork-dialog.tsx";
import { type ChangeCount, useLiveRead } from "../page/use-live-read.ts";
import { Authors } from "./authors.tsx";
import { HistoryKept } from "./history-kept.tsx";
import { momentText } from "./moment-text.ts";
import { requested, type ShownMoment } from "./moments.ts";

/** A comparison opens two states of the document on the server. */
const apartMs = 4_000;
const neverMs = 2_147_483_647;

export interface ChangesSinceProps {
  readonly document: Document;
  readonly facts: DocumentFacts;
  readonly moment: ShownMoment;
  /** The time of the moment; undefined if it is not known. */
  readonly at: number | undefined;
  readonly changes: ChangeCount;
  /** Another revision means that the page has restored the document. */
  readonly revision: number;
  readonly restore: () => void;
}

/** The difference between a moment and now, and the actions on the moment. */
export function ChangesSince(props: ChangesSinceProps) {
  const { at, document, facts, moment, restore } = props;
  const { clock } = useSession();
  const [isForking, setForking] = useState(false);
  const key = JSON.stringify([document.name, moment]);
  const [unknown, setUnknown] = useState<string>();
  const isBeforeDocument = isBefore(facts, at);
  return (
    <section class="panel changes-since" aria-labelledby="changes-title">
      <header>
        <div>
          <h2 id="changes-title">Changes since then</h2>
          <p class="hint">{momentText({ moment, at, now: clock.now() })}</p>
        </div>
        {!isBeforeDocument && unknown !== key && (
          <div class="actions">
            <button type="button" onClick={() => setForking(true)}>
              Fork from here…
            </button>
            <button type="button" class="button primary" onClick={restore}>
              Restore…
            </button>
          </div>
        )}
      </header>
      {isBeforeDocument ? (
        <Empty title="The document did not exist then">
          <p>It was created later. Choose a later moment.</p>
        </Empty>
      ) : (
        <Compared {...props} found={(isKnown) => setUnknown(isKnown ? undefined : key)} />
      )}
      {isForking && <ForkDialog document={document} moment={requested(moment)} close={() => setForking(false)} />}
    </section>
  );
}

function isBefore({ createdAt }: DocumentFacts, at: number | undefined): boolean {
  // Times of the history are whole seconds.
  return at !== undefined && createdAt !== null && at + 1_000 <= Date.parse(createdAt);
}

interface ComparedProps extends ChangesSinceProps {
  /** Called with each comparison: whether the history has the moment. */
  readonly found: (isKnown: boolean) => void;
}

function Compared(props: ComparedProps) {
  const [isAsked, setAsked] = useState(false);
  const { bytes } = props.facts;
  const plan = contentPlan(bytes);
  if (plan.kind === "never") {
    return (
      <p class="hint">The document is {formatBytes(bytes)}, too large to compare here. It can still be restored.</p>
    );
  }
  if (plan.kind === "asked" && !isAsked) {
    return (
      <p>
        The document is {formatBytes(bytes)}.{" "}
        <button type="button" onClick={() => setAsked(true)}>
          Compare it with now
        </button>
      </p>
    );
  }
  return <ComparedNow {...props} isLive={plan.kind === "live"} />;
}

function ComparedNow(props: ComparedProps & { readonly isLive: boolean }) {
  const { changes, document, found, isLive, moment, revision } = props;
  const { refresh, state } = useLiveRead({
    key: JSON.stringify([document.name, moment, revision]),
    apartMs: isLive ? apartMs : neverMs,
    changes,
    read: async (signal) => {
      const compared = await compareWithNow(document, moment, signal);
      if (!signal.aborted) found(compared !== undefined);
      return { compared };
    },
  });
  const latest = useLatest(state);
  return (
    <div data-stale={latest.isStale} aria-busy={latest.isStale}>
      <LoadedPart of={latest.state} retry={refresh}>
        {({ compared }) =>
          compared === undefined ? (
            <Empty title="The document at this moment is not known">
              <p>The moment is before the history of the document, or in a part without one.</p>
              <HistoryKept />
            </Empty>
          ) : (
            <Difference before={compared.from} after={compared.to} {...{ changes, document, moment }} />
          )
        }
      </LoadedPart>
    </div>
  );
}

/** Undefined for a moment that the history does not have. */
async function compareWithNow(
  { history }: Document,
  moment: ShownMoment,
  signal: AbortSignal,
): Promise<Comparison | undefined> {
  try {
    return await history.compare(requested(moment), undefined, { signal });
  } catch (error) {
    if (error instanceof YurtError && error.code === "moment-unknown") return undefined;
    throw error;
  }
}

interface DifferenceProps extends Pick<ChangesSinceProps, "changes" | "document" | "moment"> {
  readonly before: Roots;
  readonly after: Roots;
}

function Difference({ after, before, changes, document, moment }: DifferenceProps) {
  const found = useMemo(() => changesOfRoots(before, after), [before, after]);
  // The server tells the authors of texts, and not of XML.
  const isPlainText = (root: string) => [before[root], after[root]].every((value) => !String(value).startsWith("<"));
  if (found.changed.length === 0) {
    return <p>The document is the same as then.</p>;
  }
  return (
    <>
      <p class="hint diff-legend">
        <ins>inserted since</ins> <del>deleted since</del>
      </p>
      <RootChangesList
        changes={found}
        below={(root) => isPlainText(root) && <Authors {...{ document, root, moment, changes }} />}
      />
    </>
  );
}
