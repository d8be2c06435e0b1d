import { describe, expect, test } from "bun:test";
import { rmSync, writeFileSync } from "node:fs";
import { FolderSecrets } from "../../../src/storage/secrets/folder-secrets.ts";
import { OwnSecrets } from "../../../src/storage/secrets/own-secrets.ts";
import { loadOrCreateSecret } from "../../../src/storage/secrets/secrets-file.ts";
import { describeSecrets } from "../../contract/secrets.ts";
import { Workshop } from "../../support/processes/data-folder.ts";

function scene(workshop: Workshop) {
  const secrets = new FolderSecrets(workshop.path);
  const [text = ""] = new OwnSecrets(secrets).signing([]);
  return { secrets, text, path: workshop.file("secrets.json") };
}

const never = () => {
  throw new Error("there is one");
};

describeSecrets("secrets in a file", () => {
  const workshop = new Workshop();
  return { open: () => new FolderSecrets(workshop.path), remove: () => workshop[Symbol.dispose]() };
});

describe("the secrets of a data folder", () => {
  test("that are given need no file", () => {
    using workshop = new Workshop();
    const secrets = new FolderSecrets(workshop.path);
    expect(new OwnSecrets(secrets).signing(["given"])).toEqual(["given"]);
    expect(secrets.findFault()).toBeUndefined();
  });

  test("are in their place when another program adds a secret", () => {
    using workshop = new Workshop();
    const { secrets } = scene(workshop);
    loadOrCreateSecret(workshop.path, "other", () => "added");
    expect(secrets.findFault()).toBeUndefined();
  });

  test("are written again when the file was deleted, and an added secret stays", async () => {
    using workshop = new Workshop();
    const { secrets, text, path } = scene(workshop);
    rmSync(path);
    expect(secrets.findFault()).toEqual({ path, state: "deleted" });
    loadOrCreateSecret(workshop.path, "other", () => "added");
    expect(secrets.findFault()).toEqual({ path, state: "deleted" });
    await secrets.restore();
    expect(secrets.findFault()).toBeUndefined();
    expect(new OwnSecrets(new FolderSecrets(workshop.path)).signing([])).toEqual([text]);
    expect(loadOrCreateSecret(workshop.path, "other", never).text).toBe("added");
  });

  test.each([
    ["another secret", JSON.stringify({ "auth.secret": "x".repeat(43) })],
    ["no JSON", "a letter"],
  ])("are not written over %s", (_, content) => {
    using workshop = new Workshop();
    const { secrets, path } = scene(workshop);
    writeFileSync(path, content);
    expect(secrets.findFault()).toEqual({ path, state: "replaced" });
  });
});
