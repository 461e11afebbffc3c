/** Words by code and codes by word; code 0 is the empty word and stands for none. */
export class Dictionary {
  readonly names: string[] = [''];
  private readonly codes = new Map<string, number>([['', 0]]);
  /** Most lines have what the one before had. */
  private last = '';
  private lastCode = 0;

  /** The code of a word, given one if it is new. */
  code(word: string | undefined): number {
    if (word === undefined) return 0;
    if (word === this.last) return this.lastCode;
    let code = this.codes.get(word);
    if (code === undefined) {
      code = this.names.length;
      this.names.push(word);
      this.codes.set(word, code);
    }
    this.last = word;
    this.lastCode = code;
    return code;
  }

  /** The code of a word that is known, else 0. */
  find(word: string): number {
    return this.codes.get(word) ?? 0;
  }
}
