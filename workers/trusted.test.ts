import { expect, test } from 'vitest';
import { ownScript } from './trusted.ts';

const here = 'https://here.example/flamingo/?model=x';

test.each(['assets/main.js', './sw.js', 'https://here.example/other.js'])('%s is ours', (url) => {
  expect(ownScript(url, here)).toBe(url);
});

test.each([
  'https://elsewhere.example/x.js',
  '//elsewhere.example/x.js',
  'http://here.example/x.js',
  'https://here.example:8443/x.js',
  'blob:https://here.example/1b',
  'data:text/javascript,0',
  'javascript:0',
])('%s is not', (url) => {
  expect(() => ownScript(url, here)).toThrow(/from this site only/);
});
