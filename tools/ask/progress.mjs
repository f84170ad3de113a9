/** A line of progress on standard error: rewritten in place on a terminal, now and then in a log. */

const LOG_EVERY_MS = 10_000;

/**
 * @param {NodeJS.WriteStream} [stream]
 */
export function createProgress(stream = process.stderr) {
  let shown = false;
  let last = 0;

  /** Removes the line before anything else is printed. */
  function clear() {
    if (shown) stream.write('\r\x1b[2K');
    shown = false;
  }

  return {
    clear,
    /** @param {string} text */
    show(text) {
      if (stream.isTTY) {
        stream.write(`\r\x1b[2K${text.slice(0, stream.columns - 1)}`);
        shown = true;
      } else if (performance.now() - last > LOG_EVERY_MS) {
        stream.write(`${text}\n`);
        last = performance.now();
      }
    },
    /** A line that stays. @param {string} text */
    say(text) {
      clear();
      stream.write(`${text}\n`);
    },
  };
}

/**
 * @param {import('../../workers/protocol.ts').LoadProgress} progress
 * @returns {string}
 */
export function describeLoading(progress) {
  switch (progress.stage) {
    case 'download': {
      const { loaded, total, bytesPerSecond } = progress;
      return `Loading the model: ${megabytes(loaded)} of ${megabytes(total)} MB, ${megabytes(bytesPerSecond)} MB/s`;
    }
    case 'waiting':
      return `Waiting for ${progress.file}: ${progress.reason}`;
    case 'storage':
      return progress.message;
    case 'self-check':
      return 'Checking the GPU';
    case 'compile':
      return `Preparing the model: ${progress.graph} (${progress.done} of ${progress.total})`;
    case 'warm-up':
      return 'Preparing the model: first run';
    case 'ready':
      return 'The model is ready';
  }
}

/** @param {number} bytes */
const megabytes = (bytes) => (bytes / 1e6).toFixed(1);

/**
 * How long the rest will take when it goes as it went.
 *
 * @param {number} done
 * @param {number} total
 * @param {number} milliseconds spent on those done
 * @returns {string} as "about 3 min left"; empty while nothing is done
 */
export function timeLeft(done, total, milliseconds) {
  if (done === 0) return '';
  const seconds = ((total - done) * milliseconds) / done / 1000;
  if (seconds < 90) return `about ${Math.ceil(seconds)} s left`;
  if (seconds < 90 * 60) return `about ${Math.round(seconds / 60)} min left`;
  return `about ${(seconds / 3600).toFixed(1)} h left`;
}
