/** Work in steps: each call of `next` does a part of it, which takes some milliseconds at the most. */
export type Steps<Result> = Generator<void, Result>;

/** The bytes of an update that one step reads. It takes up to 4 ms, for formats; where they are mostly text, 0.1 ms. */
export const bytesPerStep = 32 * 1024;

/** The number of ranges, or of clients, that one step handles. */
export const rangesPerStep = 4_096;
