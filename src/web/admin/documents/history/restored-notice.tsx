import type { Version } from "../../../../client/history.ts";
import { Ago } from "../../parts/ago.tsx";
import type { ShownMoment } from "./moments.ts";

export interface Restored {
  /** The restored moment, in words. */
  readonly text: string;
  /** The state before; undefined if it was not kept. */
  readonly before: Version | undefined;
}

export interface RestoredNoticeProps {
  readonly restored: Restored;
  readonly takeBack: (moment: ShownMoment) => void;
}

/** Says what was restored, and how to undo it. */
export function RestoredNotice({ restored: { before, text }, takeBack }: RestoredNoticeProps) {
  return (
    <div class="alert" data-tone="good">
      <p>
        <strong>Restored to {text}.</strong>
      </p>
      {before === undefined ? (
        <p>The state before it was not kept.</p>
      ) : (
        <>
          <p>
            The state before it is version <code>{before.id}</code>
            {before.name !== null && <bdi> “{before.name}”</bdi>}
            {before.at !== null && (
              <>
                , of <Ago time={before.at} />
              </>
            )}
            .
          </p>
          <p>
            <button type="button" onClick={() => takeBack({ kind: "version", id: before.id })}>
              Undo…
            </button>
          </p>
        </>
      )}
    </div>
  );
}
