import { expect, test } from "bun:test";
import { openChromium } from "../../support/browser/browser.ts";
import { CheckPage, type IceAnswer } from "../../support/browser/check-page.ts";
import { freePort } from "../../support/programs/free-port.ts";
import { startTestServer, type TestServer } from "../../support/servers/start-test-server.ts";

const chromium = openChromium();

async function iceOf(server: TestServer): Promise<IceAnswer> {
  const response = await fetch(`${server.url}/ice?room=yurt-check`);
  return (await response.json()) as IceAnswer;
}

/** The URLs of the server's TURN, by transport. */
function turnUrls({ iceServers }: IceAnswer): { readonly udp: string; readonly tcp: string } {
  const urls = iceServers.flatMap((each) => each.urls).filter((url) => url.startsWith("turn:"));
  return {
    udp: urls.find((url) => !url.endsWith("=tcp")) ?? "",
    tcp: urls.find((url) => url.endsWith("=tcp")) ?? "",
  };
}

/** The same list with one change in every server that has a credential. */
function withTurn(answer: IceAnswer, change: Partial<IceAnswer["iceServers"][number]>): IceAnswer {
  const iceServers = answer.iceServers.map((each) => (each.credential === undefined ? each : { ...each, ...change }));
  return { ...answer, iceServers };
}

/** A UDP port that takes everything and answers nothing, as behind a firewall. */
async function silentPort(): Promise<{ readonly port: number } & Disposable> {
  const socket = await Bun.udpSocket({ hostname: "127.0.0.1", port: 0, socket: { data: () => {}, error: () => {} } });
  return { port: socket.port, [Symbol.dispose]: () => socket.close() };
}

test("where everything works, every row is ok", async () => {
  await using server = await startTestServer({ turn: {} });
  await using people = chromium.people(server);
  const check = await CheckPage.open(people);
  expect(await check.verdict()).toBe("Peers connect directly");
  expect(Object.entries(await check.states()).filter(([, state]) => state !== "ok")).toEqual([]);
  expect(await check.textOf("turn-loop")).toMatch(/through TURN over UDP and back.*Mbit\/s|Mbit\/s.*TURN over UDP/);
  expect(await check.report()).toContain("Verdict  Peers connect directly");
  const [turn] = (await iceOf(server)).iceServers.filter(({ credential }) => credential !== undefined);
  expect(await check.report()).not.toContain(turn?.credential ?? "");
});

test("a wrong credential is named, and that UDP passes", async () => {
  await using server = await startTestServer({ turn: {} });
  await using people = chromium.people(server);
  const ice = await iceOf(server);
  const check = await CheckPage.open(people, withTurn(ice, { credential: "wrong" }));
  expect(await check.verdict()).toBe("Peers connect directly");
  expect(await check.verdictText()).toContain("TURN refuses the credential");
  const { udp, tcp } = turnUrls(ice);
  for (const url of [udp, tcp]) expect(await check.textOf(`url:${url}`)).toContain("error 401");
  expect(await check.stateOf("turn-loop")).toBe("skipped");
  expect(await check.stateOf("udp")).toBe("ok");
});

test("a dead STUN server is named, and the rest goes on", async () => {
  await using server = await startTestServer({ turn: {} });
  await using people = chromium.people(server);
  const dead = `stun:127.0.0.1:${freePort()}`;
  const ice = await iceOf(server);
  const check = await CheckPage.open(people, { ...ice, iceServers: [{ urls: dead }, ...ice.iceServers] });
  expect(await check.verdict()).toBe("Peers connect directly");
  expect(await check.textOf(`url:${dead}`)).toContain("No answer from 127.0.0.1");
  expect(await check.stateOf(`url:${dead}`)).toBe("failed");
});

test("where UDP is dropped, peers connect through TURN over TCP", async () => {
  await using server = await startTestServer({ turn: {} });
  await using people = chromium.people(server);
  using silent = await silentPort();
  const ice = await iceOf(server);
  const { tcp } = turnUrls(ice);
  const stun = `stun:127.0.0.1:${silent.port}`;
  const udp = `turn:127.0.0.1:${silent.port}?transport=udp`;
  const [turn] = ice.iceServers.filter(({ credential }) => credential !== undefined);
  const check = await CheckPage.open(people, { ...ice, iceServers: [{ urls: stun }, { ...turn, urls: [udp, tcp] }] });
  expect(await check.verdict()).toBe("Peers connect through TURN over TCP");
  expect(await check.textOf("udp")).toContain("UDP is blocked: the same server answers over TCP");
  expect(await check.states()).toMatchObject({ [`url:${udp}`]: "failed", [`url:${tcp}`]: "ok", "turn-loop": "ok" });
});

test("ICE servers that are pasted are tested instead of the server's", async () => {
  await using server = await startTestServer({ turn: {} });
  await using people = chromium.people(server);
  const check = await CheckPage.open(people);
  await check.verdict();
  const { udp } = turnUrls(await iceOf(server));
  await check.page.getByText("Test other ICE servers").click();
  const field = check.page.getByRole("textbox", { name: "iceServers" });
  await field.fill("turn.example.com");
  await check.page.getByRole("button", { name: "Test these servers" }).click();
  expect(await check.page.getByRole("alert").textContent()).toContain("no STUN or TURN URL");
  await field.fill(`${udp} somebody wrong`);
  await check.page.getByRole("button", { name: "Test these servers" }).click();
  await check.verdict();
  expect(await check.textOf("ice")).toContain("pasted");
  expect(await check.textOf(`url:${udp}`)).toContain("error 401");
});
