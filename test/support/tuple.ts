/** A list of which the length is known to the compiler, if `N` is a literal. */
export type Tuple<N extends number, T> = number extends N ? readonly T[] : TupleOf<N, T>;

type TupleOf<N extends number, T, Values extends readonly T[] = []> = Values["length"] extends N
  ? Values
  : TupleOf<N, T, readonly [...Values, T]>;

/** Declares the length of a list, so that its elements can be taken apart. Throws if the list has another length. */
export function tuple<const N extends number, T>(length: N, values: readonly T[]): Tuple<N, T> {
  if (values.length !== length) throw new RangeError(`${values.length} values instead of ${length}`);
  // The type system cannot follow the check of the length.
  return values as Tuple<N, T>;
}
