import * as encoding from "lib0/encoding";
import { providerFrames } from "../../../../test/support/bytes/hocuspocus-frames.ts";
import { awarenessBytes } from "../../../../test/support/hostile/awareness-bytes.ts";
import { frame, repeated } from "../attack-socket.ts";
import { type Attack, type Attacker, documents } from "../attacker.ts";
import { forever } from "./engine.ts";

const members = 4;
const ids = 9_000;
const state = '{"user":{"name":"member"}}';
const largeState = JSON.stringify({ text: "x".repeat(60_000) });

export const presenceAttacks: readonly Attack[] = [
  ...[documents.pair, "presence"].map(
    (room): Attack => ({
      name: room === documents.pair ? "awareness-ids-of-the-pair" : "awareness-ids",
      connections: members,
      prepare: () => (attacker, index) => attacker.pour(`/sync/${room}`, () => idFrames(attacker, index)),
    }),
  ),
  {
    name: "awareness-states",
    connections: members,
    prepare: () => (attacker, index) =>
      attacker.pour("/sync/presence", function* () {
        for (;;) yield awarenessFrame(index + 1, attacker.next(), largeState);
      }),
  },
  {
    name: "awareness-queries-sync",
    connections: 5,
    prepare: () => {
      const queries = repeated(frame(Uint8Array.of(3)));
      return (attacker, index) =>
        attacker.pour("/sync/presence", function* () {
          yield awarenessFrame(index + 1, attacker.next(), largeState);
          yield* forever(queries);
        });
    },
  },
  {
    name: "awareness-queries-collab",
    connections: 5,
    prepare: () => {
      const { auth, awareness, queryAwareness } = providerFrames("presence");
      const queries = repeated(frame(queryAwareness()));
      return (attacker, index) =>
        attacker.pour("/collab", function* () {
          yield frame(auth());
          yield frame(awareness(index + 1, attacker.next(), { text: "x".repeat(60_000) }));
          yield* forever(queries);
        });
    },
  },
  ...([10, 1_000_000] as const).map(
    (length): Attack => ({
      name: length === 10 ? "stateless-small" : "stateless-large",
      connections: 5,
      prepare: () => {
        const { auth, stateless } = providerFrames("stateless");
        const messages = repeated(frame(stateless("x".repeat(length))));
        return (attacker) =>
          attacker.pour("/collab", function* () {
            yield frame(auth());
            yield* forever(messages);
          });
      },
    }),
  ),
];

/** Awareness frames of 9,000 ids each, which belong to one member; every frame raises their clocks. */
function* idFrames(attacker: Attacker, index: number): Generator<Uint8Array, never> {
  for (;;) {
    const clock = attacker.next();
    const entries = Array.from({ length: ids }, (_, id) => ({ clientId: index * ids + id + 1, clock, json: state }));
    yield frame(awarenessMessage(awarenessBytes(...entries)));
  }
}

function awarenessFrame(clientId: number, clock: number, json: string): Uint8Array {
  return frame(awarenessMessage(awarenessBytes({ clientId, clock, json })));
}

function awarenessMessage(body: Uint8Array): Uint8Array {
  return encoding.encode((encoder) => {
    encoding.writeVarUint(encoder, 1);
    encoding.writeVarUint8Array(encoder, body);
  });
}
