/** Where lines of different heights stand: pure. */

/** The heights of some lines in px, and where each begins. Heights that were not measured are guessed. */
export class Heights {
  private readonly measured = new Map<string, number>();
  private keys: readonly string[] = [];
  /** Where each line begins; one more than there are lines. */
  private tops = new Float64Array(1);
  private isStale = true;

  constructor(private readonly guess: (key: string) => number) {}

  /** The lines from top to bottom, by keys that stay the same. */
  set(keys: readonly string[]): void {
    if (keys === this.keys) return;
    this.keys = keys;
    this.isStale = true;
  }

  /** Take in what was measured. Returns whether it was anything new. */
  measure(key: string, height: number): boolean {
    const known = this.measured.get(key);
    if (height <= 0 || known === height) return false;
    this.measured.set(key, height);
    // Most lines are as high as was thought, and then nothing moves.
    if (known === undefined && this.guess(key) === height) return false;
    this.isStale = true;
    return true;
  }

  /** Everything was measured at another width, and is not true any more; it stays the best guess. */
  forget(): void {
    this.measured.clear();
    this.isStale = true;
  }

  get total(): number {
    return this.fresh()[this.keys.length] as number;
  }

  top(i: number): number {
    return this.fresh()[Math.min(Math.max(0, i), this.keys.length)] as number;
  }

  /** The line at a distance from the top: the last that does not begin below it. */
  at(y: number): number {
    const tops = this.fresh();
    let low = 0;
    let high = this.keys.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((tops[middle] as number) <= y) low = middle;
      else high = middle - 1;
    }
    return Math.max(0, low);
  }

  private fresh(): Float64Array {
    if (!this.isStale) return this.tops;
    const { keys } = this;
    const tops = this.tops.length === keys.length + 1 ? this.tops : new Float64Array(keys.length + 1);
    let top = 0;
    for (let i = 0; i < keys.length; i++) {
      tops[i] = top;
      const key = keys[i] as string;
      top += this.measured.get(key) ?? this.guess(key);
    }
    tops[keys.length] = top;
    this.tops = tops;
    this.isStale = false;
    return tops;
  }
}
