import { exampleUrl } from '../examples.ts';
import { fetchPicture } from '../prompt/files.ts';
import type { Picture } from '../prompt/prompt.ts';
import { useStore } from '../store.tsx';
import { text } from '../text.ts';
import styles from './Tray.module.css';

interface Props {
  onPicture: (picture: Picture) => void;
  onFailed: (message: string) => void;
}

/** The pictures that come with the page: a click takes one into the question, a drag to any card. */
export function Tray({ onPicture, onFailed }: Props) {
  const { credits } = useStore();

  async function take(url: string, title: string): Promise<void> {
    const picture = await fetchPicture(url, title).catch(() => null);
    if (picture) onPicture(picture);
    else onFailed(text.tray.failed);
  }

  if (credits.length === 0) return null;
  return (
    <div className={styles.tray}>
      <p id="tray-heading" className={styles.heading}>
        {text.tray.heading}
      </p>
      <ul className={styles.pictures} aria-labelledby="tray-heading">
        {credits.map((credit) => (
          <li key={credit.file}>
            <button
              type="button"
              className={styles.picture}
              title={credit.title}
              onClick={() => void take(exampleUrl(credit.file), credit.title)}
            >
              <img
                src={exampleUrl(credit.file)}
                alt={text.tray.use(credit.title)}
                width={credit.width}
                height={credit.height}
              />
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
