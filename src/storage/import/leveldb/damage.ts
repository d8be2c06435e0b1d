/** Bytes that LevelDB does not write. The message says what is wrong; whoever has the file adds which it is. */
export class Damage extends Error {}
