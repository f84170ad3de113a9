import { useEffect, useRef, useState } from 'react';
import type { RunState } from '../engine/state.ts';
import { focusField } from '../focus.ts';
import { isUntouched } from '../prompt/prompt.ts';
import { useStore } from '../store.tsx';
import { text } from '../text.ts';
import styles from './AnswerPanel.module.css';
import { Button } from './Button.tsx';
import { ErrorNotice } from './ErrorNotice.tsx';
import { Figures } from './Figures.tsx';
import { Keys } from './Keys.tsx';
import { RankBars } from './RankBars.tsx';
import { Worked } from './Worked.tsx';

/** What the model writes, as it writes it, and what may be done with it. */
export function AnswerPanel() {
  const { engine, prompt, ask } = useStore();
  const { run } = engine;
  const panel = useRef<HTMLElement>(null);

  // On a phone the answer is written below the fold.
  const running = run.status === 'running';
  useEffect(() => {
    if (running) panel.current?.scrollIntoView({ block: 'nearest' });
  }, [running]);

  return (
    <section
      ref={panel}
      className={styles.panel}
      aria-labelledby="answer-heading"
      aria-busy={running}
    >
      <h2 id="answer-heading" className={styles.heading}>
        {text.answer.heading}
      </h2>
      <div className={styles.sheet}>
        {run.status === 'idle' ? (
          <>
            <p className={styles.empty}>{text.answer.empty}</p>
            {isUntouched(prompt) && <Worked />}
          </>
        ) : (
          <Outcome run={run} />
        )}
        {run.status === 'failed' && <ErrorNotice error={run.error} onRetry={() => ask(run.kind)} />}
        {run.status === 'answered' && <Actions answer={run.text.trim()} />}
        <Figures run={run} />
      </div>
      <Keys />
    </section>
  );
}

function Outcome({ run }: { run: Exclude<RunState, { status: 'idle' }> }) {
  if (run.status === 'ranked') return <RankBars ranking={run.ranking} />;
  const running = run.status === 'running';
  const words = run.text.trimStart();
  if (run.status === 'failed' && !words) return null;
  return (
    <>
      <p className={styles.answer} data-testid="answer" data-running={running || undefined}>
        {words ||
          (run.status === 'answered' && <i className={styles.empty}>{text.answer.nothing}</i>)}
      </p>
      <p className={styles.stage}>
        {running ? stageWords(run) : run.status === 'answered' && text.answer.ends[run.end]}
      </p>
    </>
  );
}

function stageWords({ stage }: Extract<RunState, { status: 'running' }>): string {
  if (!stage) return text.answer.waiting;
  return text.answer.stage(stage.stage, stage.done, stage.stage === 'decode' ? 0 : stage.total);
}

function Actions({ answer }: { answer: string }) {
  const { prompt, edit, ask, announce } = useStore();
  const [failed, setFailed] = useState(false);

  async function copy(): Promise<void> {
    try {
      await navigator.clipboard.writeText(answer);
      setFailed(false);
      announce(text.answer.copied);
    } catch (cause) {
      console.warn('clipboard', cause);
      setFailed(true);
    }
  }

  function keep(): void {
    edit({ type: 'keep', answer });
    announce(text.answer.kept(prompt.examples.length + 1));
    focusField(prompt.question.id, 'picture');
  }

  return (
    <div className={styles.actions}>
      <Button onClick={() => ask('answer')}>{text.answer.again}</Button>
      <Button onClick={() => void copy()}>{text.answer.copy}</Button>
      <Button onClick={keep}>{text.answer.keep}</Button>
      {failed && <p role="alert">{text.answer.copyFailed}</p>}
    </div>
  );
}
