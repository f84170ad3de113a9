import { type DragEvent, useEffect, useRef } from 'react';
import type { FlamingoError, LoadProgress } from '../../workers/protocol.ts';
import { droppedFolder } from '../engine/folder.ts';
import { downloadBytes } from '../engine/preview.ts';
import { useFit } from '../engine/useFit.ts';
import { focusSoon } from '../focus.ts';
import { useStore } from '../store.tsx';
import { text } from '../text.ts';
import { Button } from './Button.tsx';
import { ErrorNotice } from './ErrorNotice.tsx';
import styles from './LoadPanel.module.css';
import { ModelChoice } from './ModelChoice.tsx';

/** What this is, how large the download is, and how far it has come. Gone once the model is ready. */
export function LoadPanel() {
  const { engine, load, params, folder, openFolder, announce } = useStore();
  const { model, preview } = engine;
  const panel = useRef<HTMLElement>(null);
  const ready = model.status === 'ready';
  const known = preview.status === 'known' ? preview.manifest : null;
  const fit = useFit(known, params.backend);

  // The button goes with the panel; whoever stands on it goes on at the prompt.
  const hadFocus = useRef(false);
  useEffect(() => {
    if (ready && hadFocus.current) focusSoon('#prompt-heading');
  }, [ready]);

  if (ready) return null;
  const bytes = known && downloadBytes(known, params.backend);
  const loading = model.status === 'loading';
  const error =
    model.status === 'failed' ? model.error : preview.status === 'failed' ? preview.error : null;
  function drop(event: DragEvent): void {
    const dropped = loading ? null : droppedFolder(event.dataTransfer);
    // What is no folder is a picture, which the page takes.
    if (!dropped) return;
    event.preventDefault();
    event.stopPropagation();
    dropped.then(openFolder, (cause: unknown) => {
      console.warn('folder', cause);
      announce(text.choice.unreadable);
    });
  }

  return (
    <section
      className={styles.panel}
      aria-labelledby="intro-heading"
      ref={panel}
      onDrop={drop}
      onFocus={() => {
        hadFocus.current = true;
      }}
      onBlur={(event) => {
        if (event.relatedTarget !== null) hadFocus.current = false;
      }}
    >
      <div>
        <h2 id="intro-heading" className={styles.heading}>
          {text.intro.heading}
        </h2>
        <p className={styles.body}>{text.intro.body}</p>
      </div>
      <div className={styles.action}>
        <Button look="primary" data-focus="load" unavailable={loading} onClick={() => void load()}>
          {loading ? text.intro.loading : text.intro.load(bytes)}
        </Button>
        {loading ? (
          <>
            {model.after && <p role="status">{text.model.again}</p>}
            <Progress progress={model.progress} />
            {model.storage && <p className={styles.small}>{model.storage}</p>}
          </>
        ) : (
          !error && (
            <p className={styles.small}>
              {!known || bytes === null
                ? text.intro.sizeUnknown
                : folder
                  ? text.choice.folder(known.title, bytes, folder.name)
                  : text.intro.size(known.title, bytes)}
            </p>
          )
        )}
        {!loading && fit && (
          <p
            className={fit.fits ? styles.small : styles.unfit}
            role={fit.fits ? undefined : 'alert'}
          >
            {text.choice.fit(fit)}
          </p>
        )}
        {!loading && <ModelChoice />}
      </div>
      {error && !loading && (
        <ErrorNotice error={error} onRetry={() => void load()}>
          {onGpu(error) && <Button onClick={() => void load('wasm')}>{text.model.useWasm}</Button>}
        </ErrorNotice>
      )}
    </section>
  );
}

function Progress({ progress }: { progress: LoadProgress | null }) {
  const share = shareOf(progress);
  return (
    <div className={styles.progress}>
      <progress
        max={1}
        aria-label={text.progress.label}
        {...(share === null ? {} : { value: share })}
      />
      <p className={styles.small}>{text.progress.line(progress)}</p>
    </div>
  );
}

/** True for faults of a GPU, which a processor does not have. */
function onGpu({ code }: FlamingoError): boolean {
  return ['self-check', 'device-lost', 'no-webgpu', 'no-adapter'].includes(code);
}

/** Of the stage shown, 0 to 1; null where nobody knows. */
function shareOf(progress: LoadProgress | null): number | null {
  switch (progress?.stage) {
    case 'download':
      return progress.total > 0 ? progress.loaded / progress.total : null;
    case 'compile':
      return progress.total > 0 ? progress.done / progress.total : null;
    default:
      return null;
  }
}
