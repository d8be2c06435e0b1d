import { expect, test } from "bun:test";
import { cpuMs, parseBytes, parseCpuMs, peakBytes, residentBytes } from "../../../scripts/bench/process-stats.ts";

const stat = (name: string) =>
  `4242 (${name}) S 1 4242 4242 0 -1 4194304 1500 0 3 0 125 30 7 9 20 0 8 0 123456 987654321 4321 18446744073709551615`;

test.each(["yurt", "two words", "a) b (c", ")"])("CPU time is found after the process name (%s)", (name) => {
  expect(parseCpuMs(stat(name))).toBe(1550);
});

test("sizes are found by their field, in bytes", () => {
  const status = "Name:\tVmRSS: 1 kB\nVmPeak:\t  999 kB\nVmHWM:\t   81920 kB\nVmRSS:\t   40960 kB\n";
  expect(parseBytes(status, "VmRSS")).toBe(40960 * 1024);
  expect(parseBytes(status, "VmHWM")).toBe(81920 * 1024);
  expect(parseBytes("Name:\tgone\n", "VmRSS")).toBeNaN();
});

test.skipIf(process.platform !== "linux")("a process has resident memory and CPU time", () => {
  expect(cpuMs(process.pid)).toBeGreaterThan(0);
  expect(residentBytes(process.pid)).toBeGreaterThan(1e6);
  // The order matters, because memory grows between the two calls.
  const resident = residentBytes(process.pid);
  expect(peakBytes(process.pid)).toBeGreaterThanOrEqual(resident);
});
