import { expect, test } from "bun:test";
import {
  filterSettings,
  isChanged,
  shownValue,
} from "../../../../src/web/admin/settings/configuration/shown-settings.ts";

const settings = [
  { setting: "port", value: 4444, origin: "default", reloadable: false },
  { setting: "auth.secret", value: "***", origin: "environment variable YURT_AUTH_SECRET", reloadable: true },
  { setting: "turn.listen", value: ["10.0.0.1", "10.0.0.2"], origin: "./yurt.toml:3:8", reloadable: false },
  { setting: "public-url", value: null, origin: "not set", reloadable: false },
];
const names = (text: string, onlyChanged = false) =>
  filterSettings(settings, { text, onlyChanged }).map(({ setting }) => setting);

test.each<[unknown, ReturnType<typeof shownValue>]>([
  [null, { kind: "unset" }],
  [[], { kind: "unset" }],
  ["***", { kind: "secret" }],
  [4444, { kind: "text", text: "4444" }],
  [true, { kind: "text", text: "true" }],
  [["a", "b"], { kind: "text", text: "a, b" }],
  ["redis://***@host", { kind: "text", text: "redis://***@host" }],
])("the value %p is shown as %p", (value, shown) => {
  expect(shownValue(value)).toEqual(shown);
});

test("settings are changed that are neither a default nor unset", () => {
  expect(settings.filter(isChanged).map(({ setting }) => setting)).toEqual(["auth.secret", "turn.listen"]);
});

test("a filter finds all of its words in names, values and origins", () => {
  expect(names("")).toHaveLength(4);
  expect(names("TURN")).toEqual(["turn.listen"]);
  expect(names("10.0.0.2")).toEqual(["turn.listen"]);
  expect(names("yurt auth")).toEqual(["auth.secret"]);
  expect(names("4444 turn")).toEqual([]);
  expect(names("", true)).toEqual(["auth.secret", "turn.listen"]);
});
