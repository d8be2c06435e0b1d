import type { Locator, Page } from "playwright-core";
import type { WebrtcProvider } from "y-webrtc";
import type { WebsocketProvider } from "y-websocket";
import type * as Y from "yjs";
import { eventually } from "./eventually.ts";

declare global {
  /** The objects that the demo exposes to the dev tools and to tests. They exist in its page only. */
  var yurt: {
    readonly Y: typeof Y;
    readonly doc: Y.Doc;
    readonly awareness: WebsocketProvider["awareness"];
    readonly webrtc: WebrtcProvider;
    /** In a room with a password it never connects. */
    readonly websocket: WebsocketProvider | undefined;
    readonly room: string;
  };
}

export type Transport = "WebRTC" | "WebSocket";
export type Switch = Transport | "Offline";

/** The demo in one browser window, used through its visible controls and through `globalThis.yurt`. */
export class DemoPage {
  readonly page: Page;
  readonly editor: Locator;
  readonly people: Locator;

  constructor(page: Page) {
    this.page = page;
    this.editor = page.getByRole("textbox", { name: "Shared text" });
    this.people = page.getByRole("list", { name: "People" }).locator("li[data-client-id]");
  }

  async ready(): Promise<void> {
    await this.editor.waitFor();
    await eventually("the page has opened its room", () =>
      this.page.evaluate(() => globalThis.yurt !== undefined && globalThis.yurt.webrtc.room !== null),
    );
  }

  text(): Promise<string> {
    return this.page.evaluate(() => globalThis.yurt.doc.getText("text").toString());
  }

  clientId(): Promise<number> {
    return this.page.evaluate(() => globalThis.yurt.doc.clientID);
  }

  /** Types at the end of the text, with the keyboard. */
  async type(text: string): Promise<void> {
    await this.editor.click();
    await this.page.keyboard.press("Control+End");
    await this.page.keyboard.type(text);
  }

  async turn(name: Switch, position: "on" | "off"): Promise<void> {
    const isOn = position === "on";
    const control = this.page.getByRole("switch", { name, exact: true });
    if ((await control.isChecked()) === isOn) return;
    await control.click();
    // The page draws the new state a moment later: `setChecked` would look at once.
    await this.page.getByRole("switch", { name, exact: true, checked: isOn }).waitFor();
  }

  /** Switches the other transport off, and resolves when it is disconnected. */
  async useOnly(transport: Transport): Promise<void> {
    await this.turn(transport === "WebRTC" ? "WebSocket" : "WebRTC", "off");
    if (transport === "WebRTC") await eventually("the relay is left", async () => !(await this.isOnRelay()));
    else await eventually("no peers are left", async () => (await this.peers()).length === 0);
  }

  isOnRelay(): Promise<boolean> {
    return this.page.evaluate(() => globalThis.yurt.websocket?.wsconnected ?? false);
  }

  isSynced(): Promise<boolean> {
    return this.page.evaluate(() => globalThis.yurt.websocket?.synced ?? false);
  }

  /** The y-webrtc ids of the peers with an open data channel. */
  peers(): Promise<readonly string[]> {
    return this.page.evaluate(() => {
      const connections = globalThis.yurt.webrtc.room?.webrtcConns ?? new Map();
      return [...connections].flatMap(([id, { connected }]) => (connected ? [id] : []));
    });
  }

  /** The text that tells whether the document is saved. */
  async syncText(): Promise<string> {
    return (await this.page.locator("[data-sync-state]").textContent()) ?? "";
  }

  /** The state that the page shows: saved, saving, offline, read-only. */
  async syncState(): Promise<string | null> {
    return this.page.locator("[data-sync-state]").getAttribute("data-sync-state");
  }

  /** Opens the dialog with the link to this room, and resolves with it. */
  async openInvitation(): Promise<Locator> {
    await this.page.getByRole("button", { name: "Invite", exact: true }).click();
    const dialog = this.page.getByRole("dialog", { name: "Invite others" });
    await dialog.waitFor();
    return dialog;
  }

  /** The state of the server as the headline has it. */
  async serverState(): Promise<string | null> {
    return this.page.locator("[data-server]").getAttribute("data-server");
  }

  /** The state of a link of the diagram: off, waiting, connected, refused. */
  async linkState(way: "direct" | "server" | "others"): Promise<string | null> {
    return this.page.locator(`[data-way="${way}"]`).getAttribute("data-state");
  }

  /** The numbers of messages that the page shows as sent and received. */
  async traffic(transport: Transport): Promise<{ readonly sent: number; readonly received: number }> {
    const shown = this.page.locator(`[data-transport="${transport.toLowerCase()}"]`);
    const [sent, received] = await Promise.all([shown.getAttribute("data-sent"), shown.getAttribute("data-received")]);
    return { sent: Number(sent), received: Number(received) };
  }

  /** The way in which the page says that it reaches another one; undefined if it does not list the other one. */
  async reachOf(other: DemoPage): Promise<string | undefined> {
    const entry = this.page.locator(`li[data-client-id="${await other.clientId()}"]`);
    return (await entry.count()) === 0 ? undefined : ((await entry.getAttribute("data-reach")) ?? undefined);
  }
}

/** Resolves when every page has a data channel to every other one. */
export async function meshed(pages: readonly DemoPage[], withinMs = 25_000): Promise<void> {
  await eventually(
    `a mesh of ${pages.length}`,
    async () =>
      (await Promise.all(pages.map((page) => page.peers()))).every(({ length }) => length === pages.length - 1),
    withinMs,
  );
}

/** Resolves when all pages are connected to the relay and synced with it. */
export async function relayed(pages: readonly DemoPage[]): Promise<void> {
  await eventually("synced with the relay", async () =>
    (await Promise.all(pages.map((page) => page.isSynced()))).every(Boolean),
  );
}

/** Resolves when all pages have exactly this text. */
export async function haveText(pages: readonly DemoPage[], text: string): Promise<void> {
  let found: readonly string[] = [];
  try {
    await eventually("the same text", async () => {
      found = await Promise.all(pages.map((page) => page.text()));
      return found.every((candidate) => candidate === text);
    });
  } catch (error) {
    throw new Error(`expected ${JSON.stringify(text)} everywhere, found ${JSON.stringify(found)}`, { cause: error });
  }
}

/** Resolves when the page has painted and takes input; rejects when it hangs. */
export async function lives({ page }: DemoPage): Promise<void> {
  page.setDefaultTimeout(10_000);
  await page.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done)))");
  await page.getByLabel("Your name").fill("Alive");
}
