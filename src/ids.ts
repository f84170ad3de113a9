let last = 0;

/** A name for a thing of this page, unique while it is open. (`crypto.randomUUID` is missing without TLS.) */
export function newId(): string {
  last += 1;
  return `id-${last}`;
}
