import { expect, test } from "bun:test";
import { visibleName } from "../../../src/web/admin/parts/visible-name.ts";

test.each([
  ["notes/7", "notes/7"],
  ["ann.example+long@mail.example.com", "ann.example+long@mail.example.com"],
  ["مستند/١", "مستند/١"],
  ["👩‍🚀 log", "👩‍🚀 log"],
  ["می‌خواهم", "می‌خواهم"],
  ["two words", "two words"],
  ["evil\u202Egpj.exe", "evil\\u{202e}gpj.exe"],
  ["a\u200Bb", "a\\u{200b}b"],
  ["a\u200Db", "a‍b"],
  ["\u200Db", "\\u{200d}b"],
  [" a ", "\\u{20}a\\u{20}"],
  ["a\u00A0b", "a\\u{a0}b"],
  ["\uE000\u200C", "\\u{e000}\\u{200c}"],
])("the characters of %j that cannot be seen are escaped", (name, shown) => {
  expect(visibleName(name)).toBe(shown);
});
