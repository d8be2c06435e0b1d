import { beforeAll, expect, test } from "bun:test";
import { tortureByAttacksAtOnce } from "../../scripts/torture/attack/attacks-at-once.ts";
import { Workshop } from "../support/processes/data-folder.ts";
import { ensureExecutable } from "../support/processes/executable.ts";

beforeAll(ensureExecutable);

test.skipIf(process.platform !== "linux")(
  "attackers disturb no honest client and fill no memory",
  async () => {
    using workshop = new Workshop();
    const { faults } = await tortureByAttacksAtOnce({ dataFolder: workshop.path });
    expect(faults).toEqual([]);
  },
  300_000,
);
