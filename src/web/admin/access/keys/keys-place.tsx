import { useState } from "preact/hooks";
import type { ApiKeyFacts } from "../../../../client/server/api-keys.ts";
import { useRead } from "../../data/use-read.ts";
import { useSession } from "../../entry/session.ts";
import { Ago } from "../../parts/ago.tsx";
import { announce } from "../../parts/announcer.tsx";
import { ConfirmDialog } from "../../parts/confirm-dialog.tsx";
import { Empty } from "../../parts/empty.tsx";
import { LoadedPart } from "../../parts/loaded-part.tsx";
import { ShownName } from "../../parts/shown-name.tsx";
import { type Column, Table } from "../../parts/table.tsx";
import { useFocusAfter } from "../../parts/use-focus-after.ts";
import { CreateKeyDialog } from "./create-key-dialog.tsx";

/** The API keys: lists, creates and revokes them. */
export function KeysPlace() {
  const { apiKeys } = useSession().client.server;
  const { refresh, state } = useRead({ key: "api-keys", read: (signal) => apiKeys.list({ signal }) });
  const [isCreating, setCreating] = useState(false);
  const [revoked, setRevoked] = useState<ApiKeyFacts>();
  const { due, target: head } = useFocusAfter<HTMLDivElement>(revoked !== undefined);
  const create = (
    <button type="button" class="button primary" onClick={() => setCreating(true)}>
      Create API key
    </button>
  );
  return (
    <>
      <div class="keys-head" ref={head} tabIndex={-1}>
        <p class="hint">
          Programs use an API key for the HTTP API, in every access mode. The server keeps a hash of each key, and does
          not show it again. Keys do not expire.
        </p>
        {state.kind === "loaded" && state.value.length > 0 && create}
      </div>
      <LoadedPart of={state} retry={refresh}>
        {(keys) =>
          keys.length === 0 ? (
            <section class="panel">
              <Empty title="No API keys">
                <p>Create one for a program that reads or writes documents over HTTP.</p>
                {create}
              </Empty>
            </section>
          ) : (
            <section class="panel">
              <Table
                caption="API keys"
                columns={[...columns, revokeColumn(setRevoked)]}
                rows={keys.toReversed()}
                keyOf={({ id }) => id}
              />
            </section>
          )
        }
      </LoadedPart>
      {isCreating && <CreateKeyDialog created={refresh} close={() => setCreating(false)} />}
      {revoked !== undefined && (
        <ConfirmDialog
          title="Revoke the API key"
          action="Revoke"
          isDangerous
          close={() => setRevoked(undefined)}
          confirm={async () => {
            await apiKeys.revoke(revoked.id);
            announce(`The API key ${revoked.name} was revoked.`);
            due();
            refresh();
          }}
        >
          <p>
            Requests with the key <ShownName name={revoked.name} /> are refused from now on. This cannot be undone.
          </p>
        </ConfirmDialog>
      )}
    </>
  );
}

const columns: readonly Column<ApiKeyFacts>[] = [
  { label: "Name", cell: ({ name }) => <ShownName name={name} /> },
  { label: "Scope", cell: ({ scope }) => <code>{scope}</code> },
  {
    label: "Documents",
    cell: ({ prefix }) =>
      prefix === "" ? (
        "All"
      ) : (
        <span>
          <ShownName name={prefix} />…
        </span>
      ),
  },
  { label: "Created", cell: ({ createdAt }) => <Ago time={createdAt} /> },
];

function revokeColumn(revoke: (key: ApiKeyFacts) => void): Column<ApiKeyFacts> {
  return {
    label: "Actions",
    isLabelHidden: true,
    isNumber: true,
    cell: (key) => (
      <button type="button" aria-label={`Revoke ${key.name}`} onClick={() => revoke(key)}>
        Revoke
      </button>
    ),
  };
}
