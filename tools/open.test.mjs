import { expect, test } from 'vitest';
import { opener } from './open.mjs';

test('each system has its own opener', () => {
  expect(opener('darwin', {})?.command).toBe('open');
  expect(opener('win32', {})?.command).toBe('rundll32.exe');
  expect(opener('linux', { DISPLAY: ':0' })?.command).toBe('xdg-open');
  expect(opener('linux', { WAYLAND_DISPLAY: 'wayland-0' })?.command).toBe('xdg-open');
});

test('nothing is opened in CI or where there is no screen', () => {
  expect(opener('linux', {})).toBeNull();
  expect(opener('darwin', { CI: 'true' })).toBeNull();
});
