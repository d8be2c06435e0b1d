import type { Page } from "playwright-core";
import type { TestServer } from "../servers/start-test-server.ts";
import type { People } from "./browser.ts";

/** The dashboard in one browser window, signed in. */
export class AdminPage {
  readonly page: Page;

  private constructor(page: Page) {
    this.page = page;
  }

  /** Signs in by a link of the server, and goes to a place such as `#/documents/notes%2F7`. */
  static async open(people: People, server: Pick<TestServer, "createAdminLink">, place = ""): Promise<AdminPage> {
    const admin = new AdminPage(await people.visit(`/admin#code=${(await server.createAdminLink()).code}`));
    await admin.page.getByRole("navigation", { name: "Dashboard" }).waitFor();
    if (place !== "") await admin.goTo(place);
    return admin;
  }

  /** Goes to a place without a reload, which would end the session. */
  async goTo(place: string): Promise<void> {
    await this.page.evaluate(`location.hash = ${JSON.stringify(place)}`);
  }

  /** The title of the view. */
  async title(): Promise<string | null> {
    return this.page.locator("main h1").textContent();
  }
}
