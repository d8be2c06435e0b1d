/**
 * The name of the IndexedDB database that keeps a room's document.
 *
 * A room with a password and the room of the same name without one are different documents. If the first were loaded into
 * the second, the relay would receive the text that the password hides.
 */
export async function storageNameOf(room: string, password: string | undefined): Promise<string> {
  if (password === undefined) return `yurt/open/${room}`;
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(`${room}\0${password}`));
  return `yurt/private/${Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}
