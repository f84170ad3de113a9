import type { ComponentProps } from 'react';
import styles from './Button.module.css';

interface Props extends Omit<ComponentProps<'button'>, 'disabled' | 'className'> {
  look?: 'plain' | 'primary' | 'small';
  /** Stays focusable, so that a keyboard user does not lose the place, and does nothing. */
  unavailable?: boolean;
}

/** A button of the page. One that is `unavailable` keeps the focus and ignores clicks. */
export function Button({ look = 'plain', unavailable = false, onClick, ...rest }: Props) {
  const className = look === 'plain' ? styles.button : `${styles.button} ${styles[look]}`;
  return (
    <button
      type="button"
      {...rest}
      className={className}
      aria-disabled={unavailable || undefined}
      onClick={unavailable ? undefined : onClick}
    />
  );
}
