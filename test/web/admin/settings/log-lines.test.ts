import { expect, test } from "bun:test";
import { fieldsText, filterEntries, LogLines, linesText } from "../../../../src/web/admin/settings/log/log-lines.ts";

function line(event: string, fields: Readonly<Record<string, unknown>> = {}, remedy: string | null = null) {
  return { time: "2026-11-30T12:00:00.000Z", level: "info", event, remedy, fields };
}

test("the log keeps the latest 500 entries, and counts all", () => {
  const lines = new LogLines();
  for (let index = 0; index < 600; index += 1) lines.add(line(`event-${index}`));
  expect(lines.entries).toHaveLength(500);
  expect(lines.entries[0]).toMatchObject({ line: { event: "event-100" } });
  expect(lines.entries.at(-1)).toMatchObject({ line: { event: "event-599" } });
  expect(lines.count).toBe(600);
  lines.clear();
  expect(lines).toMatchObject({ entries: [], count: 600 });
});

test("entries that a reader has do not change", () => {
  const lines = new LogLines();
  lines.add(line("a"));
  const before = lines.entries;
  lines.omit(3);
  expect(before).toHaveLength(1);
  expect(lines.entries).toMatchObject([{ kind: "line" }, { kind: "omitted", count: 3 }]);
});

test("a filter looks into everything of a line, and keeps omissions", () => {
  const lines = new LogLines();
  lines.add(line("session-refused", { address: "203.0.113.7" }));
  lines.add(line("room-opened", {}, "Nothing to do."));
  lines.omit(2);
  const events = (text: string) =>
    filterEntries(lines.entries, text).map((entry) => (entry.kind === "line" ? entry.line.event : "omitted"));
  expect(events("")).toEqual(["session-refused", "room-opened", "omitted"]);
  expect(events("203.0.113 REFUSED")).toEqual(["session-refused", "omitted"]);
  expect(events("nothing")).toEqual(["room-opened", "omitted"]);
});

test("lines are copied as the log has them", () => {
  const lines = new LogLines();
  lines.add(line("store-failed", { code: "ENOSPC" }, "Free some space."));
  lines.omit(2);
  expect(linesText(lines.entries)).toBe(
    '{"level":"info","time":"2026-11-30T12:00:00.000Z","event":"store-failed","code":"ENOSPC","remedy":"Free some space."}\n(2 lines omitted)',
  );
});

test("fields are shown as name and value", () => {
  expect(fieldsText(line("a", { code: "ENOSPC", count: 2, err: { type: "Error" } }))).toBe(
    'code=ENOSPC count=2 err={"type":"Error"}',
  );
});
