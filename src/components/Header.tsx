import type { BackendInfo } from '../../workers/protocol.ts';
import { useStore } from '../store.tsx';
import { text } from '../text.ts';
import styles from './Header.module.css';

/** The name, and where the model runs. */
export function Header() {
  const { model } = useStore().engine;
  const words =
    model.status === 'ready' ? backendWords(model.model.backend) : statusWords(model.status);
  const notices = model.status === 'ready' ? [model.model.backend.notice, model.model.storage] : [];
  return (
    <header className={styles.header}>
      <h1 className={styles.title}>
        <img src={`${import.meta.env.BASE_URL}mark.svg`} alt="" width="34" height="34" />
        {text.title}
      </h1>
      <p className={styles.status} data-status={model.status}>
        {model.status === 'ready' && <strong>{model.model.manifest.title} · </strong>}
        {words}
      </p>
      {notices.map(
        (notice) =>
          notice && (
            <p key={notice} className={styles.notice}>
              {notice}
            </p>
          ),
      )}
    </header>
  );
}

function backendWords({ backend, adapter, software }: BackendInfo): string {
  if (backend === 'wasm') return text.model.wasm(adapter);
  return software ? text.model.software(adapter) : text.model.webgpu(adapter);
}

function statusWords(status: 'idle' | 'loading' | 'failed'): string {
  return { idle: text.model.none, loading: text.model.loading, failed: text.model.failed }[status];
}
