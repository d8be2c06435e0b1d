import { useRead } from "../../data/use-read.ts";
import { useSession } from "../../entry/session.ts";
import { Empty } from "../../parts/empty.tsx";
import { LoadedPart } from "../../parts/loaded-part.tsx";
import type { AccessPlaceProps } from "../access-place.ts";
import { RevocationList } from "./revocation-list.tsx";
import { RevokeForm, type RevokeFormProps } from "./revoke-form.tsx";

/** Revokes permissions, by user, by room and by token. */
export function RevokePlace({ facts, place }: AccessPlaceProps) {
  if (facts.mode === "open") {
    return (
      <section class="panel">
        <Empty title="Nothing to revoke">
          <p>
            The access mode of the server is open: everyone may enter, so there are no permissions to revoke. To
            disconnect a client, open its room under <a href="#/rooms">Rooms</a>.
          </p>
        </Empty>
      </section>
    );
  }
  return <Revocations query={place.query} isAskedAgain={facts.mode === "webhook"} />;
}

function Revocations(props: Omit<RevokeFormProps, "revoked">) {
  const { access } = useSession().client.server;
  const { refresh, state } = useRead({ key: "revocations", read: (signal) => access.revocations({ signal }) });
  return (
    <>
      <RevokeForm {...props} revoked={refresh} />
      <LoadedPart of={state} retry={refresh}>
        {(revocations) => <RevocationList revocations={revocations} />}
      </LoadedPart>
    </>
  );
}
