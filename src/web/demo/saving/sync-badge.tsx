import { useValue } from "../../shared/value.ts";
import type { Session } from "../session.ts";

export function SyncBadge({ session }: { readonly session: Session }) {
  const { state, text } = useValue(session.saving.state);
  return (
    <p class="sync" role="status" data-sync-state={state}>
      {text}
    </p>
  );
}
