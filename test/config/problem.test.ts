import { expect, test } from "bun:test";
import { type OptionKey, options } from "../../src/composition/settings/options.ts";
import { shownValue } from "../../src/config/problem.ts";

test.each<[OptionKey, string, string]>([
  ["auth.secret", "anything", "***"],
  ["auth.webhook-secret", "whsec_x", "***"],
  ["port", "80?", "80?"],
  ["auth.webhook-url", "https://app.example/yurt", "https://app.example/yurt"],
  ["auth.webhook-url", "https://app.example/yurt?key=s3cret", "https://app.example/yurt?***"],
  ["auth.webhook-url", "https://ann:s3cret@app.example/yurt", "https://***@app.example/yurt"],
  ["auth.webhook-url", "https://ann:s3/cr@t?@app.example/?x", "https://***@app.example/?***"],
  ["cluster.url", "postgres://yurt:s3cret@db.example/yurt?sslmode=require", "postgres://***@db.example/yurt?***"],
  ["cluster.url", "yurt:s3cret@db.example/yurt", "***@db.example/yurt"],
])("%s %p is shown as %p", (key, value, shown) => {
  expect(shownValue(options[key], value)).toBe(shown);
});
