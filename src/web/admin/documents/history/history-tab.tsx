import { useMemo, useRef, useState } from "preact/hooks";
import type { Document, DocumentFacts } from "../../../../client/document.ts";
import type { Version } from "../../../../client/history.ts";
import { lastValue } from "../../data/loaded.ts";
import { useLatest } from "../../data/use-latest.ts";
import { useSession } from "../../entry/session.ts";
import { goTo, linkTo, type Place } from "../../frame/address.ts";
import { Empty } from "../../parts/empty.tsx";
import { LoadedPart } from "../../parts/loaded-part.tsx";
import { type ChangeCount, useLiveRead } from "../page/use-live-read.ts";
import { gapSecondsFor } from "./activity-bars.ts";
import { ChangesSince } from "./changes-since.tsx";
import { HistoryKept } from "./history-kept.tsx";
import { addressOfTime, momentOf, rangeOf, type ShownMoment } from "./moments.ts";
import { RestoreDialog } from "./restore-dialog.tsx";
import { type Restored, RestoredNotice } from "./restored-notice.tsx";
import { Timeline } from "./timeline.tsx";
import { Versions } from "./versions.tsx";

/** Activity and versions are read at most so often. */
const apartMs = 4_000;
/** The versions that are shown at first, and with each further step. */
const versionStep = 20;

export interface HistoryTabProps {
  readonly document: Document;
  readonly facts: DocumentFacts;
  readonly place: Place;
  readonly changes: ChangeCount;
  /** Called when the page has changed the document. */
  readonly changed: () => void;
}

/** The history of a document: a moment is chosen, compared with now, and restored. */
export function HistoryTab({ changed, changes: allChanges, document, facts, place }: HistoryTabProps) {
  const { name, history } = document;
  const [restoring, setRestoring] = useState<ShownMoment>();
  const changes = useHeld(allChanges, restoring !== undefined);
  const { clock } = useSession();
  const moment = momentOf(place.query["at"]);
  const [mostVersions, setMostVersions] = useState(versionStep);
  const versions = useLiveRead({
    key: `${name} ${mostVersions}`,
    apartMs,
    changes,
    read: (signal) => firstOf(history.versions({ signal }), mostVersions + 1),
  });
  const shownVersions = useLatest(versions.state).state;
  const at = timeOf(moment, lastValue(shownVersions));
  const range = rangeOf(place.query["range"], {
    at,
    createdAt: facts.createdAt === null ? undefined : Date.parse(facts.createdAt),
    now: clock.now(),
  });
  const activity = useLiveRead({
    key: `${name} ${range.id}`,
    apartMs,
    changes,
    read: async (signal) => {
      const to = clock.now();
      const span = { from: to - range.ms, to };
      const given = { from: new Date(span.from), to: new Date(to), gapSeconds: gapSecondsFor(span) };
      return { span, activities: await history.activity({ ...given, signal }) };
    },
  });
  const go = (query: Readonly<Record<string, string | undefined>>) => {
    const present = { at: place.query["at"], range: place.query["range"] };
    goTo(linkTo("documents", [name], { tab: "history", ...present, ...query }), { replace: true });
  };
  const [restored, setRestored] = useState<readonly Restored[]>([]);
  const refresh = () => {
    changed();
    versions.refresh();
    activity.refresh();
  };
  return (
    <>
      {restored[0] !== undefined && <RestoredNotice restored={restored[0]} takeBack={setRestoring} />}
      <LoadedPart of={useLatest(activity.state).state} retry={activity.refresh}>
        {(shown) => (
          <Timeline
            activity={shown}
            marks={(lastValue(shownVersions) ?? []).flatMap(({ at: time, name: given }) =>
              time === null || given === null ? [] : [Date.parse(time)],
            )}
            range={range}
            showRange={({ id }) => go({ range: id })}
            at={at}
            choose={(chosen) => {
              const isShown = chosen >= shown.span.from;
              go({ at: addressOfTime(chosen), ...(!isShown && { range: undefined }) });
            }}
          />
        )}
      </LoadedPart>
      <div class="history">
        {moment === undefined ? (
          <section class="panel">
            <Empty title="Choose a moment">
              <p>The page then shows what has changed since, and can restore the document to it.</p>
              <HistoryKept />
            </Empty>
          </section>
        ) : (
          <ChangesSince
            {...{ document, facts, moment, changes, at }}
            revision={restored.length}
            restore={() => setRestoring(moment)}
          />
        )}
        <LoadedPart of={shownVersions} retry={versions.refresh}>
          {(found) => (
            <Versions
              document={document}
              versions={found.slice(0, mostVersions)}
              chosen={moment?.kind === "version" ? moment.id : undefined}
              showMore={found.length > mostVersions ? () => setMostVersions(mostVersions + versionStep) : undefined}
              changed={versions.refresh}
            />
          )}
        </LoadedPart>
      </div>
      {restoring !== undefined && (
        <RestoreDialog
          document={document}
          facts={facts}
          moment={restoring}
          at={timeOf(restoring, lastValue(shownVersions))}
          restored={(outcome) => {
            setRestored((before) => [outcome, ...before]);
            refresh();
          }}
          close={() => setRestoring(undefined)}
        />
      )}
    </>
  );
}

/**
 * The changes of the document, which stand still while a dialog is open: its preview does not wait for comparisons that
 * nobody sees.
 */
function useHeld(changes: ChangeCount, isHeld: boolean): ChangeCount {
  const held = useRef<number | undefined>(undefined);
  held.current = isHeld ? (held.current ?? changes.current) : undefined;
  return useMemo(
    () => ({
      get current() {
        return held.current ?? changes.current;
      },
    }),
    [changes],
  );
}

/** The time of a moment; undefined if it is not known. */
function timeOf(moment: ShownMoment | undefined, versions: readonly Version[] | undefined): number | undefined {
  if (moment?.kind === "time") return moment.at;
  const time = moment?.kind === "version" ? versions?.find(({ id }) => id === moment.id)?.at : undefined;
  return time === undefined || time === null ? undefined : Date.parse(time);
}

async function firstOf<T>(items: AsyncIterable<T>, most: number): Promise<readonly T[]> {
  const found: T[] = [];
  for await (const item of items) {
    found.push(item);
    if (found.length === most) break;
  }
  return found;
}
