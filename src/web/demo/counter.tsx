import { useEffect, useState } from "preact/hooks";
import { useValue } from "../shared/value.ts";
import type { RoomClient } from "./room-client.ts";

/** Each window counts its own clicks and shows the sum of all: a single number would lose simultaneous clicks. */
export function Counter({ client }: { readonly client: RoomClient }) {
  const [sum, setSum] = useState(0);
  const counts = client.doc.getMap<number>("counter");
  useEffect(() => {
    const update = () => setSum([...counts.values()].reduce((total, count) => total + (Number(count) || 0), 0));
    update();
    counts.observe(update);
    return () => counts.unobserve(update);
  }, [counts]);
  const canWrite = useValue(client.access.state) === "write";
  const own = String(client.doc.clientID);
  return (
    <section class="panel counter" aria-labelledby="counter-title">
      <h2 id="counter-title">Counter</h2>
      <output data-counter>{sum}</output>
      <button type="button" disabled={!canWrite} onClick={() => counts.set(own, (counts.get(own) ?? 0) + 1)}>
        +1
      </button>
    </section>
  );
}
