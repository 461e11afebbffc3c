import type { JSX } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { visible } from '../../logs/text/visible';

/** Characters of a value that are shown, and that a tooltip has. */
const MAX_SHOWN = 500;
const MAX_TITLE = 2_000;

/** A value that glows when it becomes another one. */
export function Leaf({ value }: { value: unknown }): JSX.Element {
  const el = useRef<HTMLSpanElement>(null);
  const before = useRef(value);
  useLayoutEffect(() => {
    if (before.current === value) return;
    before.current = value;
    if (matchMedia('(prefers-reduced-motion: reduce)').matches) return;
    el.current?.animate?.(
      [{ backgroundColor: 'color-mix(in srgb, var(--ab-mark) 45%, transparent)' }, { backgroundColor: 'transparent' }],
      { duration: 900 },
    );
  }, [value]);
  const kind = value === null ? 'null' : typeof value;
  return (
    <span
      ref={el}
      class={`ab-tree-value ab-is-${kind}`}
      title={typeof value === 'string' ? visible(value.slice(0, MAX_TITLE)) : undefined}
    >
      {shownValue(value)}
    </span>
  );
}

function shownValue(value: unknown): string {
  const json = JSON.stringify(value);
  return visible(json.length > MAX_SHOWN ? `${json.slice(0, MAX_SHOWN)}…` : json);
}
