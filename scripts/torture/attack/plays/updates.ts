import * as encoding from "lib0/encoding";
import { frame } from "../attack-socket.ts";
import type { Attack, Attacker } from "../attacker.ts";

const manyClients = 2_000_000;
const manyRanges = 3_000_000;
/** How many a small update has of either; together they are as many as the large one. */
const fewClients = 1_000;
const fewRanges = 2_000;
/** The pause between large updates of one connection. */
const pauseMs = 3_000;

export const updateAttacks: readonly Attack[] = [
  {
    name: "tiny-clients",
    connections: 1,
    prepare: () => {
      const update = frame(updateFrame(tinyClients(manyClients)));
      return (attacker, index) => bring(attacker, `tiny-clients-${index}`, update);
    },
  },
  {
    name: "deleted-ranges",
    connections: 1,
    prepare: () => {
      const update = frame(updateFrame(deletedRanges(manyRanges)));
      return (attacker, index) => bring(attacker, `deleted-ranges-${index}`, update);
    },
  },
  {
    name: "tiny-clients-in-pieces",
    connections: 1,
    prepare: () => {
      const updates = Array.from({ length: manyClients / fewClients }, (_, piece) =>
        frame(updateFrame(tinyClients(fewClients, piece * fewClients))),
      );
      return (attacker, index) => attacker.pour(`/sync/pieces-${index}`, () => updates);
    },
  },
  {
    name: "deleted-ranges-in-pieces",
    connections: 1,
    prepare: () => {
      const updates = Array.from({ length: manyRanges / fewRanges }, (_, piece) =>
        frame(updateFrame(deletedRanges(fewRanges, piece * fewRanges))),
      );
      return (attacker, index) => attacker.pour(`/sync/pieces-${index}`, () => updates);
    },
  },
  {
    name: "single-structs",
    connections: 5,
    // Every update holds one struct that lies beyond a gap, so that its client's ranges never join.
    prepare: () => (attacker, index) =>
      attacker.pour(`/sync/gaps-${index}`, function* () {
        for (let clock = 2; ; ) {
          const frames: Uint8Array[] = [];
          for (let count = 0; count < 1_000; count += 1, clock += 2) {
            frames.push(frame(updateFrame(numbers(1, 1, index + 1, clock, 0, 1, 0))));
          }
          yield Buffer.concat(frames);
        }
      }),
  },
];

async function bring(attacker: Attacker, room: string, update: Uint8Array): Promise<void> {
  const socket = await attacker.open(`/sync/${room}`);
  while (socket?.isOpen === true && !attacker.isOver) {
    await socket.write(update);
    await Promise.race([socket.closed, Bun.sleep(Math.min(pauseMs, attacker.leftMs))]);
  }
  socket?.destroy();
}

function updateFrame(update: Uint8Array): Uint8Array {
  return encoding.encode((encoder) => {
    encoding.writeVarUint(encoder, 0);
    encoding.writeVarUint(encoder, 2);
    encoding.writeVarUint8Array(encoder, update);
  });
}

/** An update with one collected struct of length 1 of each of these clients. */
function tinyClients(count: number, from = 0): Uint8Array {
  return encoding.encode((encoder) => {
    encoding.writeVarUint(encoder, count);
    for (let client = from + count; client > from; client -= 1) {
      for (const value of [1, client, 0, 0, 1]) encoding.writeVarUint(encoder, value);
    }
    encoding.writeVarUint(encoder, 0);
  });
}

/** An update that deletes so many ranges of one client, with a gap after each. */
function deletedRanges(count: number, from = 0): Uint8Array {
  return encoding.encode((encoder) => {
    for (const value of [0, 1, 1, count]) encoding.writeVarUint(encoder, value);
    for (let range = from; range < from + count; range += 1) {
      encoding.writeVarUint(encoder, 2 * range);
      encoding.writeVarUint(encoder, 1);
    }
  });
}

function numbers(...values: readonly number[]): Uint8Array {
  return encoding.encode((encoder) => {
    for (const value of values) encoding.writeVarUint(encoder, value);
  });
}
