import { expect, test } from "bun:test";
import { closeSync, openSync } from "node:fs";
import { devNull } from "node:os";
import { SpareDescriptor } from "../../../src/transport/unfinished/spare-descriptor.ts";

const exhausted = () => new Error("EMFILE: too many open files");

/** Opens a file if the system's next free descriptor is that one, as it is while a lower one is free. */
function openAs(descriptor: number): string {
  const opened = openSync(devNull, "r");
  closeSync(opened);
  if (opened > descriptor) throw exhausted();
  return "read";
}

test("a task that finds no free descriptor gets the spare one, again and again", () => {
  const lowest = openSync(devNull, "r");
  closeSync(lowest);
  // It takes the lowest free descriptor.
  using spare = new SpareDescriptor();
  expect(() => openAs(lowest)).toThrow("EMFILE");
  expect(spare.use(() => openAs(lowest))).toBe("read");
  expect(() => openAs(lowest)).toThrow("EMFILE");
  expect(spare.use(() => openAs(lowest))).toBe("read");
});

test("the error of a task that fails without another reason is thrown", () => {
  using spare = new SpareDescriptor();
  const fail = () => {
    throw exhausted();
  };
  expect(() => spare.use(fail)).toThrow("EMFILE");
});
