import { afterEach, expect, it, vi } from 'vitest';
import { mayFetch } from '../../workers/hosted.ts';
import { ROOT } from '../project.mjs';
import { hostedModels, originsOf, shippedModels } from './models.ts';

afterEach(() => vi.unstubAllEnvs());

it('lists the models beside the page', () => {
  expect(shippedModels(ROOT)).toContainEqual({
    name: 'tiny-random',
    title: 'Tiny random Flamingo (for tests; its answers mean nothing)',
  });
});

it('reads the folders on other sites, and their sites', () => {
  const hosted = hostedModels(
    ' https://a.example/x https://a.example/y/?v=1#z,http://localhost:8/m',
  );
  expect(hosted).toEqual(['https://a.example/x/', 'https://a.example/y/', 'http://localhost:8/m/']);
  expect(originsOf(hosted)).toEqual(['https://a.example', 'http://localhost:8']);
  expect(hostedModels(undefined)).toEqual([]);
});

it.each(['http://a.example/x/', 'my-model', 'file:///x/', "'self'"])('refuses %s', (entry) => {
  expect(() => hostedModels(entry)).toThrow(/not an https address/);
});

it('lets only those folders be fetched from another site', () => {
  const may = (address: string) =>
    mayFetch(new URL(address), 'https://page.example', ['https://a.example/x/']);
  expect(may('https://page.example/models/y/')).toBe(true);
  expect(may('https://a.example/x/')).toBe(true);
  expect(may('https://a.example/other/')).toBe(false);
  expect(may('https://b.example/x/')).toBe(false);
});

it('adds their sites to what the page may connect to, and to nothing else', async () => {
  const policy = async (variable: string) => {
    vi.stubEnv('FLAMINGO_MODELS', variable);
    vi.resetModules();
    return (await import('./policy.ts')).META_POLICY;
  };
  const plain = await policy('');
  expect(plain).toContain("connect-src 'self' blob:;");
  expect(await policy('https://a.example/x/')).toBe(
    plain.replace("connect-src 'self' blob:;", "connect-src 'self' blob: https://a.example;"),
  );
});
