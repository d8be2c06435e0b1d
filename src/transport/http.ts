import { Hono } from "hono";
import { html } from "hono/html";
import type { Protocol } from "./protocol.ts";

export interface HttpOptions {
  readonly protocols: readonly Protocol[];
  /** False while the server cannot take updates: it is draining, or the store cannot write. */
  readonly isReady: () => boolean;
  /** What the page on `/` names: a label and where it listens, below the requested origin. */
  readonly endpoints: readonly { readonly label: string; readonly path: string }[];
}

/** Everything that is answered without an upgrade. */
export function createHttp(options: HttpOptions): Hono {
  const app = new Hono();
  app.get("/healthz", (context) => context.text("ok\n"));
  app.get("/readyz", (context) => (options.isReady() ? context.text("ready\n") : context.text("not ready\n", 503)));
  app.get("/", (context) => context.html(page(new URL(context.req.url), options.endpoints)));
  for (const protocol of options.protocols) {
    if (protocol.routes !== undefined) app.route("/", protocol.routes);
  }
  const served = new Set(app.routes.map((route) => route.path));
  for (const path of served) {
    app.all(path, (context) => context.text("Method not allowed\n", 405, { allow: "GET, HEAD" }));
  }
  app.notFound((context) => context.text("Not found\n", 404));
  return app;
}

function page(url: URL, endpoints: HttpOptions["endpoints"]) {
  const scheme = url.protocol === "https:" ? "wss" : "ws";
  const rows = endpoints.map(
    ({ label, path }) => html`<dt>${label}</dt><dd><code>${scheme}://${url.host}${path}</code></dd>`,
  );
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Yurt</title>
<style>
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
body { max-width: 40rem; margin: 4rem auto; padding: 0 1rem; }
dt { margin-top: 1rem; font-weight: 600; }
dd { margin: 0; overflow-wrap: anywhere; }
</style>
</head>
<body>
<h1>Yurt</h1>
<p>The server between the browsers of a Yjs application. It is running; point your client at one of these:</p>
<dl>
${rows}
</dl>
</body>
</html>
`;
}
