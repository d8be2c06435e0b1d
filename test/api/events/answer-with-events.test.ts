import { expect, test } from "bun:test";
import { answerWithEvents } from "../../../src/api/events/answer-with-events.ts";
import { Problem } from "../../../src/api/problems.ts";
import { administrator } from "../../support/api/administrator-reader.ts";

/** A call with this method, and what was done for it. */
function callBy(method: string) {
  const done: string[] = [];
  const { reader } = administrator();
  const call = {
    ...reader,
    caller: { ...reader.caller, release: () => void done.push("released") },
    request: new Request("http://localhost/", { method }),
    keepOpen: () => void done.push("deadline ended"),
    keepCaller: () => void done.push("caller kept"),
  };
  return { call, done };
}

test("a stream has no deadline, and keeps its caller", async () => {
  const { call, done } = callBy("GET");
  const response = new Response("events");
  expect(await answerWithEvents(call, async () => response)).toBe(response);
  expect(done).toEqual(["deadline ended", "caller kept"]);
});

test("a stream that cannot be opened releases its caller", async () => {
  const { call, done } = callBy("GET");
  const refusal = new Problem("no-such-room", "The room is not open.");
  const answered = answerWithEvents(call, () => {
    throw refusal;
  });
  await expect(answered).rejects.toBe(refusal);
  expect(done).toEqual(["deadline ended", "caller kept", "released"]);
});

test("HEAD has the headers of a stream, and opens none", async () => {
  const { call, done } = callBy("HEAD");
  const response = await answerWithEvents(call, () => {
    throw new Error("a stream is opened");
  });
  expect([response.headers.get("content-type"), await response.text(), done]).toEqual(["text/event-stream", "", []]);
});
