import { useState } from "preact/hooks";
import type { ApiKeyScope, CreatedApiKey } from "../../../../client/server/api-keys.ts";
import { CopyButton } from "../../../shared/copy-button.tsx";
import { Dialog } from "../../../shared/dialog.tsx";
import { sentenceOf } from "../../data/sentence-of.ts";
import { serverUrl, useSession } from "../../entry/session.ts";
import { Problem } from "../../parts/problem.tsx";
import { TextField } from "../text-field.tsx";

export interface CreateKeyDialogProps {
  /** Called when there is a new key. */
  readonly created: () => void;
  readonly close: () => void;
}

/** Creates an API key, and shows it once. */
export function CreateKeyDialog({ close, created }: CreateKeyDialogProps) {
  const [key, setKey] = useState<CreatedApiKey>();
  const show = (made: CreatedApiKey) => {
    setKey(made);
    created();
  };
  return (
    <Dialog title={key === undefined ? "Create an API key" : "Your API key"} close={close} isKept={key !== undefined}>
      {key === undefined ? <KeyForm created={show} close={close} /> : <NewKey made={key} close={close} />}
    </Dialog>
  );
}

const scopes: readonly { readonly scope: ApiKeyScope; readonly label: string; readonly hint: string }[] = [
  { scope: "docs:read", label: "Read", hint: "List and read documents." },
  { scope: "docs:write", label: "Write", hint: "Also write, create and restore them." },
  {
    scope: "docs:admin",
    label: "Administer",
    hint: "Also delete and purge them, and disconnect clients. A key for all documents also opens webhooks and this dashboard.",
  },
];

interface KeyFormProps {
  readonly created: (made: CreatedApiKey) => void;
  readonly close: () => void;
}

function KeyForm({ close, created }: KeyFormProps) {
  const { apiKeys } = useSession().client.server;
  const [name, setName] = useState("");
  const [scope, setScope] = useState<ApiKeyScope>("docs:read");
  const [prefix, setPrefix] = useState("");
  const [problem, setProblem] = useState<string>();
  const [isBusy, setBusy] = useState(false);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    setBusy(true);
    setProblem(undefined);
    try {
      created(await apiKeys.create({ name: name.trim(), scope, prefix }));
    } catch (error) {
      setProblem(sentenceOf(error));
      setBusy(false);
    }
  };
  return (
    <form class="stack" onSubmit={submit}>
      <TextField
        label="Name"
        value={name}
        set={setName}
        isRequired
        isFirst
        maxLength={100}
        placeholder="search-index"
        hint={`Changes made with the key have the user key:${name.trim() || "NAME"}.`}
      />
      <fieldset class="scopes">
        <legend>Scope</legend>
        {scopes.map(({ hint, label, scope: each }) => (
          <label key={each}>
            <input type="radio" name="scope" checked={each === scope} onChange={() => setScope(each)} />
            <span>
              {label} <code class="scope-name">{each}</code> <span class="hint">{hint}</span>
            </span>
          </label>
        ))}
      </fieldset>
      <TextField label="Documents whose names begin with" value={prefix} set={setPrefix} placeholder="All documents" />
      {problem !== undefined && <Problem why={problem} />}
      <div class="actions">
        <button type="button" onClick={close}>
          Cancel
        </button>
        <button type="submit" class="button primary" disabled={isBusy}>
          Create
        </button>
      </div>
    </form>
  );
}

function NewKey({ close, made }: { readonly made: CreatedApiKey; readonly close: () => void }) {
  const path = `v1/docs${made.prefix === "" ? "" : `?prefix=${encodeURIComponent(made.prefix)}`}`;
  const command = `curl -H 'Authorization: Bearer ${made.key}' '${new URL(path, serverUrl())}'`;
  return (
    <div class="stack">
      <p role="status">Copy it now. The server does not show it again.</p>
      <p class="token-text">{made.key}</p>
      <div class="link-row">
        <CopyButton label="Copy key" text={made.key} isPrimary />
        <CopyButton label="Copy as curl" text={command} />
      </div>
      <div class="actions">
        <button type="button" onClick={close}>
          Done
        </button>
      </div>
    </div>
  );
}
