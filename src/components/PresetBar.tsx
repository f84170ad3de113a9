import { PRESETS } from '../prompt/prompt.ts';
import { useStore } from '../store.tsx';
import { text } from '../text.ts';
import styles from './PresetBar.module.css';

/** What the prompt is for. Each preset is another template around the same pictures. */
export function PresetBar() {
  const { prompt, edit } = useStore();
  return (
    <fieldset className={styles.bar} aria-describedby="preset-hint">
      <legend className="visually-hidden">{text.presets.legend}</legend>
      <div className={styles.choices}>
        {PRESETS.map((preset) => (
          <label key={preset} className={styles.choice}>
            <input
              className="visually-hidden"
              type="radio"
              name="preset"
              checked={prompt.preset === preset}
              onChange={() => edit({ type: 'preset', preset })}
            />
            {text.presets.names[preset]}
          </label>
        ))}
      </div>
      <p id="preset-hint" className={styles.hint}>
        {text.presets.hints[prompt.preset]}
      </p>
    </fieldset>
  );
}
