import { useValue } from "../../shared/value.ts";
import type { RoomClient } from "../room-client.ts";
import { type Step, stepsOf } from "./steps.ts";

const texts: Readonly<Record<Step, { readonly title: string; readonly text: string }>> = {
  "second-window": { title: "Open a second window", text: "Type in both: edits arrive as you make them." },
  "without-webrtc": { title: "Turn WebRTC off and type", text: "Edits still arrive, through the server." },
  offline: { title: "Go offline, type and reload", text: "Come back: nothing is lost, and edits are merged." },
  restart: { title: "Restart the server", text: "The text is still here: it was on disk." },
  "server-stopped": { title: "Stop the server and type", text: "Connected windows keep working without it." },
};

/** Things to try. Each ticks itself when the page sees that it was done. */
export function Checklist({ client }: { readonly client: RoomClient }) {
  const done = useValue(client.checklist.done);
  const access = useValue(client.access.state);
  if (access === "read") return null;
  const steps = stepsOf(client.websocketDisabledReason === undefined);
  return (
    <section class="checklist" aria-labelledby="checklist-title">
      <h2 id="checklist-title">Try it</h2>
      <ol>
        {steps.map((step) => (
          <StepItem key={step} step={step} isDone={done.includes(step)} />
        ))}
      </ol>
    </section>
  );
}

function StepItem({ step, isDone }: { readonly step: Step; readonly isDone: boolean }) {
  const { title, text } = texts[step];
  return (
    <li data-step={step} data-done={isDone}>
      <span class="tick" role="img" aria-label={isDone ? "done" : "not done yet"} />
      <span>
        <strong>{title}</strong>
        <span class="hint">{text}</span>
      </span>
    </li>
  );
}
