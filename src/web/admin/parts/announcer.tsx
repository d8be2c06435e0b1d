import { useEffect } from "preact/hooks";
import { useValue, Value } from "../../shared/value.ts";

interface Message {
  readonly text: string;
  readonly tone: "good" | "away";
  readonly number: number;
}

const shownMs = 6_000;
const latest = new Value<Message | undefined>(undefined);
let count = 0;

/** Shows a sentence for some seconds, and has a screen reader read it: what an action has done, or why it has failed. */
export function announce(text: string, tone: Message["tone"] = "good"): void {
  count += 1;
  latest.set({ text, tone, number: count });
}

/** The place of the announcements: one for the page. */
export function Announcer() {
  const message = useValue(latest);
  useEffect(() => {
    if (message === undefined) return undefined;
    const timer = setTimeout(() => latest.set(undefined), shownMs);
    return () => clearTimeout(timer);
  }, [message]);
  // The next session begins without a message.
  useEffect(() => () => latest.set(undefined), []);
  return (
    <div class="announcer" role="status">
      {message !== undefined && (
        // Another number makes another element: a screen reader reads the same sentence again.
        <p key={message.number} class="toast" data-tone={message.tone}>
          {message.text}
        </p>
      )}
    </div>
  );
}
