import { createHash } from "node:crypto";
import { mkdir, readdir, rename, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import type { Asset, Encoding, Manifest } from "../src/transport/pages/assets.ts";

/** An HTML file that names its scripts and styles. */
export interface PageSource {
  /** The path of the page's URL. It has no slash after the first: all files lie beside `/`. */
  readonly path: string;
  readonly entry: string;
}

export interface AssetsBuild {
  readonly pages: readonly PageSource[];
  /** The folder of the output and its `manifest.json`. Any other file in it is removed. */
  readonly folder: string;
  /** The files and folders that the pages are built from. */
  readonly sources: readonly string[];
  /** The encodings in which each file is compressed ahead, best first. The best ones take seconds. */
  readonly encodings: readonly Encoding[];
  /** The most bytes that a browser may have to fetch to show one page. */
  readonly firstLoadLimitBytes: number;
}

/** The size of one built file, uncompressed and in each encoding that makes it smaller. */
export interface BuiltAsset {
  readonly asset: Asset;
  /** The paths of the pages that name the file, or that it is. */
  readonly pages: readonly string[];
  readonly sizes: { readonly identity: number } & Readonly<Partial<Record<Encoding, number>>>;
}

interface CompressedAsset extends BuiltAsset {
  readonly files: readonly File[];
}

/** A file of the bundler. */
interface Output {
  readonly artifact: Bun.BuildArtifact;
  readonly pages: readonly string[];
}

interface File {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Bundles the pages for browsers, names every file except the pages by its content, and compresses ahead. */
export async function buildAssets(build: AssetsBuild): Promise<readonly BuiltAsset[]> {
  // The time is read before the sources: a change during the build makes the result stale.
  const changedAtMs = await lastChangeMs(build.sources);
  const outputs = await bundleAll(build.pages);
  await refuseForeignHosts(outputs.map(({ artifact }) => artifact));
  const compressed = await Promise.all(outputs.map((output) => compressOutput(output, build.encodings)));
  const built = compressed.toSorted((left, right) => (left.asset.path < right.asset.path ? -1 : 1));
  for (const { path } of build.pages) {
    const bytes = firstLoadBytes(built, path);
    if (bytes > build.firstLoadLimitBytes) {
      throw new Error(`the first load of ${path}, ${bytes} bytes, is over the limit of ${build.firstLoadLimitBytes}`);
    }
  }
  const manifest: Manifest = { files: built.map(({ asset }) => asset) };
  const files = [...built.flatMap((output) => output.files), { name: manifestName, bytes: json(manifest) }];
  await replaceFolder(build.folder, files, changedAtMs);
  return built;
}

/** True if the folder holds what `buildAssets` would build now. */
export async function areAssetsFresh({ folder, sources }: AssetsBuild): Promise<boolean> {
  const manifest = Bun.file(join(folder, manifestName));
  return (await manifest.exists()) && manifest.lastModified === (await lastChangeMs(sources));
}

/** The bytes that a browser must fetch to show a page, in the best encoding. */
export function firstLoadBytes(built: readonly BuiltAsset[], page: string): number {
  const needed = built.filter(
    ({ asset, pages }) => pages.includes(page) && /^text\/(html|css|javascript)/.test(asset.type),
  );
  return needed.reduce((sum, { sizes }) => sum + Math.min(...Object.values(sizes)), 0);
}

const manifestName = "manifest.json";

/** A change of a library's source for the pages. */
interface LibraryChange {
  readonly file: RegExp;
  readonly from: string;
  readonly to: string;
}

const libraryChanges: readonly LibraryChange[] = [
  // Third-party servers are the defaults when a page names none.
  { file: /y-webrtc[/\\]src[/\\]y-webrtc\.js$/, from: "'wss://y-webrtc-eu.fly.dev'", to: "" },
  {
    file: /simple-peer[/\\]simplepeer\.min\.js$/,
    from: '{urls:["stun:stun.l.google.com:19302","stun:global.stun.twilio.com:3478"]}',
    to: "",
  },
  // CodeMirror writes a <style> element, except in a shadow root, and the content security policy allows none. A nonce in
  // the page would end its compression ahead and its strong entity tag.
  {
    file: /style-mod[/\\]src[/\\]style-mod\.js$/,
    from: "!root.head && root.adoptedStyleSheets",
    to: "root.adoptedStyleSheets",
  },
];

const changedLibraries: Bun.BunPlugin = {
  name: "changed-libraries",
  setup: (plugin) => {
    for (const { file, from, to } of libraryChanges) {
      plugin.onLoad({ filter: file }, async ({ path }) => {
        const source = await Bun.file(path).text();
        if (!source.includes(from))
          throw new Error(`${path} does not contain ${from}. Adapt the change of this library.`);
        return { contents: source.replace(from, to), loader: "js" };
      });
    }
  },
};

/** Bundles every page by itself. A file that several pages name, such as an icon, is one output. */
async function bundleAll(pages: readonly PageSource[]): Promise<readonly Output[]> {
  const outputs = new Map<string, Output>();
  for (const { path, entry } of pages) {
    for (const artifact of await bundle(entry)) {
      const known = outputs.get(artifact.path)?.pages ?? [];
      outputs.set(artifact.path, { artifact, pages: [...known, path] });
    }
  }
  return [...outputs.values()];
}

async function bundle(entry: string): Promise<readonly Bun.BuildArtifact[]> {
  const { outputs } = await Bun.build({
    entrypoints: [entry],
    target: "browser",
    minify: true,
    // Relative URLs, so that a proxy can serve the page below a path.
    publicPath: "./",
    naming: { entry: "[name]-[hash].[ext]", chunk: "[name]-[hash].[ext]", asset: "[name]-[hash].[ext]" },
    define: { "process.env.NODE_ENV": '"production"' },
    plugins: [changedLibraries],
  });
  return outputs;
}

/**
 * A server in quotes that sockets or WebRTC would use (the quotes exclude property names), or a resource that a style
 * fetches.
 */
const foreignInCode =
  /["'`](wss?:\/\/|stuns?:|turns?:)[a-z0-9-]+(\.[a-z0-9-]+)*\.[a-z]{2,}|url\(\s*["']?(https?:)?\/\/[^)]*|@import[^;]*\/\/[^;]*/i;

/** Links may lead to other hosts. Resources and connections of a page may not. */
async function refuseForeignHosts(outputs: readonly Bun.BuildArtifact[]): Promise<void> {
  for (const output of outputs) {
    const text = await output.text();
    const found = output.type.startsWith("text/html") ? foreignInMarkup(text) : foreignInCode.exec(text)?.[0];
    if (found !== undefined) throw new Error(`${output.path} names a foreign host: ${found}`);
  }
}

function foreignInMarkup(text: string): string | undefined {
  let found: string | undefined;
  const loading = "script, link, img, iframe, source, video, audio, track, embed, object, form, base, image, use";
  new HTMLRewriter()
    .on(loading, {
      element: (element) => {
        found ??= Array.from(element.attributes, ([, value]) => value).find((value) => /^([a-z]+:)?\/\//i.test(value));
      },
    })
    .transform(text);
  return found;
}

async function compressOutput({ artifact, pages }: Output, encodings: readonly Encoding[]): Promise<CompressedAsset> {
  const bytes = new Uint8Array(await artifact.arrayBuffer());
  const name = artifact.path.replace(/^.*[/\\]/, "");
  const isPage = artifact.type.startsWith("text/html");
  const all = await Promise.all(
    encodings.map(async (encoding) => ({ encoding, bytes: await compressors[encoding](bytes) })),
  );
  const smaller = all.filter((compressed) => compressed.bytes.length < bytes.length);
  return {
    asset: {
      path: isPage ? (pages[0] ?? "/") : `/${name}`,
      file: name,
      type: artifact.type,
      hash: createHash("sha256").update(bytes).digest("base64url").slice(0, 16),
      isImmutable: !isPage,
      encodings: smaller.map(({ encoding }) => encoding),
    },
    pages,
    sizes: {
      identity: bytes.length,
      ...Object.fromEntries(smaller.map((compressed) => [compressed.encoding, compressed.bytes.length])),
    },
    files: [
      { name, bytes },
      ...smaller.map((compressed) => ({ name: `${name}.${compressed.encoding}`, bytes: compressed.bytes })),
    ],
  };
}

/** zstd is left out: at its highest level it is 4 % larger than brotli. */
const compressors: Readonly<Record<Encoding, (bytes: Uint8Array) => Promise<Uint8Array>>> = {
  br: (bytes) =>
    promisify(brotliCompress)(bytes, {
      params: {
        [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
        [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
      },
    }),
  gzip: (bytes) => promisify(gzip)(bytes, { level: constants.Z_BEST_COMPRESSION }),
};

/**
 * A server may read the folder and another build may write it at the same time: files are renamed into place, the
 * manifest last. The manifest's modification time is that of the sources, by which a stale build is recognised.
 */
async function replaceFolder(folder: string, files: readonly File[], changedAtMs: number): Promise<void> {
  const workshop = `${folder}.build-${process.pid}`;
  try {
    await mkdir(workshop, { recursive: true });
    await mkdir(folder, { recursive: true });
    for (const { name, bytes } of files) {
      await Bun.write(join(workshop, name), bytes);
      if (name === manifestName) await utimes(join(workshop, name), new Date(), new Date(changedAtMs));
      await rename(join(workshop, name), join(folder, name));
    }
    const kept = new Set(files.map(({ name }) => name));
    const left = (await readdir(folder)).filter((name) => !kept.has(name));
    await Promise.all(left.map((name) => rm(join(folder, name), { recursive: true, force: true })));
  } finally {
    await rm(workshop, { recursive: true, force: true });
  }
}

/** The time in whole epoch milliseconds. Folders count too: their time changes when a file is renamed or removed. */
async function lastChangeMs(sources: readonly string[]): Promise<number> {
  const inside = await Promise.all(
    sources.map(async (source) => {
      if (!(await stat(source)).isDirectory()) return [source];
      const paths = await Array.fromAsync(new Bun.Glob("**/*").scan({ cwd: source, onlyFiles: false, absolute: true }));
      return [source, ...paths];
    }),
  );
  const changes = await Promise.all(inside.flat().map(async (path) => (await stat(path)).mtimeMs));
  return Math.floor(Math.max(...changes));
}

function json(value: unknown): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`);
}
