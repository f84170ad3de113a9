import { useState } from 'react';
import type { Picture } from '../prompt/prompt.ts';
import { useStore } from '../store.tsx';
import { text } from '../text.ts';
import { NEW_EXAMPLES, type Target, useDropAndPaste } from '../useDropAndPaste.ts';
import { useShortcuts } from '../useShortcuts.ts';
import { AnswerPanel } from './AnswerPanel.tsx';
import styles from './App.module.css';
import { Button } from './Button.tsx';
import { Footer } from './Footer.tsx';
import { Header } from './Header.tsx';
import { LoadPanel } from './LoadPanel.tsx';
import { PromptPanel } from './PromptPanel.tsx';

/** The page: the model above, the prompt and its answer side by side. */
export function App() {
  const { params, prompt, edit, update, announcement, announce } = useStore();
  const [rejection, setRejection] = useState<string | null>(null);

  function addPictures(pictures: Picture[], target: Target | null): void {
    setRejection(null);
    if (target === NEW_EXAMPLES) edit({ type: 'add-examples', pictures });
    else edit({ type: 'pictures', card: target ?? prompt.question.id, pictures });
    announce(text.picture.added(pictures.length));
  }

  useShortcuts();
  const files = { onPictures: addPictures, onRejected: setRejection };
  const over = useDropAndPaste(files);

  return (
    <div className={styles.page}>
      <Header />
      <main className={styles.main}>
        {params.wrong.map((name) => (
          <p key={name} className={styles.notice}>
            {text.errors.wrongParameter[name]}
          </p>
        ))}
        {update && (
          <p className={styles.update} role="status">
            {text.update.ready} <Button onClick={update}>{text.update.take}</Button>
          </p>
        )}
        <LoadPanel />
        <PromptPanel over={over} rejection={rejection} {...files} />
        <AnswerPanel />
      </main>
      <Footer />
      <p key={announcement.serial} className="visually-hidden" role="status">
        {announcement.message}
      </p>
    </div>
  );
}
