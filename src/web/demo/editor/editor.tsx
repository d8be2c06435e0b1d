import { useEffect, useRef, useState } from "preact/hooks";
import type { ForeignText } from "../document/text-content.ts";
import type { RoomClient } from "../room-client.ts";
import { ForeignTextView } from "./foreign-text-view.tsx";
import { TextEditor } from "./text-editor.ts";

/** The shared text. CodeMirror updates its own DOM inside of `host`. */
export function Editor({ client }: { readonly client: RoomClient }) {
  const host = useRef<HTMLDivElement>(null);
  const [foreign, setForeign] = useState<ForeignText | undefined>(undefined);
  useEffect(
    () => (host.current === null ? undefined : new TextEditor(host.current, client, setForeign).attach()),
    [client],
  );
  return (
    <section class="panel editor" aria-labelledby="editor-title">
      <h2 id="editor-title" class="unseen">
        Text
      </h2>
      <div ref={host} class="editor-host" hidden={foreign !== undefined} />
      {foreign !== undefined && <ForeignTextView text={foreign} />}
    </section>
  );
}
