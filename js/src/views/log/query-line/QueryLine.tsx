import type { JSX, RefObject } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { count } from '../../shared/format';
import type { Actions } from '../model/actions';
import type { PaneModel } from '../model/model';
import { type Completion, completions, tokensOf } from '../model/querying';

interface Props {
  model: PaneModel;
  actions: Actions;
  id: string;
  input: RefObject<HTMLInputElement | null>;
}

const SHOWN_COMPLETIONS = 10;

/** The one line that says what is shown: coloured, completed, and corrected as one types. */
export function QueryLine({ model, actions, id, input }: Props): JSX.Element {
  const mirror = useRef<HTMLDivElement>(null);
  const [offers, setOffers] = useState<readonly Completion[]>([]);
  const [active, setActive] = useState(-1);
  const text = model.text.value;
  const { error, test } = model.compiled.value;
  const stats = model.stats.value;

  const follow = () => {
    if (mirror.current && input.current) mirror.current.scrollLeft = input.current.scrollLeft;
  };
  // Only where the text is another: asking an element where it is scrolled to makes the browser lay out the page.
  useLayoutEffect(follow, [text]);

  const offer = () => {
    const element = input.current as HTMLInputElement;
    // Who has emptied the line is done with it; the arrow keys bring suggestions.
    if (element.value.trim() === '') {
      close();
      return;
    }
    const caret = element.selectionStart ?? element.value.length;
    const found = completions(element.value, caret, model.store);
    // What is already there to the letter is no help.
    const helpful = found.filter(({ from, to, insert }) => element.value.slice(from, to).trim() !== insert.trim());
    setOffers(helpful.slice(0, SHOWN_COMPLETIONS));
    setActive(-1);
  };
  const close = () => {
    setOffers([]);
    setActive(-1);
  };
  const ask = (value: string, caret = value.length) => {
    model.ask(value);
    const element = input.current as HTMLInputElement;
    element.value = value;
    element.setSelectionRange(caret, caret);
  };
  const accept = (chosen: Completion) => {
    ask(text.slice(0, chosen.from) + chosen.insert + text.slice(chosen.to), chosen.from + chosen.insert.length);
    offer();
    input.current?.focus();
  };
  const recent = (): readonly Completion[] =>
    model.prefs.now.recent.map((query) => ({
      from: 0,
      to: text.length,
      insert: query,
      label: query,
      detail: 'recent',
      kind: 'value',
    }));

  const onKeyDown = (event: KeyboardEvent) => {
    const open = offers.length > 0;
    if (event.isComposing) return;
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      if (!open) {
        const used = text.trim() === '' ? recent() : [];
        setOffers(used.length ? used : completions(text, text.length, model.store).slice(0, SHOWN_COMPLETIONS));
        setActive(0);
        return;
      }
      const step = event.key === 'ArrowDown' ? 1 : -1;
      setActive((active + step + offers.length) % offers.length);
    } else if ((event.key === 'Tab' || event.key === 'Enter') && open && active >= 0 && !event.shiftKey) {
      event.preventDefault();
      accept(offers[active] as Completion);
    } else if (event.key === 'Tab' && open && !event.shiftKey && offers[0]) {
      event.preventDefault();
      accept(offers[0]);
    } else if (event.key === 'Enter') {
      event.preventDefault();
      close();
      model.prefs.remember(text);
      if (error === null) actions.match(event.shiftKey ? -1 : 1);
    } else if (event.key === 'Escape' && open) {
      event.stopPropagation();
      event.preventDefault();
      close();
    }
  };

  return (
    <div class={`ab-log-search${error ? ' ab-wrong' : ''}`}>
      <span class="ab-log-lens" aria-hidden="true">
        ⌕
      </span>
      <div class="ab-log-query">
        <div class="ab-log-mirror" ref={mirror} aria-hidden="true">
          {tokensOf(text).map(({ from, to, kind, negated }) => (
            <span
              key={from}
              class={`ab-tok-${kind}${negated ? ' ab-not' : ''}${error && error.column >= from && error.column < to ? ' ab-bad' : ''}`}
            >
              {text.slice(from, to)}
            </span>
          ))}
          {error && error.column >= text.length && <span class="ab-bad"> </span>}
        </div>
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
          aria-expanded={offers.length > 0}
          aria-controls={`${id}-offers`}
          aria-activedescendant={active >= 0 ? `${id}-offer-${active}` : undefined}
          aria-invalid={error !== null}
          aria-describedby={error ? `${id}-error` : undefined}
          aria-autocomplete="list"
          onInput={(event) => {
            model.ask(event.currentTarget.value);
            offer();
          }}
          onScroll={follow}
          onKeyUp={follow}
          onClick={follow}
          onKeyDown={onKeyDown}
          onBlur={() => {
            close();
            if (error === null) model.prefs.remember(text);
          }}
        />
      </div>
      {test !== null && (
        <span class="ab-log-count" title="match, of how many (n, N)">
          {stats.match ? count(stats.match) : '–'} / {count(stats.matches)}
          {stats.left > 0 && '…'}
        </span>
      )}
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
      <ul class="ab-log-offers" id={`${id}-offers`} role="listbox" aria-label="Completions" hidden={offers.length === 0}>
        {offers.map((offered, k) => (
          <li
            key={offered.label}
            id={`${id}-offer-${k}`}
            role="option"
            aria-selected={k === active}
            onPointerDown={(event) => {
              event.preventDefault();
              accept(offered);
            }}
          >
            <span>{offered.label}</span>
            {offered.detail && <span class="ab-log-faint">{offered.detail}</span>}
          </li>
        ))}
      </ul>
    </div>
  );
}
