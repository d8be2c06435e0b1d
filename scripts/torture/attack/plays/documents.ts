import * as encoding from "lib0/encoding";
import { providerFrames } from "../../../../test/support/bytes/hocuspocus-frames.ts";
import { Random } from "../../../../test/support/bytes/random.ts";
import { frame, repeated } from "../attack-socket.ts";
import { type Attack, documents } from "../attacker.ts";
import { historyClients, historyClocks } from "../stage.ts";
import { forever } from "./engine.ts";

const step1 = frame(Uint8Array.of(0, 0, 1, 0));
/** The bytes that a reader takes of a document of 44 MB at a time. */
const sipBytes = 60_000;
const sipEveryMs = 5_000;
const vectors = 200;
const documentsPerConnection = 1_000;

export const documentAttacks: readonly Attack[] = [
  {
    name: "slow-readers",
    connections: 3,
    prepare: () => async (attacker) => {
      let left = sipBytes;
      const socket = await attacker.open(`/sync/${documents.large}`, ({ byteLength }) => {
        left -= byteLength;
        if (left <= 0) socket?.pause();
      });
      await socket?.write(step1);
      while (socket?.isOpen === true && !attacker.isOver) {
        await Bun.sleep(Math.min(sipEveryMs, attacker.leftMs));
        // A client that sends is alive.
        await socket.write(frame(new Uint8Array(), { opcode: "pong" }));
        left = sipBytes;
        socket.resume();
      }
      socket?.destroy();
    },
  },
  {
    name: "sync-step-1",
    connections: 1,
    prepare: () => {
      const requests = repeated(step1);
      return (attacker) => attacker.pour("/sync/steps", () => forever(requests));
    },
  },
  {
    name: "whole-document",
    connections: 5,
    prepare: () => (attacker) => attacker.pour(`/sync/${documents.history}`, () => forever(step1)),
  },
  {
    name: "state-vectors",
    connections: 5,
    prepare: () => {
      const random = new Random(1);
      const requests = Array.from({ length: vectors }, () => frame(stateVectorRequest(random)));
      return (attacker, index) =>
        attacker.pour(`/sync/${documents.history}`, function* () {
          for (let next = index; ; next += 7) yield requests[next % vectors] ?? step1;
        });
    },
  },
  {
    name: "collab-documents",
    connections: 5,
    // One connection enters a thousand documents, and leaves them.
    prepare: () => (attacker, index) =>
      attacker.pour("/collab", function* () {
        for (;;) {
          const { auth, step1, close } = providerFrames(`collab ${index} ${attacker.next() % 1_000}`);
          yield Buffer.concat([auth(), step1(), close()].map((message) => frame(message)));
        }
      }),
  },
  {
    name: "collab-documents-held",
    connections: 20,
    // One connection enters as many documents as it may, and stays in them.
    prepare: () => (attacker) =>
      attacker.hold(
        "/collab",
        Array.from({ length: documentsPerConnection }, () => {
          const { auth, step1 } = providerFrames(`${attacker.next()}`);
          return Buffer.concat([frame(auth()), frame(step1())]);
        }),
      ),
  },
];

/** A SyncStep1 of a reader that has a part of every client's structs. */
function stateVectorRequest(random: Random): Uint8Array {
  const body = encoding.encode((encoder) => {
    encoding.writeVarUint(encoder, historyClients);
    for (let client = historyClients; client > 0; client -= 1) {
      encoding.writeVarUint(encoder, client);
      encoding.writeVarUint(encoder, random.integer(historyClocks));
    }
  });
  return encoding.encode((encoder) => {
    encoding.writeVarUint(encoder, 0);
    encoding.writeVarUint(encoder, 0);
    encoding.writeVarUint8Array(encoder, body);
  });
}
