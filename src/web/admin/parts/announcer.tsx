import { useEffect, useState } from "preact/hooks";
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
  const [hidden, setHidden] = useState(0);
  useEffect(() => {
    if (message === undefined) return undefined;
    const timer = setTimeout(() => setHidden(message.number), shownMs);
    return () => clearTimeout(timer);
  }, [message]);
  const isShown = message !== undefined && message.number > hidden;
  return (
    <div class="announcer" role="status">
      {isShown && (
        <p class="toast" data-tone={message.tone}>
          {message.text}
        </p>
      )}
    </div>
  );
}
