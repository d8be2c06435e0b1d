import { join } from "node:path";

const root = join(import.meta.dir, "../../..");

const html = `<!doctype html>
<html lang="en">
<link rel="icon" href="data:,">
<title>Snippet</title>
<div id="editor"></div>
<div id="root"></div>
<script type="module" src="/snippet.js"></script>
</html>`;

export interface ServedSnippet extends AsyncDisposable {
  readonly url: string;
}

/** Bundles a snippet as an app's bundler would, and serves it in a page with `#editor` and `#root`. */
export async function serveSnippet(code: string): Promise<ServedSnippet> {
  const entry = join(root, "snippet.jsx");
  const { outputs } = await Bun.build({
    entrypoints: [entry],
    files: { [entry]: code },
    target: "browser",
    define: { "process.env.NODE_ENV": '"development"' },
  });
  const script = await outputs[0]?.text();
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    development: false,
    routes: {
      "/": () => new Response(html, { headers: { "content-type": "text/html" } }),
      "/snippet.js": () => new Response(script, { headers: { "content-type": "text/javascript" } }),
    },
  });
  return { url: `http://127.0.0.1:${server.port}`, [Symbol.asyncDispose]: () => server.stop(true) };
}
