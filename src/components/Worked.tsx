import { useState } from 'react';
import { exampleUrl } from '../examples.ts';
import { focusSoon } from '../focus.ts';
import { useStore } from '../store.tsx';
import { text } from '../text.ts';
import { asPrompt, useWorkedExample } from '../worked.ts';
import { Button } from './Button.tsx';
import styles from './Worked.module.css';

/** What a few-shot prompt is, before anything is downloaded: two pictures with made-up names, and the stored answer. */
export function Worked() {
  const { edit, announce } = useStore();
  const worked = useWorkedExample();
  const [failed, setFailed] = useState(false);
  if (!worked) return null;

  async function take(): Promise<void> {
    if (!worked) return;
    try {
      const prompt = await asPrompt(worked);
      edit({ type: 'restore', prompt });
      announce(text.worked.taken);
      focusSoon('#prompt-heading');
    } catch (cause) {
      console.warn('worked example', cause);
      setFailed(true);
    }
  }

  const shown = [...worked.examples, { picture: worked.question.picture, answer: null }];
  return (
    <figure className={styles.worked}>
      <figcaption className={styles.caption}>{text.worked.caption}</figcaption>
      <ol className={styles.cards}>
        {shown.map(({ picture, answer }, index) => (
          <li key={picture} className={styles.card}>
            <img src={exampleUrl(picture)} alt={text.worked.picture(index + 1)} />
            {answer === null ? (
              <strong className={styles.answer}>{worked.answer}</strong>
            ) : (
              <span>{answer}</span>
            )}
          </li>
        ))}
      </ol>
      <p className={styles.note}>{text.worked.note(worked.model)}</p>
      <Button onClick={() => void take()}>{text.worked.take}</Button>
      {failed && <p role="alert">{text.tray.failed}</p>}
    </figure>
  );
}
