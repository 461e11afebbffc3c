import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { count, plural } from '../../shared/format';
import type { PaneModel } from '../model/model';

/** How long the query rests before the number of its matches is said, in ms. */
const REST_MS = 800;

/** What is said aloud: counts of matches, pauses, errors; never single lines. */
export function Announcements({ model }: { model: PaneModel }): JSX.Element {
  const { asked, view, announcer } = model;
  const [counted, setCounted] = useState('');
  const error = asked.error.value;
  const { text } = asked.query.value;
  useEffect(() => {
    const timer = setTimeout(() => {
      const { matches, held, muted } = view.stats.peek();
      if (error) setCounted(`Query error: ${error.message}`);
      else setCounted(text.trim() ? `${count(matches)} of ${plural(Math.max(matches, held - muted), 'line')} match` : '');
    }, REST_MS);
    return () => clearTimeout(timer);
  }, [text, error]);
  return (
    <>
      <div class="ab-log-notice" aria-hidden="true" hidden={announcer.notice.value === ''}>
        {announcer.notice.value}
      </div>
      <div class="ab-log-said" role="status" aria-live="polite">
        {counted}
      </div>
      <div class="ab-log-said" role="status" aria-live="polite">
        {announcer.spoken.value}
      </div>
    </>
  );
}
