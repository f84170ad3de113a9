import { labelsOf } from '../prompt/chunks.ts';
import { useStore } from '../store.tsx';
import { text } from '../text.ts';
import type { AskProblem } from '../useAsk.ts';
import styles from './AskBar.module.css';
import { Button } from './Button.tsx';

/** Ask, which becomes Stop while an answer is written; ranking where the examples carry labels. */
export function AskBar() {
  const { prompt, engine, ask, stop, problem } = useStore();
  const { run } = engine;
  const running = run.status === 'running';
  const labels = labelsOf(prompt);
  const stopping = running && run.stopping;
  return (
    <div className={styles.bar}>
      <Button
        look="primary"
        aria-keyshortcuts={running ? 'Escape' : 'Control+Enter Meta+Enter'}
        unavailable={stopping}
        // The second click of a double click on Ask is not meant for Stop.
        onClick={(event) => {
          if (event.detail > 1) return;
          if (running) stop();
          else ask('answer');
        }}
      >
        {stopping ? text.ask.stopping : running ? text.ask.stop : text.ask.ask}
      </Button>
      {labels.length > 0 && (
        <Button unavailable={running} onClick={() => ask('rank')}>
          {text.ask.rank}
        </Button>
      )}
      <p className={styles.line} role="alert">
        {problem && problemSentence(problem)}
      </p>
    </div>
  );
}

function problemSentence(problem: AskProblem): string {
  return 'place' in problem
    ? text.problems[problem.problem](problem.place)
    : text.problems[problem.problem];
}
