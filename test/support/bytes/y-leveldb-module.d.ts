/** The part of y-leveldb 0.2 that the tests use. Its own types cannot be resolved through its package.json. */
declare module "y-leveldb" {
  import type * as Y from "yjs";

  type Key = readonly (string | number)[];

  interface Database {
    put(key: Key, value: Uint8Array): Promise<void>;
    del(key: Key): Promise<void>;
    compactRange(start: Key, end: Key): Promise<void>;
    iterator(encodings: {
      readonly keyEncoding: "buffer";
      readonly valueEncoding: "buffer";
    }): AsyncIterable<readonly [key: Uint8Array, value: Uint8Array]>;
  }

  export class LeveldbPersistence {
    constructor(location: string, options?: { readonly levelOptions?: object });
    /** An error in `task` is logged, and the result is then null. */
    _transact<Result>(task: (database: Database) => Promise<Result>): Promise<Result>;
    storeUpdate(name: string, update: Uint8Array): Promise<number>;
    flushDocument(name: string): Promise<void>;
    getYDoc(name: string): Promise<Y.Doc>;
    clearDocument(name: string): Promise<void>;
    setMeta(name: string, key: string, value: unknown): Promise<void>;
    clearAll(): Promise<void>;
    destroy(): Promise<void>;
  }

  export const keyEncoding: { encode(key: Key): Uint8Array };
}
