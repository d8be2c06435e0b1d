import { useMemo, useState } from "preact/hooks";
import type { Document, DocumentFacts } from "../../../../client/document.ts";
import type { Version } from "../../../../client/history.ts";
import { Dialog } from "../../../shared/dialog.tsx";
import { sentenceOf } from "../../data/sentence-of.ts";
import { useRead } from "../../data/use-read.ts";
import { useSession } from "../../entry/session.ts";
import { announce } from "../../parts/announcer.tsx";
import { formatBytes } from "../../parts/formats.ts";
import { LoadedPart } from "../../parts/loaded-part.tsx";
import { Problem } from "../../parts/problem.tsx";
import { contentPlan } from "../content/content-bounds.ts";
import { changesOfRoots, type Roots } from "../diff/root-changes.ts";
import { RootChangesList } from "../diff/root-changes-list.tsx";
import { momentText } from "./moment-text.ts";
import { requested, type ShownMoment } from "./moments.ts";
import type { Restored } from "./restored-notice.tsx";

export interface RestoreDialogProps {
  readonly document: Document;
  readonly facts: DocumentFacts;
  readonly moment: ShownMoment;
  readonly at: number | undefined;
  readonly restored: (outcome: Restored) => void;
  readonly close: () => void;
}

/** Shows what restoring a moment would change, and restores it. */
export function RestoreDialog({ at, close, document, facts, moment, restored }: RestoreDialogProps) {
  const { history } = document;
  const { clock } = useSession();
  const text = momentText({ moment, at, now: clock.now() });
  const wanted = requested(moment);
  const isShown = contentPlan(facts.bytes).kind === "live";
  const preview = useRead({
    key: JSON.stringify(moment),
    read: async (signal) => {
      const [dryRun, states] = await Promise.all([
        history.tryRestore(wanted, { signal }),
        isShown ? history.compare(wanted, undefined, { signal }) : undefined,
      ]);
      return { ...dryRun, states };
    },
  });
  const [problem, setProblem] = useState<string>();
  const [isBusy, setBusy] = useState(false);
  const restore = async () => {
    setBusy(true);
    setProblem(undefined);
    try {
      const { changed, sequence } = await history.restore(wanted);
      announce(changed ? "The document was restored." : "Nothing changed: the document is the same as then.");
      if (changed) restored({ text, before: await versionBefore(history, sequence) });
      close();
    } catch (error) {
      setProblem(sentenceOf(error));
      setBusy(false);
    }
  };
  const { state } = preview;
  return (
    <Dialog title="Restore the document" close={close}>
      <div class="stack restore">
        <p>The document will be as it was at this moment: {text}. Everyone who has it open sees the change at once.</p>
        <LoadedPart of={state} retry={preview.refresh}>
          {({ bytes, changed, states }) =>
            changed ? (
              <>
                {states !== undefined && <Preview before={states.to} after={states.from} />}
                <p class="hint">
                  The edit is {formatBytes(bytes)}. The state before it is kept as a version, so you can undo this.
                </p>
              </>
            ) : (
              <p>Nothing to restore: the document is the same as then.</p>
            )
          }
        </LoadedPart>
        {problem !== undefined && <Problem why={problem} />}
        <div class="actions">
          <button type="button" onClick={close}>
            Cancel
          </button>
          <button
            type="button"
            class="button primary"
            disabled={isBusy || state.kind !== "loaded" || !state.value.changed}
            onClick={() => void restore()}
          >
            Restore
          </button>
        </div>
      </div>
    </Dialog>
  );
}

function Preview({ after, before }: { readonly before: Roots; readonly after: Roots }) {
  const changes = useMemo(() => changesOfRoots(before, after), [before, after]);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reached by keyboard
    <section class="restore-preview" aria-label="What would change" tabIndex={0}>
      <p class="hint diff-legend">
        <ins>comes back</ins> <del>is removed</del>
      </p>
      <RootChangesList changes={changes} />
    </section>
  );
}

/** The version of the state before a write; undefined if there is none, as without a history. */
async function versionBefore(history: Document["history"], sequence: number): Promise<Version | undefined> {
  for await (const version of history.versions()) if (version.sequence < sequence) return version;
  return undefined;
}
