import { describeWire } from "../../contract/channel.ts";
import { openFakeChannel } from "./fake-channel.ts";
import { FakeConnection } from "./fake-connection.ts";

describeWire("in the tests' fakes", () => ({
  openChannel: openFakeChannel,
  connect: async () => {
    const connection = new FakeConnection(crypto.randomUUID());
    return {
      connection,
      get received() {
        return connection.sent.map((frame) => (typeof frame === "string" ? frame : frame.byteLength));
      },
      leave: async () => connection.disconnect(),
    };
  },
  close: async () => {},
}));
