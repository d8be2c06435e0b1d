const style =
  "body{font:1rem/1.5 system-ui,sans-serif;max-width:32rem;margin:20vh auto;padding:0 1.25rem}" +
  ":root{color-scheme:light dark}";

/** The hash by which the policy allows this one style and nothing else. */
const styleHash = new Bun.CryptoHasher("sha256").update(style).digest("base64");

/**
 * Answers a request for a path that does not exist: a browser that was led to a wrong address gets a page with a link to
 * the right one, any other client a line of text.
 *
 * `basePath` is the path below which a reverse proxy serves the server, without a slash at its end.
 */
export function notFound(request: Request, basePath: string): Response {
  const isPage = request.method === "GET" && (request.headers.get("accept") ?? "").includes("text/html");
  if (!isPage)
    return new Response("Not found\n", { status: 404, headers: { "content-type": "text/plain;charset=UTF-8" } });
  // The icon of its own keeps browsers from asking for /favicon.ico.
  const page = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>Not found · Yurt</title>
<style>${style}</style>
<h1>Not found</h1>
<p>Yurt has nothing at this address. <a href="${basePath}/">Open the demo</a></p>
</html>
`;
  return new Response(page, {
    status: 404,
    headers: {
      "content-type": "text/html;charset=utf-8",
      "content-security-policy": `default-src 'none'; style-src 'sha256-${styleHash}'; img-src data:; base-uri 'none'`,
      "referrer-policy": "no-referrer",
      "x-content-type-options": "nosniff",
    },
  });
}
