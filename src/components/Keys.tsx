import { text } from '../text.ts';
import styles from './Keys.module.css';

const modifier = /Mac|iPhone|iPad/.test(navigator.userAgent) ? '⌘' : 'Ctrl';

/** The keyboard's shortcuts. */
export function Keys() {
  return (
    <section className={styles.keys} aria-labelledby="keys-heading">
      <h3 id="keys-heading">{text.keys.heading}</h3>
      <dl>
        {text.keys.rows(modifier).map(([keys, what]) => (
          <div key={keys}>
            <dt>
              {keys.split(' ').map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
