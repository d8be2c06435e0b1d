/** A document up to this size in the store is read at once, and again when it changes. */
const liveBytes = 1_000_000;
/** A document up to this size is read when somebody asks for it. */
const readableBytes = 20_000_000;
/** The shortest time between two reads of a document. */
const apartMs = 1_000;
/** A larger document is read less often, in proportion to its size. */
const bytesPerMs = 100;

/** How the content of a document is read. */
export type ContentPlan =
  | { readonly kind: "live"; readonly apartMs: number }
  /** When somebody asks for it, once. */
  | { readonly kind: "asked" }
  /** It is too large for a page. */
  | { readonly kind: "never" };

/** The plan for a document with so many bytes in the store. */
export function contentPlan(bytes: number): ContentPlan {
  if (bytes <= liveBytes) return { kind: "live", apartMs: Math.max(apartMs, Math.round(bytes / bytesPerMs)) };
  return { kind: bytes <= readableBytes ? "asked" : "never" };
}
