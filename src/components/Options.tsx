import type { Options as Choice } from '../engine/options.ts';
import { defaultTokens } from '../prompt/templates.ts';
import { useStore } from '../store.tsx';
import { text } from '../text.ts';
import styles from './Options.module.css';

const METHODS: Choice['method'][] = ['greedy', 'sample', 'beam'];

/** How words are chosen, and how many at most. */
export function Options() {
  const { options, setOptions, prompt, templates } = useStore();
  const change = (part: Partial<Choice>) => setOptions({ ...options, ...part });
  return (
    <details className={styles.options}>
      <summary>{text.options.heading}</summary>
      <div className={styles.grid}>
        <fieldset className={styles.methods} aria-describedby="method-hint">
          <legend>{text.options.method}</legend>
          {METHODS.map((method) => (
            <label key={method}>
              <input
                type="radio"
                name="method"
                checked={options.method === method}
                onChange={() => change({ method })}
              />
              {text.options.methods[method]}
            </label>
          ))}
          <p id="method-hint">{text.options.methodHints[options.method]}</p>
        </fieldset>
        {options.method === 'sample' && (
          <>
            <Slider
              name={text.options.temperature}
              value={options.temperature}
              min={0.1}
              max={2}
              onChange={(temperature) => change({ temperature })}
            />
            <Slider
              name={text.options.topP}
              value={options.topP}
              min={0.05}
              max={1}
              onChange={(topP) => change({ topP })}
            />
          </>
        )}
        <label className={styles.number}>
          <span>{text.options.tokens}</span>
          <input
            type="number"
            min={1}
            max={512}
            value={options.maxNewTokens ?? ''}
            placeholder={String(defaultTokens(prompt.preset, templates))}
            onChange={({ target }) => change({ maxNewTokens: wholeTokens(target.valueAsNumber) })}
          />
        </label>
      </div>
    </details>
  );
}

/** Within 1 to 512; null, the preset's own number, where nothing is typed. */
function wholeTokens(typed: number): number | null {
  return Number.isFinite(typed) ? Math.min(512, Math.max(1, Math.round(typed))) : null;
}

interface SliderProps {
  name: string;
  value: number;
  min: number;
  max: number;
  onChange: (value: number) => void;
}

function Slider({ name, value, min, max, onChange }: SliderProps) {
  return (
    <label className={styles.slider}>
      <span>
        {name} <output>{value.toFixed(2)}</output>
      </span>
      <input
        type="range"
        min={min}
        max={max}
        step={0.05}
        value={value}
        aria-label={name}
        onChange={({ target }) => onChange(target.valueAsNumber)}
      />
    </label>
  );
}
