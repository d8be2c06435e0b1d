import { useEffect, useMemo, useState } from "preact/hooks";
import { YurtError } from "../../../client/errors.ts";
import type { Room, RoomKind } from "../../../client/server/facts.ts";
import type { RoomLiveEvent } from "../../../client/server/live-events.ts";
import type { Loaded } from "../data/loaded.ts";
import { useRead } from "../data/use-read.ts";
import { useStream } from "../data/use-stream.ts";
import { useSession } from "../entry/session.ts";
import { LiveFlow } from "./mesh/live-flow.ts";

export interface WatchedRoom {
  /** Null if the room is not open. */
  readonly state: Loaded<Room | null>;
  /** Whether each change is shown at once; otherwise the room is read every two seconds, and messages are not counted. */
  readonly isLive: boolean;
  readonly flow: LiveFlow;
  readonly refresh: () => void;
}

const everyMs = 2_000;
/** A stream waits for a server that is gone. This tells that it is. */
const checkMs = 5_000;

/** Follows one room. While it cannot be followed, because it is not open or the server is busy, it is read again and again. */
export function useRoom(kind: RoomKind, name: string): WatchedRoom {
  const { client } = useSession();
  const flow = useMemo(() => new LiveFlow(), []);
  useEffect(() => () => flow.close(), [flow]);
  const [followed, setFollowed] = useState<Room>();
  const [round, setRound] = useState(0);
  const key = JSON.stringify([kind, name]);
  const stream = useStream<RoomLiveEvent>({
    key: `${key} ${round}`,
    open: (signal) => client.server.followRoom(kind, name, { signal }),
    receive: (event) => {
      if (event.kind === "messages") {
        flow.record(event.messages, event.omitted);
        return;
      }
      setFollowed(event.kind === "room" ? event.room : undefined);
      if (event.kind === "room") flow.retain(new Set(event.room.memberList.map(({ id }) => id)));
    },
  });
  const isFollowed = stream.kind === "open" && followed !== undefined;
  const { refresh, state } = useRead<Room | null>({
    key,
    everyMs: isFollowed ? checkMs : everyMs,
    read: async (signal) => {
      const room = await client.server.room(kind, name, { signal }).catch(nullIfClosed);
      setFollowed((before) => (before === undefined ? undefined : (room ?? before)));
      return room;
    },
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: each reading that finds the room open tries once
  useEffect(() => {
    if (stream.kind === "open" || state.kind !== "loaded" || state.value === null) return;
    setFollowed(undefined);
    setRound((before) => before + 1);
  }, [state]);
  const shown = isFollowed ? withLatest(state, followed) : state;
  return { state: shown, isLive: isFollowed && shown.kind === "loaded", flow, refresh };
}

/** The room as the stream has it, and why the server does not answer, if it does not. */
function withLatest(state: Loaded<Room | null>, room: Room): Loaded<Room | null> {
  return state.kind === "failed" ? { ...state, last: room } : { kind: "loaded", value: room };
}

function nullIfClosed(error: unknown): null {
  if (error instanceof YurtError && error.code === "no-such-room") return null;
  throw error;
}
