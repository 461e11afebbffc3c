/** A kernel at the other end of a widget's channel: what it hears, and what it says to the link that was opened last. */

import type { Client } from '../src/client';

const encoder = new TextEncoder();

export class FakeKernel {
  heard: Record<string, unknown>[] = [];
  isGone = false;
  private numbers = new Map<string, number>();

  constructor(private readonly client: Client) {}

  readonly carrier = {
    send: (content: object): boolean => {
      if (!this.isGone) this.heard.push(content as Record<string, unknown>);
      return !this.isGone;
    },
  };

  get opened(): Record<string, unknown>[] {
    return this.heard.filter((content) => content.type === 'hub.open');
  }

  get link(): string {
    return String(this.opened.at(-1)?.link ?? '');
  }

  /** What the page has said on that link, its hello first. */
  said(link = this.link): Record<string, unknown>[] {
    const own = this.heard.filter((content) => content.link === link && typeof content.text === 'string');
    return own.map((content) => JSON.parse(String(content.text)) as Record<string, unknown>);
  }

  says(messages: readonly object[], change: { link?: string; n?: number; more?: boolean } = {}): void {
    this.saysBytes(encoder.encode(messages.map((message) => JSON.stringify(message)).join('\n')), change);
  }

  /** Bytes of their own: a slice of a Buffer of node shares the memory of the whole. */
  saysBytes(bytes: Uint8Array, change: { link?: string; n?: number; more?: boolean; deflated?: boolean } = {}): void {
    const link = change.link ?? this.link;
    const n = change.n ?? this.numbers.get(link) ?? 0;
    this.numbers.set(link, n + 1);
    this.client.hears({ type: 'hub', ...change, link, n } as never, [new DataView(new Uint8Array(bytes).buffer)]);
  }

  ends(code: number, reason: string): void {
    this.client.hears({ type: 'hub.end', link: this.link, code, reason } as never, []);
  }
}
