/** The thread of a `Network`: it passes bytes to the socket that is its argument, and says its own socket first. */
import { CuttingProxy } from "../../../test/support/proxies/cutting-proxy.ts";
import type { NetworkRequest } from "./network.ts";

declare const self: Worker;

const [target = ""] = process.argv.slice(-1);
const proxy = await CuttingProxy.to(target);
self.onmessage = async ({ data }: MessageEvent<NetworkRequest>) => {
  if (data === "cut") proxy.cut();
  else if (data === "close") {
    await proxy[Symbol.asyncDispose]();
    postMessage("closed");
  } else proxy.mend({ forgets: data === "mend and forget" });
};
postMessage(proxy.socket);
