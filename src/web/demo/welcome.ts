/** The first text of a new room. */
export const welcomeText = "Welcome! Everyone who opens this link can edit this text.\n\n";
