import { basename, join } from "node:path";
import { runProgram } from "./release-build.ts";

/**
 * A registry for npm on loopback that has the packages of some tarballs. The optional dependencies of those packages
 * that have no tarball are there with `others` as their manifests, and cannot be downloaded.
 */
export class NpmRegistry implements AsyncDisposable {
  readonly #server: Bun.Server<undefined>;
  readonly #packages = new Map<string, object>();
  /** The paths of all requests that were refused. */
  readonly refused: string[] = [];

  private constructor(folder: string) {
    this.#server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: (request) => {
        const path = decodeURIComponent(new URL(request.url).pathname).slice(1);
        const described = this.#packages.get(path);
        if (described !== undefined) return Response.json(described);
        if (path.startsWith("tarballs/")) return new Response(Bun.file(join(folder, basename(path))));
        this.refused.push(path);
        return Response.json({ error: "not found" }, { status: 404 });
      },
    });
  }

  /** `others` are manifests of packages for other machines. */
  static async open(folder: string, tarballs: readonly string[], others: readonly Manifest[]): Promise<NpmRegistry> {
    const registry = new NpmRegistry(folder);
    for (const tarball of tarballs) {
      const { stdout } = await runProgram(["tar", "-xzOf", join(folder, tarball), "package/package.json"]);
      registry.#add(JSON.parse(stdout), tarball);
    }
    for (const manifest of others) registry.#add(manifest, `${manifest.name}.tgz`);
    return registry;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.port}/`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.stop(true);
  }

  #add(manifest: Manifest, tarball: string): void {
    const { name, version } = manifest;
    const dist = { tarball: `${this.url}tarballs/${tarball}` };
    this.#packages.set(name, {
      name,
      "dist-tags": { latest: version },
      versions: { [version]: { ...manifest, dist } },
    });
  }
}

interface Manifest {
  readonly name: string;
  readonly version: string;
}
