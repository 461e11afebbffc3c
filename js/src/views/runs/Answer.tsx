import { useSignal } from '@preact/signals';
import type { JSX, TargetedInputEvent } from 'preact';
import { visible } from '../../logs/text/visible';
import { lastLine } from './cells';
import type { JobProps } from './JobRow';

const SECRET = /pass(?:word|wd|phrase|code)?|secret|token|\bpin\b|\bkey\b/i;

/** A prompt of a job, and a field to answer it. */
export function Answer({ table, job }: JobProps): JSX.Element {
  const prompt = visible(lastLine(job.current ?? '').trim());
  return (
    <span role="gridcell" class="ab-run-why ab-run-asked">
      <span class="ab-run-prompt" title={prompt}>
        waits at: <span class="ab-mono">{prompt}</span>
      </span>
      <AnswerField table={table} job={job} label={`Answer to ${prompt}`} isSecret={SECRET.test(prompt)} />
    </span>
  );
}

interface FieldProps extends Pick<JobProps, 'table' | 'job'> {
  label: string;
  isSecret?: boolean;
}

/** A field whose text goes to the standard input of a job, with a line's end. */
export function AnswerField({ table, job, label, isSecret = false }: FieldProps): JSX.Element {
  const text = useSignal(table.drafts.get(job.id) ?? '');
  const isBusy = table.busy.value.has(`send ${job.id}`) || table.client.readOnly.value;
  const set = (next: string) => {
    text.value = next;
    if (next) table.drafts.set(job.id, next);
    else table.drafts.delete(job.id);
  };
  const send = async () => {
    if (await table.send(job, text.peek())) set('');
  };
  const field = {
    class: 'ab-run-input',
    autocomplete: 'off',
    spellcheck: false,
    'aria-label': label,
    value: text.value,
    onInput: (event: TargetedInputEvent<HTMLInputElement>) => set(event.currentTarget.value),
  } as const;
  return (
    <form
      class="ab-run-answer"
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      {isSecret ? <input {...field} type="password" /> : <input {...field} type="text" />}
      <button type="submit" class="ab-button ab-small" disabled={isBusy}>
        Send <span aria-hidden="true">↵</span>
      </button>
    </form>
  );
}
