/** Canonical JSON (RFC 8785) and its SHA-256: how a mirror proves that it equals the server. */

import { get, isRecord, keys } from './read';

/** The one form of a JSON value: keys sorted by UTF-16 code units, numbers as ECMAScript has them. */
export function canonicalJson(value: unknown): string {
  const out: string[] = [];
  write(value, out);
  return out.join('');
}

/** SHA-256 of the canonical JSON in UTF-8, in lower-case hexadecimal. */
export function stateHash(value: unknown): string {
  return sha256(new TextEncoder().encode(canonicalJson(value)));
}

function write(value: unknown, out: string[]): void {
  if (typeof value === 'string') {
    out.push(text(value));
  } else if (Array.isArray(value)) {
    let separator = '[';
    for (const item of value) {
      out.push(separator);
      write(item, out);
      separator = ',';
    }
    out.push(value.length ? ']' : '[]');
  } else if (isRecord(value)) {
    let separator = '{';
    // The default order of JavaScript is the one that RFC 8785 section 3.2.3 asks for.
    for (const key of keys(value).sort()) {
      out.push(separator, text(key), ':');
      write(get(value, key), out);
      separator = ',';
    }
    out.push(separator === '{' ? '{}' : '}');
  } else if (typeof value === 'number' && !Number.isFinite(value)) {
    throw new RangeError(`${value} is no JSON number`);
  } else {
    const json = JSON.stringify(value);
    if (json === undefined) throw new TypeError(`${typeof value} is no JSON value`);
    out.push(json);
  }
}

/** Lone surrogates are no text (RFC 8785 section 3.2.2.2), though JSON.stringify would escape them. */
function text(value: string): string {
  if (/\p{Surrogate}/u.test(value)) throw new RangeError('a lone surrogate is no JSON text');
  return JSON.stringify(value);
}

// ---- SHA-256 (FIPS 180-4): crypto.subtle is not there on a page that was loaded over plain http from another machine.

const K = new Uint32Array(64);
const START = new Uint32Array(8);
for (let n = 2, found = 0; found < 64; n++) {
  let prime = true;
  for (let d = 2; d * d <= n && prime; d++) prime = n % d !== 0;
  if (!prime) continue;
  if (found < 8) START[found] = fraction(Math.sqrt(n));
  K[found++] = fraction(Math.cbrt(n));
}

/** The first 32 bits after the point. */
function fraction(x: number): number {
  return ((x - Math.floor(x)) * 0x1_0000_0000) >>> 0;
}

function rotate(x: number, n: number): number {
  return (x >>> n) | (x << (32 - n));
}

/** SHA-256 of some bytes, in lower-case hexadecimal. */
export function sha256(bytes: Uint8Array): string {
  const padded = new Uint8Array(((bytes.length + 72) >>> 6) << 6);
  padded.set(bytes);
  padded[bytes.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setUint32(padded.length - 8, Math.floor(bytes.length / 0x2000_0000));
  view.setUint32(padded.length - 4, (bytes.length << 3) >>> 0);
  const h = START.slice();
  const w = new Uint32Array(64);
  for (let block = 0; block < padded.length; block += 64) {
    for (let i = 0; i < 16; i++) w[i] = view.getUint32(block + 4 * i);
    for (let i = 16; i < 64; i++) {
      const a = w[i - 15] as number;
      const b = w[i - 2] as number;
      const s0 = rotate(a, 7) ^ rotate(a, 18) ^ (a >>> 3);
      const s1 = rotate(b, 17) ^ rotate(b, 19) ^ (b >>> 10);
      w[i] = (w[i - 16] as number) + s0 + (w[i - 7] as number) + s1;
    }
    round(h, w);
  }
  return Array.from(h, (word) => word.toString(16).padStart(8, '0')).join('');
}

function round(state: Uint32Array, w: Uint32Array): void {
  let [a, b, c, d, e, f, g, h] = state as unknown as [number, number, number, number, number, number, number, number];
  for (let i = 0; i < 64; i++) {
    const s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + (K[i] as number) + (w[i] as number)) | 0;
    const s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + t1) | 0;
    d = c;
    c = b;
    b = a;
    a = (t1 + t2) | 0;
  }
  const next = [a, b, c, d, e, f, g, h];
  for (let i = 0; i < 8; i++) state[i] = ((state[i] as number) + (next[i] as number)) | 0;
}
