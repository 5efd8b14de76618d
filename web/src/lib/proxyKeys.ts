/** The keys of a text that holds some, as the server reads it: separated by commas, blanks around them ignored. */
export function splitKeys(text: string): string[] {
  return text.split(",").map((key) => key.trim()).filter((key) => key !== "");
}

/** A key that nobody guesses: 256 bits. */
export function generateKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  const text = btoa(String.fromCharCode(...bytes));
  return `sk-${text.replaceAll("+", "").replaceAll("/", "").replaceAll("=", "")}`;
}
