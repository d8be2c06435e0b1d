import { describe, expect, test } from "bun:test";
import { RequestPaths } from "../../../src/transport/admission/request-paths.ts";

const namePrefixes = ["/sync/", "/parties/"];
const segmentPrefixes = ["/v1/"];
const plain = new RequestPaths({ basePath: "", namePrefixes, segmentPrefixes });
const based = new RequestPaths({ basePath: "/a/yurt.x", namePrefixes, segmentPrefixes });

test.each([
  ["/", "/"],
  ["//", "/"],
  ["/signal", "/signal"],
  ["/signal/", "/signal"],
  ["//signal", "/signal"],
  ["/peerjs//peerjs/", "/peerjs/peerjs"],
  ["/socket.io/", "/socket.io"],
  ["/a/yurt.x/signal", "/a/yurt.x/signal"],
  ["/signal%2F", "/signal%2F"],
])("the path %s is read as %s", (pathname, path) => {
  expect(plain.of(pathname)).toBe(path);
});

test.each([
  ["/sync/notes", "/sync/notes"],
  ["//sync/notes", "/sync/notes"],
  ["/sync/notes/", "/sync/notes/"],
  ["/sync//notes", "/sync//notes"],
  ["/sync/a//b", "/sync/a//b"],
  ["/sync/a%2F%2Fb", "/sync/a%2F%2Fb"],
  ["/sync/", "/sync/"],
  ["/sync", "/sync"],
  ["/sync/a/sync/b//", "/sync/a/sync/b//"],
  ["/parties/main/room//1", "/parties/main/room//1"],
])("the name in %s stays as it is", (pathname, path) => {
  expect(plain.of(pathname)).toBe(path);
});

test.each([
  ["/v1/docs", "/v1/docs"],
  ["//v1/docs/", "/v1/docs"],
  ["/v1", "/v1"],
  ["/v1/", "/v1"],
  ["/v1/docs//x", "/v1/docs//x"],
  ["/v1//docs/x", "/v1//docs/x"],
  ["/v1/docs/x/", "/v1/docs/x"],
  ["/v1/docs/x//", "/v1/docs/x/"],
  ["/v1/docs/%2Fx", "/v1/docs/%2Fx"],
])("no segment of %s is lost: %s", (pathname, path) => {
  expect(plain.of(pathname)).toBe(path);
});

describe("a base path", () => {
  test.each([
    ["/a/yurt.x", "/"],
    ["/a/yurt.x/", "/"],
    ["//a//yurt.x//signal/", "/signal"],
    ["/a/yurt.x/sync//a/", "/sync//a/"],
    ["/a/yurt.x//sync/a", "/sync/a"],
    ["/a/yurt.x//v1/docs//x", "/v1/docs//x"],
    ["/signal", "/signal"],
    ["/a/yurtox/signal", "/a/yurtox/signal"],
    ["/a/yurt.xy", "/a/yurt.xy"],
    ["/sync/a/yurt.x/b", "/sync/a/yurt.x/b"],
    ["/a/yurt.x/a/yurt.x/signal", "/a/yurt.x/signal"],
  ])("is removed once from %s: %s", (pathname, path) => {
    expect(based.of(pathname)).toBe(path);
  });

  test("lacks its slash when the path ends with it", () => {
    const paths = ["/a/yurt.x", "//a/yurt.x", "/a/yurt.x/", "/a/yurt.x/signal", "/", "/a"];
    expect(paths.map((path) => based.lacksSlash(path))).toEqual([true, true, false, false, false, false]);
    expect(plain.lacksSlash("/")).toBeFalse();
  });
});
