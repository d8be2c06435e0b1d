import { describe, expect, test } from "bun:test";
import { placeOfDatabase, unknownSslMode } from "../../src/config/database-url.ts";

describe("the URL of a database", () => {
  test.each([
    ["postgres://yurt:s3cret@db.example:5433/notes", "db.example:5433/notes"],
    ["postgres://yurt@db.example?dbname=notes", "db.example/notes"],
    ["postgres:///notes", "localhost/notes"],
    ["postgres:///notes?host=/run/postgresql&password=s3cret", "notes (socket /run/postgresql)"],
    ["postgres://127.0.0.1/notes?host=/run/postgresql", "notes (socket /run/postgresql)"],
    ["postgres://%2Frun%2Fpostgresql/notes", "notes (socket /run/postgresql)"],
    ["postgres://localhost/notes?path=/run/.s.PGSQL.5432", "notes (socket /run/.s.PGSQL.5432)"],
    ["postgres://localhost/100%", "localhost/100%"],
    ["postgres://localhost/my%20notes?host=db.example", "db.example/my notes"],
  ])("%s is shown as %s", (url, place) => {
    expect(placeOfDatabase(new URL(url))).toBe(place);
  });

  test("has one of the modes of libpq, or none", () => {
    expect(unknownSslMode(new URL("postgres://a/b"))).toBeUndefined();
    expect(unknownSslMode(new URL("postgres://a/b?sslmode=verify-full"))).toBeUndefined();
    expect(unknownSslMode(new URL("postgres://a/b?sslmode=foo"))).toBe("foo");
  });
});
