import * as encoding from "lib0/encoding";
import {
  any,
  bringing,
  bytes,
  deleting,
  gc,
  item,
  json,
  repeated,
  sequence,
  skip,
  text,
  updateBytes,
  type Write,
} from "../../../test/support/bytes/update-bytes.ts";

const client = 7;
const huge = 2 ** 40;
const deep = 5_000;
const structs = (...written: readonly Write[]) => updateBytes([{ client, clock: 0, structs: written }]);
const numbers = (...values: readonly number[]) =>
  encoding.encode((encoder) => {
    for (const value of values) encoding.writeVarUint(encoder, value);
  });

/** Updates that decode but are not canonical by the server's rules, so clients may not send them. */
const notCanonical: readonly Uint8Array[] = [
  // Clients are in ascending order, or one occurs twice.
  updateBytes([
    { client: 1, clock: 0, structs: [gc(1)] },
    { client: 2, clock: 0, structs: [gc(1)] },
  ]),
  updateBytes([
    { client, clock: 0, structs: [gc(1)] },
    { client, clock: 1, structs: [gc(1)] },
  ]),
  // Structs have no length, lie behind the last clock, or are absent.
  structs(gc(0)),
  structs(skip(0)),
  structs(text("")),
  updateBytes([{ client, clock: Number.MAX_SAFE_INTEGER, structs: [gc(1)] }]),
  updateBytes([{ client, clock: 0, structs: [] }]),
  bringing(client, 0, Number.MAX_SAFE_INTEGER + 1),
  // Origins and a parent have clocks that are not below the struct's own.
  structs(text("a", { origin: [client, 0] })),
  structs(text("a", { origin: [client, 99] })),
  structs(text("a", { rightOrigin: [client, 1] })),
  structs(text("a", { parent: [client, 0] })),
  // Deletes are empty, or bytes follow the end.
  deleting(client, 3, 3),
  new Uint8Array([...structs(gc(1)), 0]),
];

/** Updates that claim a larger content than they have, or nest without end. */
const bombs: readonly Uint8Array[] = [
  updateBytes([{ client, clock: 0, structs: [gc(1)], count: huge }]),
  numbers(huge),
  numbers(0, 1, client, huge, 1, 1),
  numbers(0, huge, client, 0),
  numbers(1, 1, client, 0, 8, 1, 0, huge),
  numbers(1, 1, client, 0, 4, 1, 0, huge),
  structs(any(repeated(deep, bytes(117, 1)))),
  structs(any(repeated(deep, bytes(118, 1, 0)))),
  structs(json("[".repeat(deep) + "]".repeat(deep))),
  structs(json('{"":'.repeat(deep))),
  structs(
    item(
      2,
      sequence(bytes(1), (encoder) => encoding.writeVarString(encoder, "[".repeat(deep))),
    ),
  ),
  new Uint8Array(deep).fill(0x80),
];

/** The server must refuse each of these updates. */
export const hostileUpdates: readonly Uint8Array[] = [...notCanonical, ...bombs];
