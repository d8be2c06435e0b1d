import { useCallback, useEffect, useRef, useState, useSyncExternalStore } from "react";
import { WebsocketProvider } from "y-websocket";
import * as Y from "yjs";

export interface DocumentOrder {
  /** The URL of the server, such as `https://yurt.example.com`. */
  readonly url: string;
  /** The name of the document. */
  readonly name: string;
  /** A room token; undefined for a server with open access. */
  readonly token?: string | undefined;
}

export interface OpenDocument {
  readonly doc: Y.Doc;
  readonly provider: WebsocketProvider;
  /** `closed`: the server has refused the client for good, with `closeCode`. */
  readonly status: "connecting" | "connected" | "disconnected" | "closed";
  /** Whether the client has received everything that the server had. */
  readonly isSynced: boolean;
  readonly closeCode: number | undefined;
}

type Opened = Pick<OpenDocument, "doc" | "provider">;
type Progress = Pick<OpenDocument, "status" | "isSynced" | "closeCode">;

const beginning: Progress = { status: "connecting", isSynced: false, closeCode: undefined };

/**
 * Opens a document over a WebSocket as long as the component is mounted. Undefined until it is, and on a server.
 *
 * Another `url` or `name` opens another document. Another `token` is used for the next connection.
 */
export function useDocument({ name, token, url }: DocumentOrder): OpenDocument | undefined {
  const [opened, setOpened] = useState<Opened>();
  const [progress, setProgress] = useState(beginning);
  const tokenNow = useRef(token);
  tokenNow.current = token;
  useEffect(() => {
    const doc = new Y.Doc();
    const provider = new WebsocketProvider(
      `${url.replace(/^http/, "ws").replace(/\/+$/, "")}/sync`,
      encodeURIComponent(name),
      doc,
      {
        params: tokenNow.current === undefined ? {} : { token: tokenNow.current },
      },
    );
    const change = (part: Partial<Progress>) => setProgress((former) => ({ ...former, ...part }));
    provider.on("status", ({ status }) => change({ status }));
    provider.on("sync", (isSynced: boolean) => change({ isSynced }));
    provider.on("closed", (reason: unknown) => change({ status: "closed", closeCode: closeCodeIn(reason) }));
    setProgress(beginning);
    setOpened({ doc, provider });
    return () => {
      provider.destroy();
      doc.destroy();
      setOpened(undefined);
    };
  }, [url, name]);
  useEffect(() => {
    if (opened !== undefined) opened.provider.params = token === undefined ? {} : { token };
  }, [opened, token]);
  return opened && { ...opened, ...progress };
}

/** A shared type of Yjs, as far as its content is shown. */
export interface SharedType<Value> {
  toJSON(): Value;
  observeDeep(changed: () => void): void;
  unobserveDeep(changed: () => void): void;
}

/** The `toJSON()` of a shared type, with everything in it: the component renders again when it changes. */
export function useShared<Value>(type: SharedType<Value> | undefined): Value | undefined {
  const kept = useRef<{ readonly type: unknown; readonly value: Value }>(undefined);
  const snapshot = (): Value | undefined => {
    if (type === undefined) return undefined;
    if (kept.current?.type !== type) kept.current = { type, value: type.toJSON() };
    return kept.current.value;
  };
  const subscribe = useCallback(
    (changed: () => void) => {
      const observe = () => {
        kept.current = undefined;
        changed();
      };
      // The type may have changed since it was rendered: React compares once more after this.
      kept.current = undefined;
      type?.observeDeep(observe);
      return () => type?.unobserveDeep(observe);
    },
    [type],
  );
  return useSyncExternalStore(subscribe, snapshot, snapshot);
}

function closeCodeIn(reason: unknown): number | undefined {
  const { code } = Object(reason);
  return typeof code === "number" ? code : undefined;
}
