/**
 * The live picture of one stream: asked for over the page's own link, one after the other, so that it is there on every link,
 * needs no token in an address, and a slow page or link skips pictures by itself.
 */

import { type ReadonlySignal, type Signal, signal } from '@preact/signals';
import type { Client } from '../../client';
import type { LinkKind } from '../../links/link';

/** How long from one question to the next, at least, in ms. Widget messages share a limit with all that cells print. */
export const PULL_MS: Readonly<Record<LinkKind, number>> = { direct: 100, proxy: 100, comm: 1_000 };
const AFTER_ERROR_MS = 2_000;

export interface Shot {
  readonly number: number;
  /** When it came, in ms since 1970. */
  readonly at: number;
  /** A `data:` address: a page's policy may let no other through. */
  readonly url: string;
}

/** Why no newer picture is asked for: the link is lost, or the kernel hears nothing before its cell ends. */
export type Held = 'lost' | 'busy';

export class PicturePull {
  private readonly shots: Signal<Shot | null> = signal(null);
  private readonly errors: Signal<string | null> = signal(null);
  private readonly helds: Signal<Held | null> = signal(null);
  private timer: ReturnType<typeof setTimeout> | undefined;
  private isOn = false;
  private isAsking = false;

  constructor(
    private readonly client: Client,
    private readonly id: string,
  ) {}

  /** The last picture that came. */
  get shot(): ReadonlySignal<Shot | null> {
    return this.shots;
  }

  /** Why none comes, in words. */
  get error(): ReadonlySignal<string | null> {
    return this.errors;
  }

  /** Why the picture stands still, whatever the stream does; null where it does not. */
  get held(): ReadonlySignal<Held | null> {
    return this.helds;
  }

  /** Ask for the newest picture, where none is known: that of a stream that is off is not to be waited for. */
  async once(): Promise<void> {
    if (this.isAsking || this.isOn || this.shots.peek() !== null || this.whyHeld() !== null) return;
    this.isAsking = true;
    try {
      await this.fetch();
    } catch {
      // Without it the card says that there is none.
    }
    this.isAsking = false;
    if (this.isOn) void this.ask();
  }

  /** Ask from now on, while somebody looks. */
  turn(on: boolean): void {
    if (on === this.isOn) return;
    this.isOn = on;
    clearTimeout(this.timer);
    if (on && !this.isAsking) void this.ask();
  }

  private async ask(): Promise<void> {
    const began = performance.now();
    let pause = PULL_MS[this.client.status.peek().link];
    this.helds.value = this.whyHeld();
    // What went wrong before the link was lost is no news any more: that it is lost says it all.
    if (this.helds.peek() !== null) this.errors.value = null;
    if (this.helds.peek() === null && document.visibilityState !== 'hidden') {
      this.isAsking = true;
      try {
        await this.fetch();
        this.errors.value = null;
      } catch (error) {
        this.helds.value = this.whyHeld();
        this.errors.value = this.helds.peek() === null ? (error as Error).message : null;
        pause = AFTER_ERROR_MS;
      }
      this.isAsking = false;
    }
    if (this.isOn) this.timer = setTimeout(() => void this.ask(), Math.max(0, began + pause - performance.now()));
  }

  /** A question that waits behind a cell would be shown as a command that waits. */
  private whyHeld(): Held | null {
    const busy = this.client.busy.peek();
    if (this.client.status.peek().phase !== 'live') return 'lost';
    return busy === null || busy.listens ? null : 'busy';
  }

  private async fetch(): Promise<void> {
    const after = this.shots.peek()?.number ?? 0;
    const { number, at, jpeg } = await this.client.command('stream.picture', { streamId: this.id, after });
    if (jpeg !== null) this.shots.value = { number, at: at ?? 0, url: `data:image/jpeg;base64,${jpeg}` };
    // A new life of the orchestrator counts anew.
    else if (number < after) this.shots.value = null;
  }
}
