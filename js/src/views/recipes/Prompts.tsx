import type { JSX } from 'preact';
import { visible } from '../../logs/text/visible';
import type { PlanRecord, PromptRecord, RecipeRunRecord, StepRecord } from '../../sync/messages';
import { get, type Rec } from '../../sync/read';
import { estimate } from '../shared/format';
import { AskButton } from './AskButton';
import type { RecipeFace } from './model/face';
import { timeoutWords } from './model/links';
import { countdown, SIGNS } from './model/words';

interface Props {
  face: RecipeFace;
  prompts: readonly PromptRecord[];
  runs: Rec<RecipeRunRecord> | undefined;
  now: number;
}

/** What waits for a person comes first: the words of the recipe, its answers, the time left and where it would go on. */
export function Prompts({ face, prompts, runs, now }: Props): JSX.Element | null {
  if (prompts.length === 0) return null;
  return (
    <div class="ab-rec-prompts">
      {prompts.map((prompt) => (
        <Question key={prompt.id} face={face} prompt={prompt} run={get(runs, prompt.runId ?? '')} now={now} />
      ))}
    </div>
  );
}

interface QuestionProps {
  face: RecipeFace;
  prompt: PromptRecord;
  run: RecipeRunRecord | undefined;
  now: number;
}

function Question({ face, prompt, run, now }: QuestionProps): JSX.Element {
  const stepId = prompt.stepId ?? '';
  const step = get(run?.steps as Rec<StepRecord> | undefined, stepId);
  const plan = get(run?.plan as Rec<PlanRecord> | undefined, step?.step ?? stepId);
  const name = visible(stepId);
  const [first, ...more] = visible(prompt.ask ?? '').split('\n');
  const fails = new Set(prompt.fails ?? []);
  return (
    <section class="ab-rec-prompt" aria-label={`${name} waits for you`} data-prompt={prompt.id} tabIndex={-1}>
      <span class="ab-rec-prompt-sign" aria-hidden="true">
        {SIGNS.asks}
      </span>
      <div class="ab-rec-prompt-words">
        <b>{first}</b>
        {more.length > 0 && <span class="ab-rec-prompt-more">{more.join('\n')}</span>}
        {plan?.description && <span class="ab-muted">{visible(plan.description)}</span>}
        <span class="ab-muted ab-rec-prompt-about">
          {name}
          {run !== undefined && ` of ${visible(run.recipe ?? run.id)}, ${visible(run.label ?? '')}`}
        </span>
      </div>
      <div class="ab-rec-answers" role="group" aria-label={`Answers to ${name}`}>
        {(prompt.answers ?? []).map((answer, i) => (
          <AskButton
            key={`${i} ${answer}`}
            face={face}
            id={`answer ${prompt.id}`}
            class={`ab-button${i === 0 && !fails.has(answer) ? ' ab-rec-go' : fails.has(answer) ? ' ab-rec-fails' : ''}`}
            label={`Answer ${visible(answer)}${fails.has(answer) ? ', which fails the step' : ''}`}
            onClick={() =>
              void face.ask(`answer ${prompt.id}`, `Answer ${visible(answer)} to ${name}`, 'operator.answer', {
                promptId: prompt.id,
                answer,
              })
            }
          >
            {visible(answer)}
          </AskButton>
        ))}
      </div>
      <TimeLeft prompt={prompt} plan={plan} now={now} />
    </section>
  );
}

function TimeLeft({ prompt, plan, now }: { prompt: PromptRecord; plan: PlanRecord | undefined; now: number }): JSX.Element {
  const { until, askedAt = now } = prompt;
  if (until == null) {
    return (
      <div class="ab-rec-prompt-time ab-num">
        <span class="ab-muted">asked {estimate(Math.max(0, now - askedAt) / 1_000)} ago, and waits as long as it takes</span>
      </div>
    );
  }
  const share = Math.max(0, Math.min(1, (until - now) / Math.max(1, until - askedAt)));
  const left = countdown(until, now);
  return (
    <div class="ab-rec-prompt-time ab-num">
      <span>
        <b>{until > now ? `times out in ${left}` : 'time is up'}</b>{' '}
        <span class="ab-muted">→ {visible(timeoutWords(plan))}</span>
      </span>
      <span
        class="ab-rec-time-bar"
        role="progressbar"
        aria-label="Time left to answer"
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.round(100 * share)}
        aria-valuetext={left}
      >
        <i style={{ width: `${100 * share}%` }} />
      </span>
    </div>
  );
}
