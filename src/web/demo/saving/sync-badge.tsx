import { useValue } from "../../shared/value.ts";
import type { RoomClient } from "../room-client.ts";

export function SyncBadge({ client }: { readonly client: RoomClient }) {
  const { state, text } = useValue(client.saving.state);
  return (
    <p class="sync" role="status" data-sync-state={state}>
      {text}
    </p>
  );
}
