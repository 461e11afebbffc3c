import type { JSX, RefObject } from 'preact';
import { useLayoutEffect, useMemo, useRef } from 'preact/hooks';
import type { Completion } from '../../../logs/query';
import { count } from '../../shared/format';
import type { Actions } from '../model/actions';
import type { PaneModel } from '../model/model';
import { ColouredQuery } from './ColouredQuery';
import { completionsOf, helpful, recentQueries } from './completions';
import { OfferList } from './OfferList';
import { Offers } from './offers';

interface Props {
  model: PaneModel;
  actions: Actions;
  id: string;
  input: RefObject<HTMLInputElement | null>;
}

/** The one line that says what is shown: coloured, completed, and corrected as one types. */
export function QueryLine({ model, actions, id, input }: Props): JSX.Element {
  const { asked } = model;
  const offers = useMemo(() => new Offers(), [model]);
  const text = asked.text.value;
  const error = asked.error.value;
  const ask = (value: string, caret = value.length) => {
    asked.ask(value);
    const element = input.current as HTMLInputElement;
    element.value = value;
    element.setSelectionRange(caret, caret);
  };
  const accept = (taken: Completion) => {
    const now = asked.text.peek();
    ask(now.slice(0, taken.from) + taken.insert + now.slice(taken.to), taken.from + taken.insert.length);
    offerCompletions(input.current as HTMLInputElement, offers, model);
    input.current?.focus();
  };
  return (
    <div class={`ab-log-search${error ? ' ab-wrong' : ''}`}>
      <span class="ab-log-lens" aria-hidden="true">
        ⌕
      </span>
      <QueryInput model={model} actions={actions} id={id} input={input} offers={offers} onAccept={accept} />
      <MatchCount model={model} />
      {text !== '' && (
        <button type="button" class="ab-log-clear" aria-label="Clear the query" title="Clear the query" onClick={() => ask('')}>
          ×
        </button>
      )}
      <span class="ab-log-hide" aria-hidden="true">
        <kbd>/</kbd>
      </span>
      {error && (
        <div class="ab-log-error" id={`${id}-error`}>
          {error.message}
        </div>
      )}
      <OfferList offers={offers} id={id} onAccept={accept} />
    </div>
  );
}

interface InputProps extends Props {
  offers: Offers;
  onAccept(taken: Completion): void;
}

/** The input, and below its transparent text the same text in colours. */
function QueryInput({ model, actions, id, input, offers, onAccept }: InputProps): JSX.Element {
  const { asked } = model;
  const coloured = useRef<HTMLDivElement>(null);
  const text = asked.text.value;
  const error = asked.error.value;
  const active = offers.active.value;
  const followScroll = () => {
    if (coloured.current && input.current) coloured.current.scrollLeft = input.current.scrollLeft;
  };
  // Only where the text is another: asking an element where it is scrolled to makes the browser lay out the page.
  useLayoutEffect(followScroll, [text]);
  return (
    <div class="ab-log-query">
      <ColouredQuery text={text} error={error} box={coloured} />
      <input
        ref={input}
        type="text"
        value={text}
        placeholder="Search, or level>=warn channel:psu -noise /re/"
        spellcheck={false}
        autocomplete="off"
        autocapitalize="off"
        role="combobox"
        aria-label="Query"
        aria-expanded={offers.list.value.length > 0}
        aria-controls={`${id}-offers`}
        aria-activedescendant={active >= 0 ? `${id}-offer-${active}` : undefined}
        aria-invalid={error !== null}
        aria-describedby={error ? `${id}-error` : undefined}
        aria-autocomplete="list"
        onInput={(event) => {
          asked.ask(event.currentTarget.value);
          offerCompletions(event.currentTarget, offers, model);
        }}
        onScroll={followScroll}
        onKeyUp={followScroll}
        onClick={followScroll}
        onKeyDown={(event) => onQueryKey(event, model, actions, offers, onAccept)}
        onBlur={() => {
          offers.close();
          if (error === null) asked.prefs.remember(text);
        }}
      />
    </div>
  );
}

function MatchCount({ model }: { model: PaneModel }): JSX.Element | null {
  const { match, matches, left } = model.view.stats.value;
  if (!model.asked.query.value.asked) return null;
  return (
    <span class="ab-log-count" title="match, of how many (n, N)">
      {match ? count(match) : '–'} / {count(matches)}
      {left > 0 && '…'}
    </span>
  );
}

/** Offer what could be typed at the caret. */
function offerCompletions(element: HTMLInputElement, offers: Offers, model: PaneModel): void {
  const { value } = element;
  // Who has emptied the line is done with it; the arrow keys bring suggestions.
  if (value.trim() === '') offers.close();
  else offers.open(helpful(completionsOf(value, element.selectionStart ?? value.length, model.store), value));
}

/** What a key does in the query line, beside typing. */
function onQueryKey(
  event: KeyboardEvent,
  model: PaneModel,
  actions: Actions,
  offers: Offers,
  accept: (taken: Completion) => void,
): void {
  if (event.isComposing) return;
  const { asked } = model;
  const text = asked.text.peek();
  const { key } = event;
  const taken = (key === 'Enter' || key === 'Tab') && !event.shiftKey ? offers.taken(key) : null;
  if (key === 'ArrowDown' || key === 'ArrowUp') {
    if (offers.isOpen) offers.step(key === 'ArrowDown' ? 1 : -1);
    else {
      const recent = text.trim() === '' ? recentQueries(asked.prefs.now.recent, text) : [];
      offers.open(recent.length ? recent : completionsOf(text, text.length, model.store), 0);
    }
  } else if (taken !== null) {
    accept(taken);
  } else if (key === 'Enter') {
    offers.close();
    asked.prefs.remember(text);
    if (asked.error.peek() === null) actions.match(event.shiftKey ? -1 : 1);
  } else if (key === 'Escape' && offers.isOpen) {
    event.stopPropagation();
    offers.close();
  } else return;
  event.preventDefault();
}
