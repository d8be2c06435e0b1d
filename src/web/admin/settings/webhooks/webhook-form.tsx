import { useState } from "preact/hooks";
import { Dialog } from "../../../shared/dialog.tsx";
import { sentenceOf } from "../../data/sentence-of.ts";
import { Problem } from "../../parts/problem.tsx";
import { webhookEvents } from "./webhook-events.ts";
import { faultOf, settingsOf, type WebhookFields } from "./webhook-fields.ts";

export interface WebhookFormProps {
  readonly title: string;
  /** The verb of the button. */
  readonly action: string;
  readonly initial: WebhookFields;
  /** Called with the settings. The dialog stays open with the reason if it rejects. */
  readonly submit: (settings: ReturnType<typeof settingsOf>) => Promise<void>;
  readonly close: () => void;
}

/** A dialog with the settings of a webhook. */
export function WebhookForm({ action, close, initial, submit, title }: WebhookFormProps) {
  const [fields, setFields] = useState(initial);
  const [problem, setProblem] = useState<string>();
  const [isBusy, setBusy] = useState(false);
  const change = (changed: Partial<WebhookFields>) => setFields((before) => ({ ...before, ...changed }));
  const send = async (event: SubmitEvent) => {
    event.preventDefault();
    const fault = faultOf(fields);
    setProblem(fault);
    if (fault !== undefined || isBusy) return;
    setBusy(true);
    try {
      await submit(settingsOf(fields));
    } catch (error) {
      setProblem(sentenceOf(error));
      setBusy(false);
    }
  };
  return (
    <Dialog title={title} close={close}>
      <form class="stack" onSubmit={send}>
        <label>
          URL
          <input
            type="url"
            required
            value={fields.url}
            placeholder="https://app.example.com/yurt"
            onInput={({ currentTarget }) => change({ url: currentTarget.value })}
          />
        </label>
        <label>
          Documents
          <textarea
            rows={2}
            value={fields.documents}
            spellcheck={false}
            aria-describedby="webhook-documents-hint"
            onInput={({ currentTarget }) => change({ documents: currentTarget.value })}
          />
          <span id="webhook-documents-hint" class="hint">
            One name or pattern per line: <code>notes/**</code> matches all names that begin with notes/,{" "}
            <code>**</code> matches all documents.
          </span>
        </label>
        <EventField chosen={fields.events} choose={(events) => change({ events })} />
        <details>
          <summary>More settings</summary>
          <MoreFields fields={fields} change={change} />
        </details>
        {problem !== undefined && <Problem why={problem} />}
        <div class="actions">
          <button type="button" onClick={close}>
            Cancel
          </button>
          <button type="submit" class="button primary" disabled={isBusy}>
            {action}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

interface EventFieldProps {
  readonly chosen: readonly string[];
  readonly choose: (events: readonly string[]) => void;
}

function EventField({ choose, chosen }: EventFieldProps) {
  return (
    <fieldset class="event-field">
      <legend>Events</legend>
      {webhookEvents.map(({ label, type }) => (
        <label key={type} class="check-box">
          <input
            type="checkbox"
            checked={chosen.includes(type)}
            onChange={({ currentTarget }) =>
              choose(currentTarget.checked ? [...chosen, type] : chosen.filter((each) => each !== type))
            }
          />
          <span>
            {label} <code class="hint">{type}</code>
          </span>
        </label>
      ))}
    </fieldset>
  );
}

interface MoreFieldsProps {
  readonly fields: WebhookFields;
  readonly change: (changed: Partial<WebhookFields>) => void;
}

function MoreFields({ change, fields }: MoreFieldsProps) {
  return (
    <div class="stack">
      <label>
        Description
        <input
          value={fields.description}
          onInput={({ currentTarget }) => change({ description: currentTarget.value })}
        />
      </label>
      <label>
        Content in messages
        <select
          value={fields.include}
          onChange={({ currentTarget: { value } }) =>
            change({ include: value === "json" || value === "text" ? value : "" })
          }
        >
          <option value="">None</option>
          <option value="json">The whole document as JSON</option>
          <option value="text">The texts of the document</option>
        </select>
      </label>
      <label>
        Quiet time before a change is reported (seconds)
        <input
          inputMode="decimal"
          value={fields.debounceSeconds}
          onInput={({ currentTarget }) => change({ debounceSeconds: currentTarget.value })}
        />
      </label>
      <label>
        Longest time before a change is reported (seconds)
        <input
          inputMode="decimal"
          value={fields.maxWaitSeconds}
          onInput={({ currentTarget }) => change({ maxWaitSeconds: currentTarget.value })}
        />
      </label>
    </div>
  );
}
