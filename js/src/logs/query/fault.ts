/** The log query cannot be read. `column` counts characters (code points) from 0; `expected` is in plain words. */
export class QueryFault extends Error {
  constructor(
    readonly fact: string,
    readonly column: number,
    readonly expected: string,
  ) {
    super(`${fact} at column ${column + 1}: expected ${expected}.`);
  }
}
