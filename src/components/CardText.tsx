import type { Card, CardField } from '../prompt/prompt.ts';
import { printedWords } from '../prompt/templates.ts';
import { useStore } from '../store.tsx';
import { text } from '../text.ts';
import styles from './CardText.module.css';

interface Props {
  card: Card;
  label: string;
  /** The question's answer is left to the model. */
  open: boolean;
}

/** A card's text: the template's printed words, and fields where a person writes. */
export function CardText({ card, label, open }: Props) {
  const { prompt, templates } = useStore();
  const { placeholders } = text.prompt;
  const { preset } = prompt;
  if (preset === 'free') {
    const placeholder = open ? placeholders.free : placeholders.freeExample;
    return (
      <Field
        card={card}
        field="free"
        label={label}
        name={text.prompt.freeField}
        placeholder={placeholder}
      />
    );
  }
  const { before, after } = printedWords(templates[preset].template);
  const name = text.prompt.answerFields[preset];
  return (
    <div className={styles.fields}>
      {preset === 'question' && (
        <Field
          card={card}
          field="question"
          label={label}
          name={text.prompt.questionField}
          printed={before}
          placeholder={placeholders.question}
        />
      )}
      {open ? (
        <p className={styles.field}>
          <span className={styles.printed}>{after}</span>
          <span className={styles.open}>{text.prompt.openEnd}</span>
        </p>
      ) : (
        <Field
          card={card}
          field="answer"
          label={label}
          name={name}
          printed={after}
          placeholder={placeholders[preset === 'question' ? 'answer' : preset]}
        />
      )}
    </div>
  );
}

interface FieldProps {
  card: Card;
  field: CardField;
  label: string;
  name: string;
  printed?: string;
  placeholder: string;
}

function Field({ card, field, label, name, printed, placeholder }: FieldProps) {
  const { edit } = useStore();
  return (
    <label className={styles.field}>
      {printed && <span className={styles.printed}>{printed}</span>}
      <textarea
        rows={field === 'free' ? 3 : 1}
        value={card[field]}
        placeholder={placeholder}
        aria-label={text.prompt.fieldLabel(label, name)}
        data-field={field}
        onChange={(event) => edit({ type: 'text', card: card.id, field, text: event.target.value })}
      />
    </label>
  );
}
