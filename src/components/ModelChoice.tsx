import { type ChangeEvent, useEffect, useRef } from 'react';
import { pickedFolder } from '../engine/folder.ts';
import { CHOICES, queryFor } from '../engine/params.ts';
import { useStore } from '../store.tsx';
import { text } from '../text.ts';
import styles from './ModelChoice.module.css';

/** Another model: one beside the page, one of a site that the build named, or a folder of the disk. */
export function ModelChoice() {
  const { params, folder, openFolder } = useStore();
  const input = useRef<HTMLInputElement>(null);
  const others = CHOICES.filter(({ id }) => folder !== null || id !== params.model);

  useEffect(() => {
    // React knows no attribute of this name.
    if (input.current) input.current.webkitdirectory = true;
  }, []);

  function pick(event: ChangeEvent<HTMLInputElement>): void {
    const picked = pickedFolder(event.target.files ?? []);
    if (picked) openFolder(picked);
    // The same folder may be picked again after it was changed.
    event.target.value = '';
  }

  return (
    <nav className={styles.choice} aria-label={text.choice.label}>
      {others.length > 0 && (
        <p>
          {text.choice.others}{' '}
          {others.map(({ id, title }) => (
            <a key={id} href={queryFor(id, params)}>
              {title}
            </a>
          ))}
        </p>
      )}
      <label className={styles.open}>
        <input
          className="visually-hidden"
          type="file"
          multiple
          ref={input}
          aria-label={text.choice.openLabel}
          onChange={pick}
        />
        <span>{text.choice.open}</span>
      </label>
      <p>{text.choice.hint}</p>
    </nav>
  );
}
