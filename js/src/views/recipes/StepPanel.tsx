import type { JSX } from 'preact';
import type { Client } from '../../client';
import { visible } from '../../logs/text/visible';
import type { RecipeRunRecord, StepRecord } from '../../sync/messages';
import { CopyButton } from '../shared/CopyButton';
import { count, duration, estimate, plural, setTime } from '../shared/format';
import { MetricChart } from './MetricChart';
import type { RecipeFace } from './model/face';
import { isOverdue, ownPastS } from './model/forecast';
import { cellName } from './model/matrix';
import { cellsOf, isSettled, type StepNode } from './model/nodes';
import { nodeText, SIGNS, tookS, WORDS } from './model/words';

interface Props {
  face: RecipeFace;
  client: Client;
  run: RecipeRunRecord;
  node: StepNode;
  now: number;
  onLog(stepId: string): void;
}

/** What the chosen step is to do, how it went, and its metrics. */
export function StepPanel({ face, client, run, node, now, onLog }: Props): JSX.Element {
  if (node.plan.kind === 'fold') return <FoldPanel face={face} run={run} node={node} />;
  const cells = cellsOf(run, node.key);
  const step =
    cells.find((cell) => cell.id === face.cell.value) ?? cells.find((cell) => cell.done || cell.metrics) ?? cells[0] ?? null;
  const { plan } = node;
  const isChosen = node.tally.total > 1 && step !== null;
  const name = visible(isChosen ? step.id : node.name);
  return (
    <section class="ab-rec-step" aria-label={`Step ${name}`}>
      <h2 class="ab-rec-title">
        <span class="ab-rec-caps">{visible(node.name)}</span>
        {isChosen && <span class="ab-muted">{visible(cellName(step))}</span>}
        {step !== null && (
          <span class={`ab-rec-is-${isChosen ? step.status : node.standing}`}>
            <span class="ab-rec-sign" aria-hidden="true">
              {SIGNS[isChosen ? step.status : node.standing]}
            </span>{' '}
            {WORDS[isChosen ? step.status : node.standing]}
          </span>
        )}
        <span class="ab-space" />
        {step !== null && (
          <button type="button" class="ab-link" aria-label={`Show log of ${name}`} onClick={() => onLog(step.id)}>
            show log
          </button>
        )}
      </h2>
      <dl class="ab-run-facts">
        <Facts node={node} step={step} now={now} />
      </dl>
      {step?.jobId && <MetricChart face={face} client={client} plan={plan} step={step} />}
    </section>
  );
}

function Facts({ node, step, now }: { node: StepNode; step: StepRecord | null; now: number }): JSX.Element {
  const { plan } = node;
  const text = nodeText(node, now);
  const usual = (step === null ? null : ownPastS(step, node)) ?? plan.expectedS ?? null;
  const does = plan.does ?? '';
  const repeats = [
    (plan.warmup ?? 0) > 0 && plural(plan.warmup ?? 0, 'warm-up'),
    (plan.repeat ?? 1) > 1 && `at most ${count(plan.repeat ?? 1)} repetitions`,
    (plan.retries ?? 0) > 0 && `${plural(plan.retries ?? 0, 'retry', 'retries')}`,
    plan.timeoutS != null && `at most ${setTime(plan.timeoutS)} each`,
  ].filter(Boolean);
  const edges = Object.entries(plan.edges ?? {}).map(([outcome, to]) => `${outcome} → ${to}`);
  const took = step === null ? null : tookS(step);
  return (
    <>
      {plan.description && <Fact word="">{visible(plan.description)}</Fact>}
      <Fact word={plan.kind ?? 'does'}>
        <span class="ab-mono ab-run-command">{visible(does)}</span> {does && <CopyButton text={does} what="what it does" />}
      </Fact>
      {(plan.needs ?? []).length > 0 && <Fact word="needs">{visible((plan.needs ?? []).join(', '))}</Fact>}
      {edges.length > 0 && <Fact word="edges">{visible(edges.join(', '))}</Fact>}
      {repeats.length > 0 && <Fact word="how often">{repeats.join(', ')}</Fact>}
      {step?.reason ? (
        <Fact word="reason">
          <span class={step.status === 'failed' || step.status === 'timeout' ? 'ab-text-bad' : ''}>{visible(step.reason)}</span>
        </Fact>
      ) : (
        took === null && text && <Fact word="now">{visible(text)}</Fact>
      )}
      {took !== null && <Fact word="took">{duration(took)}</Fact>}
      {usual !== null && !isSettled(step?.status ?? 'waiting') && (
        <Fact word="usually">
          ~ {estimate(usual)}
          {step !== null && isOverdue(step, node, now) && <b class="ab-text-warn">, overdue</b>}
        </Fact>
      )}
      {(step?.earlier ?? []).map((one, i) => (
        <Fact key={one.startedAt} word={`try ${i + 1}`}>
          {WORDS[one.status ?? 'failed']} after {duration((one.finishedAt - one.startedAt) / 1_000)}
          {one.reason ? `: ${visible(one.reason)}` : ''}
        </Fact>
      ))}
      {(step?.artifacts ?? []).length > 0 && (
        <Fact word="artifacts">{visible((step?.artifacts ?? []).map((one) => one.path).join(', '))}</Fact>
      )}
    </>
  );
}

function Fact({
  word,
  children,
}: {
  word: string;
  children: JSX.Element | (JSX.Element | string | false)[] | string;
}): JSX.Element {
  return (
    <>
      <dt>{word}</dt>
      <dd class="ab-num">{children}</dd>
    </>
  );
}

/** What stands for many steps: the first of them, to be chosen. */
function FoldPanel({ face, run, node }: { face: RecipeFace; run: RecipeRunRecord; node: StepNode }): JSX.Element {
  void run;
  const shown = node.steps.slice(0, 60);
  return (
    <section class="ab-rec-step" aria-label={`${node.steps.length} folded steps`}>
      <h2 class="ab-rec-title">
        <span class="ab-rec-caps">{plural(node.steps.length, 'step')}, folded</span>
      </h2>
      <p class="ab-rec-folded">
        {shown.map((id) => (
          <button key={id} type="button" class="ab-link" onClick={() => face.chooseNode(id)}>
            {visible(id)}
          </button>
        ))}
        {node.steps.length > shown.length && <span class="ab-faint">and {count(node.steps.length - shown.length)} more</span>}
      </p>
    </section>
  );
}
