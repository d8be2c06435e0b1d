import { useMemo } from "preact/hooks";
import type { Room } from "../../../../client/server/facts.ts";
import { useValue } from "../../../shared/value.ts";
import { formatCount, formatCounted } from "../../parts/formats.ts";
import { protocolName } from "../../parts/protocol-name.ts";
import { memberName } from "../members/member-name.ts";
import { drawnMesh, type Mesh, mostDrawn } from "./drawn-mesh.ts";
import type { LiveFlow } from "./live-flow.ts";
import { fadedText } from "./mesh-drawing.ts";
import { MeshGraph } from "./mesh-graph.tsx";
import { MessageTable } from "./message-table.tsx";

export interface MeshPanelProps {
  readonly room: Room;
  readonly flow: LiveFlow;
  /** Whether messages are counted now. */
  readonly isLive: boolean;
}

/** The members of a signaling room and the messages between them, as a graph and as a table. */
export function MeshPanel({ flow, isLive, room }: MeshPanelProps) {
  useValue(flow.version);
  const { links, total } = flow.flow;
  const mesh = drawnMesh(room.memberList, links, Date.now());
  const names = useMemo(() => new Map(room.memberList.map((member) => [member.id, memberName(member)])), [room]);
  if (room.members === 0) return null;
  return (
    <section class="panel stack" aria-labelledby="mesh-title">
      <header>
        <h2 id="mesh-title">Messages</h2>
        <p class="hint" data-total={total}>
          {formatCount(total)} since you opened this page. Only their number is known, not their content.
          {!isLive && " They are not counted at the moment."}
        </p>
      </header>
      <div class="mesh-parts">
        <figure class="mesh-figure">
          <MeshGraph {...mesh} flow={flow} label={labelOf(mesh)} />
          <figcaption>
            <Legend room={room} />
          </figcaption>
        </figure>
        <MessageTable links={links} nameOf={(id) => names.get(id) ?? `Member ${id}`} />
      </div>
    </section>
  );
}

function labelOf({ links, members }: Mesh): string {
  const count = formatCounted(members.length, "member");
  const arrows = formatCounted(links.length, "arrow");
  return `Graph of ${count}, with ${arrows} for messages in the last ${fadedText}. The tables show the same.`;
}

function Legend({ room: { memberList, protocols } }: { readonly room: Room }) {
  return (
    <ul class="legend">
      {protocols.map((protocol) => (
        <li key={protocol} data-protocol={protocol}>
          {protocolName(protocol)}
        </li>
      ))}
      <li class="legend-text">An arrow fades {fadedText} after the last message. A ring is a message to all others.</li>
      {memberList.length > mostDrawn && (
        <li class="legend-text">
          The graph has the first {formatCount(mostDrawn)} of {formatCount(memberList.length)} members.
        </li>
      )}
    </ul>
  );
}
