import { type ChangeEvent, useState } from 'react';
import { focusField } from '../focus.ts';
import type { Card, Picture } from '../prompt/prompt.ts';
import { useStore } from '../store.tsx';
import { text } from '../text.ts';
import { Button } from './Button.tsx';
import styles from './PictureWell.module.css';
import { useObjectUrl } from './useObjectUrl.ts';

interface Props {
  card: Card;
  /** The card's name, for labels. */
  label: string;
  /** A card without a template may hold several pictures. */
  several: boolean;
  onFiles: (files: File[]) => void;
}

/** The pictures of a card, whole, and the button that picks one. */
export function PictureWell({ card, label, several, onFiles }: Props) {
  const { edit } = useStore();
  const empty = card.pictures.length === 0;
  const action = empty ? text.picture.add : several ? text.picture.addMore : text.picture.replace;
  const name = empty || several ? text.picture.pickFor(label) : text.picture.replaceFor(label);

  function pick(event: ChangeEvent<HTMLInputElement>): void {
    onFiles([...(event.target.files ?? [])]);
    // The same file may be picked again after it was removed.
    event.target.value = '';
  }

  function remove(picture: Picture): void {
    edit({ type: 'remove-picture', card: card.id, picture: picture.id });
    focusField(card.id, 'picture');
  }

  return (
    <div className={styles.well} data-empty={empty || undefined}>
      {card.pictures.map((picture) => (
        <Thumbnail
          key={picture.id}
          picture={picture}
          alt={text.picture.alt(label, picture.name)}
          onRemove={() => remove(picture)}
        />
      ))}
      <label className={empty ? styles.emptyPick : styles.pick}>
        <input
          className="visually-hidden"
          type="file"
          accept="image/*"
          multiple
          aria-label={name}
          data-field="picture"
          onChange={pick}
        />
        <span>{action}</span>
        {empty && <small>{text.picture.hint}</small>}
      </label>
    </div>
  );
}

function Thumbnail({
  picture,
  alt,
  onRemove,
}: {
  picture: Picture;
  alt: string;
  onRemove: () => void;
}) {
  const url = useObjectUrl(picture.blob);
  const [broken, setBroken] = useState(false);
  return (
    <figure className={styles.picture}>
      {broken ? (
        <p className={styles.broken} role="alert">
          {text.picture.broken}
        </p>
      ) : (
        url && <img src={url} alt={alt} onError={() => setBroken(true)} />
      )}
      <span className={styles.remove}>
        <Button look="small" aria-label={text.picture.remove(picture.name)} onClick={onRemove}>
          <svg viewBox="0 0 16 16" aria-hidden="true">
            <path d="m4 4 8 8m0-8-8 8" />
          </svg>
        </Button>
      </span>
    </figure>
  );
}
