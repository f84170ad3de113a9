import { focusSoon } from '../focus.ts';
import { sortFiles } from '../prompt/files.ts';
import { isUntouched, type Picture } from '../prompt/prompt.ts';
import { useStore } from '../store.tsx';
import { text } from '../text.ts';
import { NEW_EXAMPLES, type Target } from '../useDropAndPaste.ts';
import { AskBar } from './AskBar.tsx';
import { Button } from './Button.tsx';
import { ExampleCard, QuestionCard } from './ChunkCard.tsx';
import { Options } from './Options.tsx';
import { PresetBar } from './PresetBar.tsx';
import styles from './PromptPanel.module.css';
import { Tray } from './Tray.tsx';

interface Props {
  /** Where a drag hangs over. */
  over: Target | null;
  /** Why some files were not taken. */
  rejection: string | null;
  onPictures: (pictures: Picture[], target: Target | null) => void;
  onRejected: (message: string) => void;
}

/** The prompt in the order in which the model reads it: examples, then the question. */
export function PromptPanel({ over, rejection, onPictures, onRejected }: Props) {
  const { prompt, edit, announce } = useStore();

  function addFiles(files: File[], target: Target): void {
    const { pictures, rejected } = sortFiles(files);
    if (rejected.length > 0) onRejected(text.picture.notPictures(rejected));
    if (pictures.length > 0) onPictures(pictures, target);
  }

  function clear(): void {
    edit({ type: 'clear' });
    announce(text.prompt.cleared);
    focusSoon('#prompt-heading');
  }

  return (
    <section className={styles.panel} aria-labelledby="prompt-heading">
      <div className={styles.top}>
        <h2 id="prompt-heading" className={styles.heading} tabIndex={-1}>
          {text.prompt.heading}
        </h2>
        {!isUntouched(prompt) && (
          <Button look="small" onClick={clear}>
            {text.prompt.clear}
          </Button>
        )}
      </div>
      <PresetBar />
      <ol className={styles.thread}>
        {prompt.examples.map((card, index) => (
          <ExampleCard
            key={card.id}
            card={card}
            place={index + 1}
            count={prompt.examples.length}
            over={over === card.id}
            onFiles={(files) => addFiles(files, card.id)}
          />
        ))}
        <li
          className={styles.add}
          data-new-examples=""
          data-over={over === NEW_EXAMPLES || undefined}
        >
          <Button data-focus="add" onClick={() => edit({ type: 'add-examples', pictures: [] })}>
            + {text.prompt.add}
          </Button>
          <small>
            {prompt.examples.length === 0 ? text.prompt.firstExample : text.prompt.addHint}
          </small>
        </li>
        <QuestionCard
          card={prompt.question}
          over={over === prompt.question.id}
          onFiles={(files) => addFiles(files, prompt.question.id)}
        >
          <Tray onPicture={(picture) => onPictures([picture], null)} onFailed={onRejected} />
        </QuestionCard>
      </ol>
      {rejection && (
        <p className={styles.rejection} role="alert">
          {rejection}
        </p>
      )}
      <AskBar />
      <Options />
    </section>
  );
}
