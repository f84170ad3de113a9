import type { Ranking } from '../../workers/protocol.ts';
import { text } from '../text.ts';
import styles from './RankBars.module.css';

/** Labels with their shares, likeliest first. */
export function RankBars({ ranking }: { ranking: Ranking['ranking'] }) {
  const weights = ranking.map(({ meanLogprob }) => Math.exp(meanLogprob));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return (
    <div className={styles.rank}>
      <ol className={styles.bars} aria-label={text.answer.ranking}>
        {ranking.map(({ text: label, meanLogprob }, index) => {
          const share = total > 0 ? (weights[index] ?? 0) / total : 0;
          return (
            <li key={label}>
              <span className={styles.label}>{label}</span>
              <span className={styles.share}>{text.answer.percent(share)}</span>
              <span className={styles.bar} style={{ inlineSize: `${share * 100}%` }} />
              <small>{text.answer.logprob(meanLogprob)}</small>
            </li>
          );
        })}
      </ol>
      <p className={styles.note}>{text.answer.rankNote}</p>
    </div>
  );
}
