import type { HttpRefusal } from "../protocol.ts";

/** The relative links of a page need the slash at the end of its path. */
export function toDirectory({ url }: Request, pathname: string): Response {
  const name = pathname.slice(pathname.lastIndexOf("/") + 1);
  return new Response(null, { status: 308, headers: { location: `./${name}/${URL.parse(url)?.search ?? ""}` } });
}

export function refused(request: Request, { message, status }: HttpRefusal): Response {
  const headers = status === 401 ? { "www-authenticate": "Bearer" } : {};
  return closing(request, new Response(message, { status, headers }));
}

/** Bun closes after `Connection: close` without announcing it, and keep-alive agents then fail every second request. */
export function closing(request: Request, response: Response): Response {
  if (request.headers.get("connection")?.toLowerCase() === "close") response.headers.set("connection", "close");
  return response;
}
