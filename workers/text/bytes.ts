/** GPT-2's alphabet: each byte written as one printable character, so that vocabularies are plain strings. */

function isPrintable(byte: number): boolean {
  return (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte !== 0xad);
}

/** The character of each byte: printable ones of Latin-1 stand for themselves, the rest lie from U+0100 on. */
export const CHARACTERS: readonly string[] = (() => {
  let next = 0x100;
  return Array.from({ length: 256 }, (_, byte) =>
    String.fromCharCode(isPrintable(byte) ? byte : next++),
  );
})();

const BYTES = new Map(CHARACTERS.map((character, byte) => [character, byte]));

/** The bytes of a token that is written in the alphabet; a character outside it (in a special token) is its UTF-8. */
export function bytesOf(token: string): Uint8Array {
  const bytes: number[] = [];
  for (const character of token) {
    const byte = BYTES.get(character);
    if (byte === undefined) return new TextEncoder().encode(token);
    bytes.push(byte);
  }
  return Uint8Array.from(bytes);
}
