import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { copyText } from './copy';

const SAID_MS = 1_500;

/** A button that copies, and says that it has, or that it could not. */
export function CopyButton({ text, what }: { text: string; what: string }): JSX.Element {
  const said = useSignal('');
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  const copy = async () => {
    said.value = (await copyText(text)) ? 'copied' : 'not copied: select it';
    clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      said.value = '';
    }, SAID_MS);
  };
  return (
    <button
      type="button"
      class="ab-link ab-copy"
      onClick={(event) => {
        event.stopPropagation();
        void copy();
      }}
    >
      <svg width="11" height="11" viewBox="0 0 11 11" aria-hidden="true">
        <rect x="3.5" y="3.5" width="7" height="7" rx="1.5" />
        <path d="M7.5 1.5a1 1 0 0 0-1-1h-5a1 1 0 0 0-1 1v5a1 1 0 0 0 1 1" />
      </svg>
      {said.value || 'copy'}
      <span class="ab-hidden"> {what}</span>
    </button>
  );
}
