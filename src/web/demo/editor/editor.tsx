import { useEffect, useRef, useState } from "preact/hooks";
import { useValue } from "../../shared/value.ts";
import { Counter } from "../counter.tsx";
import type { ForeignText } from "../document/text-content.ts";
import type { RoomClient } from "../room-client.ts";
import { SyncBadge } from "../saving/sync-badge.tsx";
import { ForeignTextView } from "./foreign-text-view.tsx";
import { TextEditor } from "./text-editor.ts";

/** The shared text. CodeMirror updates its own DOM inside of `host`. */
export function Editor({ client }: { readonly client: RoomClient }) {
  const host = useRef<HTMLDivElement>(null);
  const [foreign, setForeign] = useState<ForeignText | undefined>(undefined);
  const isReadOnly = useValue(client.access.state) === "read";
  useEffect(
    () => (host.current === null ? undefined : new TextEditor(host.current, client, setForeign).attach()),
    [client],
  );
  return (
    <section class="panel text" aria-labelledby="editor-title">
      <header>
        <h2 id="editor-title">Text</h2>
        {isReadOnly && (
          <span class="badge" data-tone="away">
            Read only
          </span>
        )}
        <Counter client={client} />
      </header>
      <div class="editor">
        <div ref={host} class="editor-host" hidden={foreign !== undefined} />
        {foreign !== undefined && <ForeignTextView text={foreign} />}
      </div>
      <SyncBadge client={client} />
    </section>
  );
}
