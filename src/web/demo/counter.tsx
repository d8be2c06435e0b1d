import { useEffect, useState } from "preact/hooks";
import { FrameTask } from "../shared/frame-task.ts";
import { useValue } from "../shared/value.ts";
import { type CounterContent, readCount, readCounter } from "./document/counter-content.ts";
import { countsOf } from "./document/roots.ts";
import type { RoomClient } from "./room-client.ts";

/** Each window counts its own clicks and shows the sum of all: a single number would lose simultaneous clicks. */
export function Counter({ client }: { readonly client: RoomClient }) {
  const counts = countsOf(client.doc);
  const [{ sum, isForeign }, setContent] = useState<CounterContent>(() => readCounter(counts));
  useEffect(() => {
    const update = new FrameTask(() => setContent(readCounter(counts)));
    const changed = () => update.schedule();
    changed();
    counts.observe(changed);
    return () => {
      counts.unobserve(changed);
      update.cancel();
    };
  }, [counts]);
  const canWrite = useValue(client.access.state) === "write";
  const own = String(client.doc.clientID);
  const countUp = () => counts.set(own, (readCount(counts.get(own)) ?? 0) + 1);
  return (
    <fieldset class="counter" aria-label="Counter">
      {isForeign && <span class="hint">Counts only what this demo has written.</span>}
      <output data-counter aria-label="Shared count">
        {sum}
      </output>
      <button type="button" class="quiet" disabled={!canWrite} onClick={countUp}>
        +1
      </button>
    </fieldset>
  );
}
