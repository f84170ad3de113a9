/** Moving the keyboard focus to a part of a card. Cards carry `data-card`, their parts `data-field`. */
import type { CardField } from './prompt/prompt.ts';

export type FocusField = 'picture' | CardField;

/** Focuses a part of a card after the next paint; a card that is gone is ignored. */
export function focusField(card: string, field: FocusField): void {
  focusSoon(`[data-card="${CSS.escape(card)}"] [data-field="${field}"]`);
}

/** Focuses the first element of a selector after the next paint, when it is there. */
export function focusSoon(selector: string): void {
  requestAnimationFrame(() => document.querySelector<HTMLElement>(selector)?.focus());
}
