import { expect, setDefaultTimeout, test } from "bun:test";
import { insertWriter } from "../../../../src/storage/postgres/documents/insert-batch.ts";
import { removeRead } from "../../../../src/storage/postgres/feed/read-feed.ts";
import { migrate, schema } from "../../../../src/storage/postgres/migrations.ts";
import { isMissing } from "../../../support/processes/programs.ts";
import { PostgresServer } from "../../../support/programs/postgres.ts";

setDefaultTimeout(30_000);

test.skipIf(isMissing("postgres"))(
  "writers that have long been silent are removed, but one that writes now",
  async () => {
    await using server = await PostgresServer.start();
    const url = await server.newSchema();
    await using database = server.connect(url);
    await using writer = server.connect(url);
    await migrate(database, schema);
    const [silent, writing, recent] = [
      await insertWriter(database),
      await insertWriter(database),
      await insertWriter(database),
    ];
    await database`UPDATE yurt_writers SET beat = now() - interval '11 minutes' WHERE id <> ${recent}::bigint`;
    const written = Promise.withResolvers<void>();
    const isWriting = Promise.withResolvers<void>();
    const appending = writer.begin(async (transaction) => {
      await transaction`UPDATE yurt_writers SET head = 1, beat = now() WHERE id = ${writing}::bigint`;
      isWriting.resolve();
      await written.promise;
    });
    await isWriting.promise;
    // It would wait for the transaction, which may wait for another append.
    await removeRead(600_000, database);
    const left = await database<{ readonly id: number }[]>`SELECT id::float8 FROM yurt_writers`;
    expect(new Set(left.map(({ id }) => id))).toEqual(new Set([writing, recent]));
    expect(left.map(({ id }) => id)).not.toContain(silent);
    written.resolve();
    await appending;
  },
);
