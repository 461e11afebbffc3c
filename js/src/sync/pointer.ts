/** JSON Pointers (RFC 6901). */

/** Take a pointer apart; null where it is none. */
export function split(pointer: string): string[] | null {
  if (pointer === '') return [];
  if (pointer.charCodeAt(0) !== 47) return null;
  const parts = pointer.slice(1).split('/');
  if (!pointer.includes('~')) return parts;
  if (/~(?![01])/.test(pointer)) return null;
  return parts.map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

export function join(parts: readonly string[]): string {
  return parts.map((part) => `/${escapePart(part)}`).join('');
}

export function escapePart(part: string): string {
  return part.replaceAll('~', '~0').replaceAll('/', '~1');
}
