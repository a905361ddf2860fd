import { installAutograd, installedAutograd, registerBackend, tensor, version } from '@tenfold/tensor-core';
import { expect, it } from 'vitest';
import './index.ts';

const installed = installedAutograd();
if (!installed) throw new Error('importing autograd installs it');
const { origin } = installed;

it('an autograd of another release than core is one clear error that names both', () => {
  const old = { ...installed, origin: { version: '99.1.0', url: 'file:///there/autograd.js' } };
  const wanted = [
    /@tenfold\/autograd 99\.1\.0 \(file:\/\/\/there\/autograd\.js\)/,
    new RegExp(`tensor-core ${version} \\(`),
    /npm install/,
  ];
  for (const part of wanted) expect(() => installAutograd(old)).toThrow(part);
  expect(() => installAutograd(old)).toThrow(expect.objectContaining({ code: 'VERSION_MISMATCH' }));
  expect(installedAutograd()).toBe(installed);
});

it('so is a second copy of autograd; the same one again is not', () => {
  const second = { ...installed, origin: { ...origin, url: 'file:///there/autograd.js' } };
  expect(() => installAutograd(second)).toThrow(expect.objectContaining({ code: 'DUPLICATE_AUTOGRAD' }));
  expect(() => installAutograd(second)).toThrow(`${origin.url}) and ${version} (file:///there/autograd.js)`);
  installAutograd(installed);
});

it('a device that nobody registered names the package to install', () => {
  expect(() => tensor([1])).toThrow("import '@tenfold/backend-cpu/register'");
  expect(() => registerBackend({ deviceType: 'x', specVersion: 7 } as never)).toThrow(
    `@tenfold/tensor-core ${version} (`,
  );
});
