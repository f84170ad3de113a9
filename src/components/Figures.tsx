import type { Timings } from '../../workers/protocol.ts';
import { liveSpeed, type RunState } from '../engine/state.ts';
import { text } from '../text.ts';
import styles from './Figures.module.css';

const { figures } = text;

/** Time to the first token, tokens a second, and what was read anew: live, then as the worker measured them. */
export function Figures({ run }: { run: RunState }) {
  const rows = rowsOf(run);
  if (rows.length === 0) return null;
  return (
    <dl className={styles.figures} aria-label={figures.label}>
      {rows.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function rowsOf(run: RunState): [string, string][] {
  switch (run.status) {
    case 'running': {
      if (run.kind === 'rank') return [];
      const speed = liveSpeed(run);
      const first =
        run.firstToken === null ? figures.none : figures.seconds(run.firstToken - run.started);
      return [
        [figures.firstToken, first],
        [figures.speed, speed === null ? figures.none : figures.perSecond(speed)],
        [figures.tokens, figures.count(run.tokens)],
      ];
    }
    case 'answered': {
      const { firstToken, newTokens } = run.timings;
      const speed = speedOf(run.timings);
      return [
        [figures.firstToken, newTokens > 0 ? figures.seconds(firstToken) : figures.none],
        [figures.speed, speed === null ? figures.none : figures.perSecond(speed)],
        [figures.tokens, figures.count(newTokens)],
        ...prompt(run.timings),
      ];
    }
    case 'ranked':
      return [[figures.total, figures.seconds(run.timings.total)], ...prompt(run.timings)];
    default:
      return [];
  }
}

/** What a prefix and pictures that are kept save. */
function prompt({ prefillTokens, promptTokens, media, mediaEncoded }: Timings): [string, string][] {
  return [
    [figures.prompt, figures.ofTokens(prefillTokens, promptTokens)],
    [figures.pictures, figures.ofPictures(mediaEncoded, media)],
  ];
}

/** The first token comes from the prompt's own run, so it is not decoded. */
function speedOf({ decode, newTokens }: Timings): number | null {
  return newTokens > 1 && decode > 0 ? ((newTokens - 1) * 1000) / decode : null;
}
