import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser, launch } from "puppeteer-core";

/** Launches Firefox over WebDriver BiDi. It can reach this machine's own addresses only, over WebRTC as well. */
export async function launchFirefox(executablePath: string): Promise<Browser & AsyncDisposable> {
  const userDataDir = await mkdtemp(join(tmpdir(), "yurt-firefox-"));
  const browser = await launch({
    browser: "firefox",
    executablePath,
    userDataDir,
    headless: true,
    extraPrefsFirefox: {
      "media.peerconnection.ice.loopback": true,
      "media.peerconnection.ice.obfuscate_host_addresses": false,
      // A proxy that does not exist blocks every address but this machine's own.
      "network.proxy.type": 1,
      "network.proxy.http": "127.0.0.1",
      "network.proxy.http_port": 9,
      "network.proxy.ssl": "127.0.0.1",
      "network.proxy.ssl_port": 9,
    },
  });
  return Object.assign(browser, {
    [Symbol.asyncDispose]: async () => {
      await browser.close();
      await rm(userDataDir, { recursive: true, force: true });
    },
  });
}
