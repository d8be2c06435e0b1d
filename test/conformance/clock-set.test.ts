import { afterEach, expect, spyOn, test } from "bun:test";
import { secret, tokenFor } from "../support/bytes/tokens.ts";
import { RawClient, updatesOf } from "../support/clients/raw-client.ts";
import { eventually, pause } from "../support/eventually.ts";
import { startTestServer } from "../support/servers/start-test-server.ts";

const hour = 3_600_000;
const timeOfDay = Date.now;
let setBy = 0;
const now = spyOn(Date, "now").mockImplementation(() => timeOfDay() + setBy);

afterEach(() => now.mockRestore());

test("a clock that is set an hour forward, then two hours back, closes no connection and holds nothing up", async () => {
  await using server = await startTestServer({
    auth: { mode: "token", secrets: [secret] },
    // Clients are pinged several times between two changes of the clock.
    limits: { idlePingMs: 200, pingAnswerMs: 200 },
  });
  const token = await tokenFor({ "**": "write" }, { exp: Date.now() / 1_000 + 5 * 3_600 });
  const connect = () => RawClient.connect(`${server.wsUrl}/sync/clock?token=${token}`);
  const [writer, reader] = [await connect(), await connect()];
  await Promise.all([writer.sync(), reader.sync()]);
  const signaling = await RawClient.connect(`${server.wsUrl}/signal?token=${token}`);
  const updates = updatesOf((doc) => {
    for (let index = 0; index < 12; index += 1) doc.getText().insert(0, "x");
  });
  let sent = 0;
  const type = async () => {
    for (const update of updates.slice(sent, sent + 4)) {
      writer.send({ type: "update", update });
      sent += 1;
      await eventually("acknowledged", () => writer.updates.length === sent, 2_000);
    }
    await eventually("received", () => reader.updates.length === sent, 2_000);
    signaling.sendBytes(JSON.stringify({ type: "ping" }));
    const answers = signaling.frames.length;
    await eventually("a pong", () => signaling.frames.length > answers, 2_000);
  };
  await type();
  for (const changeMs of [hour, -2 * hour]) {
    setBy += changeMs;
    await type();
    await pause(600);
    const visitor = await connect();
    expect((await visitor.sync()).byteLength).toBeGreaterThan(2);
    await visitor.close();
    expect([writer, reader, signaling].map(({ closed }) => closed)).toEqual([undefined, undefined, undefined]);
  }
  setBy = 6 * hour;
  const late = await connect();
  await eventually("refused", () => late.closed !== undefined);
  expect(late.denials).toEqual(["unauthorized: token expired"]);
}, 30_000);
