import { beforeAll, expect, test } from "bun:test";
import { tortureByAttacks } from "../../scripts/torture/attack/attacks.ts";
import { Workshop } from "../support/processes/data-folder.ts";
import { ensureExecutable } from "../support/processes/executable.ts";

beforeAll(ensureExecutable);

test.skipIf(process.platform !== "linux")(
  "strangers who attack fill no memory",
  async () => {
    using workshop = new Workshop();
    const { faults } = await tortureByAttacks({ dataFolder: workshop.path });
    expect(faults).toEqual([]);
  },
  90_000,
);
