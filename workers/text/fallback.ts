/** SentencePiece's ways (LLaMA): spaces are written as ▁, and what has no token is spelled in tokens of bytes. */

const byteToken = (byte: number) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`;
const BYTE = /^<0x([0-9A-F]{2})>$/;

export interface FallbackModel {
  vocab: ReadonlyMap<string, number>;
  byte_fallback: boolean;
  unk_token: string | null;
}

/** Ids that stand for a character without a token: its bytes where all have one, else the unknown token, else nothing. */
export function fallback(model: FallbackModel): (character: string) => number[] {
  const unknown = model.unk_token === null ? undefined : model.vocab.get(model.unk_token);
  return (character) => {
    if (model.byte_fallback) {
      const bytes = Array.from(new TextEncoder().encode(character), (byte) =>
        model.vocab.get(byteToken(byte)),
      );
      const ids = bytes.flatMap((id) => id ?? []);
      if (ids.length === bytes.length) return ids;
    }
    return unknown === undefined ? [] : [unknown];
  };
}

/** The UTF-8 of a token. */
export function pieceBytes(token: string): Uint8Array {
  const [, hex] = BYTE.exec(token) ?? [];
  if (hex !== undefined) return Uint8Array.of(Number.parseInt(hex, 16));
  return new TextEncoder().encode(token.replaceAll('\u2581', ' '));
}
