import { providerFrames } from "../bytes/hocuspocus-frames.ts";
import { FakeAuthorizer } from "../fakes/fake-authorizer.ts";
import type { FakeGrant } from "../fakes/fake-grant.ts";
import { type HocuspocusSessionsOptions, hocuspocusSessions } from "../servers/hocuspocus-sessions.ts";

const doc = providerFrames("doc");

/** Opens a server of its own with one Hocuspocus client, a member of `doc` with write access. */
export async function hocuspocusWriter(options: Omit<HocuspocusSessionsOptions, "authorizer"> = {}) {
  const authorizer = new FakeAuthorizer();
  const server = hocuspocusSessions({ ...options, authorizer });
  const client = await server.connect("a");
  await client.say(doc.auth("t"), doc.step1(), doc.step2());
  await server.turnAndSync();
  client.told();
  const grantAt = (index: number): FakeGrant => {
    const grant = authorizer.grants[index];
    if (grant === undefined) throw new RangeError(`no grant ${index}`);
    return grant;
  };
  return {
    ...server,
    ...client,
    authorizer,
    grantAt,
    statuses: () => client.told().filter((w) => w.includes("status")),
  };
}
