import { describe, expect, test } from "bun:test";
import { createLog, type LogOptions } from "../../src/ops/log.ts";

function recorded(options: Omit<LogOptions, "destination">) {
  const lines: string[] = [];
  const log = createLog({ ...options, destination: { write: (line) => lines.push(line) } });
  return { log, lines };
}

describe("a log for programs", () => {
  test("is one JSON object per line, with the level's name, the time and the event", () => {
    const { log, lines } = recorded({ level: "info", pretty: false });
    log.info({ event: "listening", port: 4444 });
    const [line] = lines;
    expect(lines).toHaveLength(1);
    expect(line).toEndWith("}\n");
    expect(JSON.parse(line ?? "")).toEqual({
      level: "info",
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      event: "listening",
      port: 4444,
    });
  });

  test("masks nothing and keeps hostile values on their line", () => {
    const { log, lines } = recorded({ level: "info", pretty: false });
    const fields = { room: "a\nb\u001b[2J", password: "a room may be called so", authorization: "[x]" };
    log.info({ event: "room-opened", ...fields });
    expect(lines).toHaveLength(1);
    expect(lines[0]).not.toContain("\u001b");
    expect(lines[0]?.indexOf("\n")).toBe((lines[0]?.length ?? 0) - 1);
    expect(JSON.parse(lines[0] ?? "")).toMatchObject(fields);
  });

  test("writes an error with its stack and its cause", () => {
    const { log, lines } = recorded({ level: "info", pretty: false });
    log.error({ event: "store-failed", err: new Error("append failed", { cause: new Error("disk full") }) });
    const { err } = JSON.parse(lines[0] ?? "");
    expect(err).toMatchObject({ type: "Error", message: "append failed: disk full" });
    expect(err.stack).toContain("caused by: Error: disk full");
  });

  test("passes a child's fields on", () => {
    const { log, lines } = recorded({ level: "info", pretty: false });
    log.child({ protocol: "y-webrtc" }).info({ event: "refused" });
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({ event: "refused", protocol: "y-webrtc" });
  });
});

describe("a log for people", () => {
  test("shows the event and its fields on one line", () => {
    const { log, lines } = recorded({ level: "info", pretty: true });
    log.warn({ event: "unknown-variable", variable: "YURT_PROT" });
    expect(Bun.stripANSI(lines.join(""))).toMatch(
      /^\[\d\d:\d\d:\d\d\] WARN: unknown-variable \{"variable":"YURT_PROT"\}\n$/,
    );
  });

  test("has written when the call returns", () => {
    const { log, lines } = recorded({ level: "info", pretty: true });
    log.fatal({ event: "crashed", err: new Error("why") });
    expect(Bun.stripANSI(lines.join(""))).toContain("Error: why");
  });
});

describe.each([false, true])("a log, for people: %p,", (pretty) => {
  test("contains no character of a client on which a terminal acts", () => {
    const { log, lines } = recorded({ level: "info", pretty });
    const hostile = "\u001b[2J\u009b2J\u007f\u202e\u2066\r\b";
    const err = new Error(`hostile ${hostile}`, { cause: new Error(hostile) });
    log.error({ event: "failed", name: hostile, [hostile]: "\\u001b and \\\\", err });
    const text = Bun.stripANSI(lines.join(""));
    expect(text).toContain("hostile");
    expect(text.match(/(?![\n\t])\p{Cc}|\p{Bidi_Control}/u)).toBeNull();
  });
});

test("a log for programs keeps the values", () => {
  const { log, lines } = recorded({ level: "info", pretty: false });
  const name = "\u001b[2J\u009b2J\u007f\u202e \\u009b";
  log.info({ event: "named", name });
  expect(JSON.parse(lines[0] ?? "").name).toBe(name);
});

describe("a log's level", () => {
  test.each<[LogOptions["level"], readonly string[]]>([
    ["trace", ["trace", "debug", "info", "warn", "error", "fatal"]],
    ["info", ["info", "warn", "error", "fatal"]],
    ["fatal", ["fatal"]],
    ["silent", []],
  ])("%s writes %p", (level, expected) => {
    const { log, lines } = recorded({ level, pretty: false });
    for (const method of ["trace", "debug", "info", "warn", "error", "fatal"] as const) log[method]({ event: "e" });
    expect(lines.map((line) => JSON.parse(line).level)).toEqual([...expected]);
  });
});
