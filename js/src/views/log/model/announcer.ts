import { type ReadonlySignal, signal } from '@preact/signals';

/** How long a notice stands, in ms. */
const NOTICE_MS = 2_500;

/** What the pane tells its reader in words: aloud by a screen reader, and for a moment in writing ("Copied 3 lines"). */
export class Announcer {
  readonly #spoken = signal('');
  readonly #notice = signal('');
  private timer: ReturnType<typeof setTimeout> | undefined;

  /** What a screen reader says. */
  readonly spoken: ReadonlySignal<string> = this.#spoken;
  /** What is to be read for a moment; empty for most of the time. */
  readonly notice: ReadonlySignal<string> = this.#notice;

  /** Say something aloud only: who sees the pane sees it anyway. */
  speak(text: string): void {
    this.#spoken.value = text;
  }

  /** Say something aloud, and show it for a moment. */
  say(text: string): void {
    this.speak(text);
    this.#notice.value = text;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.#notice.value = '';
    }, NOTICE_MS);
  }

  close(): void {
    clearTimeout(this.timer);
  }
}
