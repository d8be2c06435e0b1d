/**
 * Under which name the browser keeps a room's document.
 *
 * A room with a password is another document than the room of the same name without one, and must never be read into
 * it: the relay would get what the password hides.
 */
export async function storageNameOf(room: string, password: string | undefined): Promise<string> {
  if (password === undefined) return `yurt/open/${room}`;
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(`${room}\0${password}`));
  return `yurt/private/${Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}
