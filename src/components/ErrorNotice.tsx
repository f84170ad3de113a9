import type { ReactNode } from 'react';
import type { FlamingoError } from '../../workers/protocol.ts';
import { text } from '../text.ts';
import { Button } from './Button.tsx';
import styles from './ErrorNotice.module.css';

interface Props {
  error: FlamingoError;
  onRetry?: () => void;
  /** Other ways out. */
  children?: ReactNode;
}

/** An error's sentence, announced at once; a button where trying again may help. */
export function ErrorNotice({ error, onRetry, children }: Props) {
  return (
    <div className={styles.notice}>
      <p role="alert">{error.message}</p>
      {error.retryable && onRetry && <Button onClick={onRetry}>{text.errors.retry}</Button>}
      {children}
      <details>
        <summary>{text.errors.detail}</summary>
        <code>{[error.code, error.detail].filter(Boolean).join(': ')}</code>
      </details>
    </div>
  );
}
