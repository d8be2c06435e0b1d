import { expect, test } from "bun:test";
import { sampleFile } from "../../src/cli/configuration/sample-file.ts";
import { type OptionKey, optionKeys, options } from "../../src/composition/settings/options.ts";
import { loadSettings } from "../../src/composition/settings/settings.ts";
import { tomlOf } from "../../src/config/file/write-toml.ts";
import { flagOf, type Input, type Option, textOf, variableOf } from "../../src/config/option.ts";
import { Random } from "../support/bytes/random.ts";
import { fileWith } from "../support/configuration-files.ts";
import { readFrom } from "../support/servers/configurations.ts";

const seed = Number(process.env["YURT_TEST_SEED"] ?? 20_251_130);
const rounds = 150;

const words = [
  ...[
    "open",
    "token",
    "webhook",
    "disk",
    "process",
    "debug",
    "silent",
    "localhost",
    "::1",
    "10.0.0.0/8",
    "/yurt",
    "x y",
  ],
  ...[
    "https://app.example",
    "https://*.app.example",
    "null",
    "notes/**",
    "./keys.json",
    'a"b\\c',
    "ä\u007f\u0001",
    "",
    " ",
  ],
  ...["0123456789abcdef0123456789abcdef", "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3"],
];

/** A value of the option's kind, often one that it accepts, that a variable can express, too. */
function randomInput(random: Random, { kind, default: otherwise, example }: Option<unknown>): Input {
  const usual = [otherwise, example].filter((input) => input !== undefined);
  if (usual.length > 0 && random.chance(0.2)) return random.pick(usual);
  const number = () => random.integer(10 ** random.integer(12));
  const list = <Element>(element: () => Element) => Array.from({ length: random.integer(3) }, element);
  // A variable separates elements at commas and spaces.
  const bare = words.filter((word) => /^[^\s,]+$/.test(word));
  switch (kind) {
    case "text":
      return random.pick(words);
    case "number":
      return number();
    case "boolean":
      return random.chance(0.5);
    case "texts":
      return list(() => random.pick(bare));
    case "numbers":
      return list(number);
  }
}

interface Spelled {
  readonly flags: readonly (readonly [OptionKey, Input])[];
  readonly variables: readonly (readonly [OptionKey, Input])[];
  readonly file: readonly (readonly [OptionKey, Input])[];
}

async function load({ flags, variables, file }: Spelled) {
  return loadSettings({
    flags: new Map(flags.map(([key, input]) => [key, { flag: flagOf(key, options[key]), value: textOf(input) }])),
    environment: Object.fromEntries(variables.map(([key, input]) => [variableOf(key), textOf(input)])),
    file: await fileWith(file.map(([key, input]) => `${key} = ${tomlOf(input)}\n`).join("")),
    readFile: readFrom({}),
  });
}

type Loaded = Awaited<ReturnType<typeof load>>;

/** The values, or the settings that are refused; texts, so that URLs and sets of addresses are compared. */
function outcomeOf(loaded: Loaded): string {
  if (loaded.ok) return Bun.inspect(loaded.configuration.values, { depth: 10 });
  const settings = loaded.problems.map((problem) => ("setting" in problem ? problem.setting : problem.message));
  return `refused: ${settings.toSorted().join(" ")}`;
}

const none: Spelled = { flags: [], variables: [], file: [] };

test("a value means the same as a flag, as a variable and in the file", async () => {
  const random = new Random(seed);
  let accepted = 0;
  let refused = 0;
  for (let round = 0; round < rounds; round += 1) {
    const given = random
      .some(optionKeys, random.pick([0.01, 0.05, 0.1]))
      .map((key) => [key, randomInput(random, options[key])] as const);
    const loaded = await load({ ...none, file: given });
    const inFile = outcomeOf(loaded);
    const context = `YURT_TEST_SEED=${seed} round ${round}: ${JSON.stringify(given)}`;
    expect(outcomeOf(await load({ ...none, flags: given })), context).toBe(inFile);
    expect(outcomeOf(await load({ ...none, variables: given })), context).toBe(inFile);
    if (loaded.ok) accepted += 1;
    else refused += 1;
  }
  // The test would prove little if all were refused.
  expect(Math.min(accepted, refused)).toBeGreaterThan(rounds / 10);
});

test("of several values of a setting the flag counts, then the variable, then the file", async () => {
  const random = new Random(seed);
  for (let round = 0; round < rounds; round += 1) {
    const part = () => random.some(optionKeys, 0.05).map((key) => [key, randomInput(random, options[key])] as const);
    const spelled = { flags: part(), variables: part(), file: part() };
    const winners = new Map([...spelled.file, ...spelled.variables, ...spelled.flags]);
    const context = `YURT_TEST_SEED=${seed} round ${round}: ${JSON.stringify(spelled)}`;
    expect(outcomeOf(await load(spelled)), context).toBe(outcomeOf(await load({ ...none, file: [...winners] })));
  }
});

test("a damaged file is never a crash, and every problem has a position in it", async () => {
  const random = new Random(seed);
  // Every setting on a line of its own, without comments.
  const sample = sampleFile()
    .replaceAll(/^#(?! |$)/gm, "")
    .replaceAll(/^#.*\n|^\n/gm, "");
  const complete = new Set<boolean>();
  for (let round = 0; round < 600; round += 1) {
    let text = sample;
    for (let count = random.integer(4); count >= 0; count -= 1) {
      const from = random.integer(text.length);
      const to = from + random.integer(20);
      const inserted = random.chance(0.5) ? random.pick(fragments) : text.slice(from, from + random.integer(80));
      text = text.slice(0, from) + inserted + text.slice(random.chance(0.5) ? from : to);
    }
    const { problems, isComplete } = await fileWith(text);
    complete.add(isComplete);
    const lines = text.split("\n");
    for (const { position, message } of problems) {
      const line = lines[(position?.line ?? 0) - 1];
      const context = `YURT_TEST_SEED=${seed} round ${round}: ${message}`;
      expect(line, context).toBeDefined();
      expect(position?.column, context).toBeLessThanOrEqual((line ?? "").length + 1);
    }
  }
  expect(complete.size).toBe(2);
});

const fragments = [
  ...["", "[", "]", "[[", "{", "}", '"', "'", '"""', "=", ".", ",", "\n", "\r", "#", "\\", "\u0000", "\ud800", "é"],
  ...["1979-05-27T07:32:00Z", "0x", "1e5", "-inf", "port = 1\n", "[auth]\n", "auth.mode = 1\n"],
];
