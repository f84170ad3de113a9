import type { ReactNode } from 'react';
import { focusField, focusSoon } from '../focus.ts';
import type { Card } from '../prompt/prompt.ts';
import { useStore } from '../store.tsx';
import { text } from '../text.ts';
import { Button } from './Button.tsx';
import { CardText } from './CardText.tsx';
import styles from './ChunkCard.module.css';
import { PictureWell } from './PictureWell.tsx';

interface CardProps {
  card: Card;
  /** A drag hangs over it. */
  over: boolean;
  onFiles: (files: File[]) => void;
}

/** A closed chunk: a picture and the words it should have had. `place` counts from 1 to `count`. */
export function ExampleCard({
  card,
  place,
  count,
  over,
  onFiles,
}: CardProps & { place: number; count: number }) {
  const { prompt, edit, announce } = useStore();
  const label = text.prompt.example(place);

  function move(by: -1 | 1): void {
    edit({ type: 'move-example', card: card.id, by });
    announce(text.prompt.moved(place, place + by));
  }

  function remove(): void {
    edit({ type: 'remove-example', card: card.id });
    announce(text.prompt.removed(place));
    const next = prompt.examples[place] ?? prompt.examples[place - 2];
    if (next) focusField(next.id, prompt.preset === 'free' ? 'free' : 'answer');
    else focusSoon('[data-focus="add"]');
  }

  return (
    <li
      className={`${styles.card} ${styles.example}`}
      data-card={card.id}
      data-over={over || undefined}
    >
      <fieldset className={styles.inside}>
        <legend className={styles.name}>{label}</legend>
        <PictureWell
          card={card}
          label={label}
          several={prompt.preset === 'free'}
          onFiles={onFiles}
        />
        <CardText card={card} label={label} open={false} />
        <div className={styles.tools}>
          <Tool
            name={text.prompt.moveUp(place)}
            path="m4 10 4-4 4 4"
            off={place === 1}
            onClick={() => move(-1)}
          />
          <Tool
            name={text.prompt.moveDown(place)}
            path="m4 6 4 4 4-4"
            off={place === count}
            onClick={() => move(1)}
          />
          <Tool name={text.prompt.remove(place)} path="m4 4 8 8m0-8-8 8" onClick={remove} />
        </div>
      </fieldset>
    </li>
  );
}

/** The open chunk: the model goes on where it ends. `children` stand below its fields. */
export function QuestionCard({
  card,
  over,
  onFiles,
  children,
}: CardProps & { children: ReactNode }) {
  const { preset } = useStore().prompt;
  const label = preset === 'free' ? text.prompt.questionFree : text.prompt.question;
  return (
    <li
      className={`${styles.card} ${styles.question}`}
      data-card={card.id}
      data-over={over || undefined}
    >
      <fieldset className={styles.inside}>
        <legend className={styles.name}>{label}</legend>
        <PictureWell card={card} label={label} several={preset === 'free'} onFiles={onFiles} />
        <div className={styles.words}>
          <CardText card={card} label={label} open />
          {children}
        </div>
      </fieldset>
    </li>
  );
}

interface ToolProps {
  name: string;
  /** Of a 16 px icon, stroked. */
  path: string;
  off?: boolean;
  onClick: () => void;
}

function Tool({ name, path, off = false, onClick }: ToolProps) {
  return (
    <Button look="small" aria-label={name} title={name} unavailable={off} onClick={onClick}>
      <svg viewBox="0 0 16 16" aria-hidden="true">
        <path d={path} />
      </svg>
    </Button>
  );
}
