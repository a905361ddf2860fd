/** Calls that must be refused: with an error of ours, of the right class, that names what was asked and given; and nothing changes. */
import { cpu } from '@tenfold/backend-cpu';
import { nullBackend } from '@tenfold/backend-testkit/null';
import { beforeAll, describe, expect, it } from 'vitest';
import { isTensor, registerBackend, TenfoldError, type Tensor } from '../src/index.ts';
import { type BadCase, given } from './bad-input/case.ts';
import { create } from './bad-input/create.ts';
import { devices } from './bad-input/devices.ts';
import { ops } from './bad-input/ops.ts';

beforeAll(() => {
  registerBackend(cpu());
  registerBackend(nullBackend());
});

const state = (x: Tensor): string =>
  x.isDisposed ? 'disposed' : `${x.dtype} ${x.shape} ${x.strides} ${x.version} ${x.toTypedArraySync()}`;

const families: { readonly [name: string]: readonly BadCase[] } = { create, ops, devices };

describe.each(Object.entries(families))('%s', (_, cases) => {
  it.each(cases.map(([what, ...rest]) => ({ what, rest })))('$what', async ({ rest: [run, code, holds] }) => {
    const tensors = given();
    const before = Object.values(tensors).filter(isTensor).map(state);
    let error: unknown = null;
    let result: unknown = null;
    try {
      result = await run(tensors);
    } catch (thrown) {
      error = thrown;
    }
    expect(error, `gave ${isTensor(result) ? result : typeof result}`).toBeInstanceOf(TenfoldError);
    const { message, code: got } = error as TenfoldError;
    expect(got, message).toBe(code);
    for (const text of holds) expect(message).toMatch(text);
    expect(Object.values(tensors).filter(isTensor).map(state)).toEqual(before);
  });
});

it('are more than 300', () => {
  expect(Object.values(families).flat().length).toBeGreaterThan(300);
});
