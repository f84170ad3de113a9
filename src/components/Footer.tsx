import { useStore } from '../store.tsx';
import { text } from '../text.ts';
import styles from './Footer.module.css';
import { StoredModels } from './StoredModels.tsx';

/** Whose pictures and weights these are. */
export function Footer() {
  const { credits, engine } = useStore();
  const { preview } = engine;
  const parts = preview.status === 'known' ? preview.manifest.licences : [];
  return (
    <footer className={styles.footer}>
      <p>{text.footer.privacy}</p>
      <StoredModels />
      <details>
        <summary>{text.footer.credits}</summary>
        <h3>{text.footer.pictures}</h3>
        <ul>
          {credits.map(({ file, title, author, licence, licenceUrl, source, sourceUrl }) => (
            <li key={file}>
              {title}, {text.footer.by(author)}, <Link to={licenceUrl}>{licence}</Link>,{' '}
              <Link to={sourceUrl}>{source}</Link>
            </li>
          ))}
        </ul>
        {parts.length > 0 && <h3>{text.footer.parts}</h3>}
        <ul>
          {parts.map(({ part, source, licence }) => (
            <li key={part}>
              {part}: {source}, {licence}
            </li>
          ))}
        </ul>
      </details>
    </footer>
  );
}

function Link({ to, children }: { to: string | undefined; children: string }) {
  return to ? (
    <a href={to} rel="noreferrer">
      {children}
    </a>
  ) : (
    children
  );
}
