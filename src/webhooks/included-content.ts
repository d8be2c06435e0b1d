import type { ContentForm } from "../storage/webhook-store.ts";

/** The content of a document, as JSON in UTF-8. */
export interface ReadContent {
  /** The last update that it has. */
  readonly sequence: number;
  readonly body: Uint8Array;
}

/** Reads the content of a document; undefined if there is none. It may reject. */
export type ContentReader = (
  document: string,
  form: ContentForm,
  signal: AbortSignal,
) => Promise<ReadContent | undefined>;

/** The content of a document in a message, or why it is not there. */
export type IncludedContent =
  | { readonly content: unknown; readonly contentSequence: number }
  | { readonly content: null; readonly contentOmitted: OmissionReason };

/**
 * `too-large`: more than 256 KiB. `unavailable`: it could not be read at that time. `failing`: the endpoint fails, and the
 * messages that wait for it are many.
 */
export type OmissionReason = "too-large" | "unavailable" | "failing";

const maxBytes = 256 * 1_024;

export function omitted(contentOmitted: OmissionReason): IncludedContent {
  return { content: null, contentOmitted };
}

/** Reads the content for a message. Never rejects: a message without content is better than none. */
export async function includedContent(
  read: ContentReader,
  { document, form, signal }: { readonly document: string; readonly form: ContentForm; readonly signal: AbortSignal },
): Promise<IncludedContent> {
  try {
    const found = await read(document, form, signal);
    if (found === undefined) return omitted("unavailable");
    if (found.body.byteLength > maxBytes) return omitted("too-large");
    return { content: JSON.parse(new TextDecoder().decode(found.body)), contentSequence: found.sequence };
  } catch {
    return omitted("unavailable");
  }
}
