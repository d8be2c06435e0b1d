import { join } from "node:path";
import * as v from "valibot";
import { entityTagMatches, preferredEncoding } from "./negotiation.ts";

const encodingSchema = v.picklist(["br", "gzip"]);

/** One file of the pages as the build describes it. Its encodings lie beside it, as `<file>.<encoding>`. */
const assetSchema = v.object({
  /** The path of the URL. */
  path: v.string(),
  /** The name in the folder. */
  file: v.string(),
  type: v.string(),
  hash: v.string(),
  /** The path holds the hash, so what it names never changes. */
  isImmutable: v.boolean(),
  /** Best first. */
  encodings: v.array(encodingSchema),
});

const manifestSchema = v.object({ files: v.array(assetSchema) });

export type Encoding = v.InferOutput<typeof encodingSchema>;
export type Asset = v.InferOutput<typeof assetSchema>;
export type Manifest = v.InferOutput<typeof manifestSchema>;

export interface AssetFolder {
  /** Holds `manifest.json` and what it names. */
  readonly path: string;
  /** The hosts by which browsers reach the server, besides the host of the request, which a proxy may change. */
  readonly hosts?: readonly string[];
  /** Rebuilds the folder from its sources, where there are any; the request is answered with its rejection. */
  readonly refresh?: () => Promise<void>;
}

/** Answers a request for one of the pages or their files; undefined for every other path. */
export type Assets = (request: Request) => Promise<Response | undefined>;

/** Answers only paths of the manifest: no text of a request becomes a path of the file system. */
export function openAssets({ path: folder, hosts = [], refresh }: AssetFolder): Assets {
  let table: Promise<ReadonlyMap<string, Asset>> | undefined;
  const find = async (path: string): Promise<Asset | undefined> => {
    const known = (await table)?.get(path);
    // The page that names a hashed file has been brought in step just before.
    if (known?.isImmutable) return known;
    if (refresh !== undefined) {
      await refresh();
      table = undefined;
    }
    table ??= readManifest(folder);
    return (await table).get(path);
  };
  return async (request) => {
    const url = URL.parse(request.url);
    if (url === null) return undefined;
    let asset: Asset | undefined;
    try {
      asset = await find(url.pathname);
    } catch (error) {
      table = undefined;
      if (!(error instanceof AssetsNotBuilt)) throw error;
      const headers = { "content-type": "text/plain;charset=utf-8", "x-content-type-options": "nosniff" };
      return new Response(error.message, { status: 500, headers });
    }
    if (asset === undefined) return undefined;
    if (request.method === "GET" || request.method === "HEAD") {
      return answer(request, contentSecurityPolicy([url.host, ...hosts]), asset, folder);
    }
    return new Response("Method not allowed\n", { status: 405, headers: { allow: "GET, HEAD" } });
  };
}

/** The pages could not be built. The message is the build's output. */
export class AssetsNotBuilt extends Error {
  override readonly name = "AssetsNotBuilt";
}

async function readManifest(folder: string): Promise<ReadonlyMap<string, Asset>> {
  const { files } = v.parse(manifestSchema, await Bun.file(join(folder, "manifest.json")).json());
  return new Map(files.map((asset) => [asset.path, asset]));
}

async function answer(request: Request, policy: string, asset: Asset, folder: string): Promise<Response> {
  const encoding = preferredEncoding(request.headers.get("accept-encoding"), asset.encodings);
  const etag = `"${asset.hash}${encoding === undefined ? "" : `-${encoding}`}"`;
  const headers = new Headers({
    etag,
    vary: "accept-encoding",
    "cache-control": asset.isImmutable ? "public, max-age=31536000, immutable" : "no-cache",
    "content-security-policy": policy,
    "cross-origin-opener-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
  });
  if (entityTagMatches(request.headers.get("if-none-match"), etag)) return new Response(null, { status: 304, headers });
  const file = encoding === undefined ? asset.file : `${asset.file}.${encoding}`;
  const bytes = await Bun.file(join(folder, file)).bytes();
  headers.set("content-type", asset.type);
  headers.set("content-length", String(bytes.length));
  if (encoding !== undefined) headers.set("content-encoding", encoding);
  return new Response(request.method === "HEAD" ? null : bytes, { headers });
}

/** The policy that holds for the pages even if foreign content gets into them. */
function contentSecurityPolicy(hosts: readonly string[]): string {
  // Not every browser takes 'self' for WebSockets. The host is the client's word: a `;` in it would end the directive.
  const valid = new Set(hosts.filter((host) => /^[a-z0-9.:[\]-]+$/.test(host)));
  const sockets = Array.from(valid, (host) => ` ws://${host} wss://${host}`).join("");
  return [
    "default-src 'self'",
    `connect-src 'self'${sockets}`,
    "img-src 'self' data: blob:",
    "style-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'self'",
    "object-src 'none'",
  ].join("; ");
}
