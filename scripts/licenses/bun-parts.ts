/** A library that Bun contains, with its licence as an SPDX expression. */
export interface BunPart {
  readonly name: string;
  readonly license: string;
  /** The library's source, or its text of the licence. */
  readonly source: string;
}

/**
 * The libraries that the pinned Bun links statically, as its documentation lists them. Bun's packages contain no texts
 * of their licences. A test compares the names with the documentation of the installed version.
 */
export const linkedLibraries: readonly BunPart[] = [
  { name: "JavaScriptCore", license: "LGPL-2.0-or-later", source: "https://github.com/oven-sh/WebKit" },
  {
    name: "boringssl",
    license: "Apache-2.0 AND ISC AND OpenSSL",
    source: "https://boringssl.googlesource.com/boringssl/",
  },
  { name: "brotli", license: "MIT", source: "https://github.com/google/brotli" },
  { name: "libarchive", license: "BSD-2-Clause", source: "https://github.com/libarchive/libarchive" },
  { name: "lol-html", license: "BSD-3-Clause", source: "https://github.com/cloudflare/lol-html" },
  { name: "ls-hpack", license: "MIT AND BSD-2-Clause", source: "https://github.com/litespeedtech/ls-hpack" },
  { name: "ls-qpack", license: "MIT", source: "https://github.com/litespeedtech/ls-qpack" },
  { name: "lsquic", license: "MIT AND BSD-3-Clause", source: "https://github.com/litespeedtech/lsquic" },
  { name: "mimalloc", license: "MIT", source: "https://github.com/microsoft/mimalloc" },
  { name: "picohttp", license: "MIT", source: "https://github.com/h2o/picohttpparser" },
  { name: "zstd", license: "BSD-3-Clause", source: "https://github.com/facebook/zstd" },
  { name: "simdutf", license: "Apache-2.0", source: "https://github.com/simdutf/simdutf" },
  { name: "tinycc", license: "LGPL-2.1-only", source: "https://github.com/tinycc/tinycc" },
  { name: "uSockets", license: "Apache-2.0", source: "https://github.com/uNetworking/uSockets" },
  { name: "zlib-ng", license: "Zlib", source: "https://github.com/zlib-ng/zlib-ng" },
  { name: "c-ares", license: "MIT", source: "https://github.com/c-ares/c-ares" },
  { name: "libicu", license: "Unicode-3.0", source: "https://github.com/unicode-org/icu" },
  { name: "libbase64", license: "BSD-2-Clause", source: "https://github.com/aklomp/base64" },
  { name: "libuv", license: "MIT", source: "https://github.com/libuv/libuv" },
  { name: "libdeflate", license: "MIT", source: "https://github.com/ebiggers/libdeflate" },
  {
    name: "libjpeg-turbo",
    license: "BSD-3-Clause AND IJG AND Zlib",
    source: "https://github.com/libjpeg-turbo/libjpeg-turbo",
  },
  { name: "libspng", license: "BSD-2-Clause AND libpng-2.0", source: "https://github.com/randy408/libspng" },
  { name: "libwebp", license: "BSD-3-Clause", source: "https://github.com/webmproject/libwebp" },
  { name: "highway", license: "Apache-2.0", source: "https://github.com/google/highway" },
  { name: "HdrHistogram_c", license: "BSD-2-Clause", source: "https://github.com/HdrHistogram/HdrHistogram_c" },
  { name: "sqlite", license: "blessing", source: "https://sqlite.org/copyright.html" },
  { name: "uWebsockets", license: "Apache-2.0", source: "https://github.com/jarred-sumner/uwebsockets" },
  { name: "Tigerbeetle's IO code", license: "Apache-2.0", source: "https://github.com/tigerbeetle/tigerbeetle" },
];

/** The packages that Bun carries to stand in for modules of Node. All are under the MIT licence. */
export const polyfills: readonly string[] = [
  ...["acorn", "acorn-walk", "assert", "browserify-zlib", "buffer", "constants-browserify", "crypto-browserify"],
  ...["domain-browser", "events", "https-browserify", "os-browserify", "path-browserify", "process", "punycode"],
  ...["querystring-es3", "stream-browserify", "stream-http", "string_decoder", "timers-browserify", "tty-browserify"],
  ...["url", "util", "vm-browserify"],
];
