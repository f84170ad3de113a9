import { useRef, useState } from 'react';
import type { Result, StorageReport } from '../../workers/protocol.ts';
import { useStore } from '../store.tsx';
import { text } from '../text.ts';
import { Button } from './Button.tsx';
import { ErrorNotice } from './ErrorNotice.tsx';
import styles from './StoredModels.module.css';

/** What is known of the storage when the dialog is open. */
interface Seen {
  report: Result<StorageReport>;
  persisted: boolean;
}

/** A button, and behind it the models in this browser's storage: their size, whether they are whole, and their end. */
export function StoredModels() {
  const { storage } = useStore();
  const dialog = useRef<HTMLDialogElement>(null);
  const [seen, setSeen] = useState<Seen | null>(null);
  const [news, setNews] = useState('');

  async function look(): Promise<void> {
    const persisted = (await navigator.storage?.persisted?.()) ?? false;
    setSeen({ report: await storage.stored(), persisted });
  }

  async function open(): Promise<void> {
    setNews('');
    dialog.current?.showModal();
    await look();
  }

  async function verify(url: string): Promise<void> {
    setNews(text.stored.verifying);
    const result = await storage.verifyStored(url);
    if (!result.ok) setNews(result.error.message);
    else setNews(result.value.length > 0 ? text.stored.bad(result.value) : text.stored.good);
    await look();
  }

  async function remove(url: string | null): Promise<void> {
    const result = await storage.deleteStored(url);
    setNews(result.ok ? text.stored.deleted : result.error.message);
    await look();
  }

  return (
    <>
      <Button look="small" onClick={() => void open()}>
        {text.stored.open}
      </Button>
      <dialog ref={dialog} className={styles.dialog} aria-labelledby="stored-heading">
        <h2 id="stored-heading" className={styles.heading}>
          {text.stored.heading}
        </h2>
        {seen?.report.ok && (
          <Report
            report={seen.report.value}
            persisted={seen.persisted}
            onVerify={(url) => void verify(url)}
            onDelete={(url) => void remove(url)}
          />
        )}
        {seen?.report.ok === false && <ErrorNotice error={seen.report.error} />}
        <p role="status">{news}</p>
        <Button onClick={() => dialog.current?.close()}>{text.stored.close}</Button>
      </dialog>
    </>
  );
}

interface ReportProps {
  report: StorageReport;
  persisted: boolean;
  onVerify: (url: string) => void;
  onDelete: (url: string | null) => void;
}

function Report({ report, persisted, onVerify, onDelete }: ReportProps) {
  const { models, unused, usage, quota, trouble } = report;
  return (
    <>
      {trouble && <p>{trouble}</p>}
      {models.length === 0 && <p>{text.stored.none}</p>}
      <ul className={styles.list}>
        {models.map(({ url, title, bytes, complete }) => (
          <li key={url}>
            <span>{text.stored.model(title, bytes, complete)}</span>
            <Button aria-label={text.stored.verifyLabel(title)} onClick={() => onVerify(url)}>
              {text.stored.verify}
            </Button>
            <Button aria-label={text.stored.deleteLabel(title)} onClick={() => onDelete(url)}>
              {text.stored.delete}
            </Button>
          </li>
        ))}
        {unused > 0 && (
          <li>
            <span>{text.stored.unused(unused)}</span>
            <Button onClick={() => onDelete(null)}>{text.stored.deleteUnused}</Button>
          </li>
        )}
      </ul>
      {usage !== null && quota !== null && <p>{text.stored.usage(usage, quota)}</p>}
      <p>{persisted ? text.stored.persisted : text.stored.notPersisted}</p>
    </>
  );
}
