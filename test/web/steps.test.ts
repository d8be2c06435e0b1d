import { expect, test } from "bun:test";
import { type StepFacts, StepWatch } from "../../src/web/demo/checklist/steps.ts";

const start: StepFacts = {
  isWebrtcOn: true,
  isWebsocketOn: true,
  isSynced: true,
  isSaved: true,
  othersCount: 0,
  directCount: 0,
  isSignalingConnected: true,
  editCount: 0,
  hasText: true,
  serverStartedAt: 1,
};

/** The steps that are complete after these changes of the facts, one after another. */
function doneAfter(...changes: readonly Partial<StepFacts>[]): ReadonlySet<string> {
  const watch = new StepWatch();
  const done = new Set<string>();
  let facts = start;
  for (const change of [{}, ...changes]) {
    facts = { ...facts, ...change };
    for (const step of watch.observe(facts)) done.add(step);
  }
  return done;
}

test("nothing is ticked before anything was done", () => {
  expect([...doneAfter()]).toEqual([]);
  expect([...doneAfter({ editCount: 5 })]).toEqual([]);
});

test("a second window ticks its step", () => {
  expect([...doneAfter({ othersCount: 1 })]).toEqual(["second-window"]);
});

test("an edit that is saved while WebRTC is off ticks its step, and an earlier one does not", () => {
  const alone = [{ othersCount: 1, editCount: 3 }, { isWebrtcOn: false }];
  expect(doneAfter(...alone).has("without-webrtc")).toBe(false);
  expect(doneAfter(...alone, { editCount: 4, isSaved: false }).has("without-webrtc")).toBe(false);
  expect(doneAfter(...alone, { editCount: 4, isSaved: false }, { isSaved: true }).has("without-webrtc")).toBe(true);
});

test("going offline and back ticks its step only with an edit that was made offline and is saved", () => {
  const off = { isWebrtcOn: false, isWebsocketOn: false, isSynced: false, isSaved: false };
  const on = { isWebrtcOn: true, isWebsocketOn: true };
  const saved = { isSynced: true, isSaved: true };
  expect(doneAfter(off, on, saved).has("offline")).toBe(false);
  expect(doneAfter(off, { editCount: 1 }, on).has("offline")).toBe(false);
  expect(doneAfter(off, { editCount: 1 }, on, saved).has("offline")).toBe(true);
});

test("a restart ticks its step when the text is back, and a lost connection does not", () => {
  const lost = { isSynced: false, isSaved: false };
  const back = { isSynced: true, isSaved: true };
  expect(doneAfter(lost, back).has("restart")).toBe(false);
  expect(doneAfter(lost, { serverStartedAt: 2 }).has("restart")).toBe(false);
  expect(doneAfter(lost, { serverStartedAt: 2 }, back).has("restart")).toBe(true);
  expect(doneAfter(lost, { serverStartedAt: 2, hasText: false }, back).has("restart")).toBe(false);
});

test("without storage, an edit between windows while the server is gone ticks its step", () => {
  const direct = { isWebsocketOn: false, isSynced: false, isSaved: false, othersCount: 1, directCount: 1 };
  expect(doneAfter(direct, { editCount: 1 }).has("server-stopped")).toBe(false);
  const stopped = { isSignalingConnected: false };
  expect(doneAfter(direct, { editCount: 1 }, stopped, { editCount: 2 }).has("server-stopped")).toBe(true);
});
