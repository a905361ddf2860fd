/** The parts of the app: text, counting, the model with and without memory, sampling. */
import '@tenfold/backend-cpu/register';
import { noGrad } from '@tenfold/autograd';
import { manualSeed, randint, tensor } from '@tenfold/tensor-core';
import { describe, expect, it } from 'vitest';
import { defaults } from '../src/cli.ts';
import { bitsByCounting } from '../src/counts.ts';
import { validationBits } from '../src/evaluate.ts';
import { CharGPT, type Past } from '../src/model.ts';
import { sample } from '../src/sample.ts';
import { corpusOf, mobyDick, Vocabulary } from '../src/text.ts';

const sizes = { vocabulary: 7, context: 8, layers: 2, heads: 2, width: 16 };
const model = (): CharGPT => {
  manualSeed(0);
  return new CharGPT(sizes);
};

describe('the text', () => {
  it('is the novel, without gaps', () => {
    const text = mobyDick();
    expect(text.length).toBe(defaults.limit);
    expect(text.startsWith('Loomings.\n\nCall me Ishmael. Some years ago')).toBe(true);
    expect(text.trimEnd().endsWith('only found another orphan.')).toBe(true);
    const { vocabulary, training, validation } = corpusOf(text);
    expect(vocabulary.decode([...training.subarray(0, 25), ...validation.subarray(-8)])).toBe(
      text.slice(0, 25) + text.slice(-8),
    );
    expect(training.length + validation.length).toBe(text.length);
  });

  it('names a character that it lacks', () => {
    expect(() => Vocabulary.of('abc').encode('abd')).toThrow("the text has no 'd'");
  });
});

it('counts as Witten and Bell say', () => {
  // behind no character: p(a) = (2 + 2 · ½) / 5, p(b) = (1 + 2 · ½) / 5; behind an a: p(b) = (1 + 2 · ⅖) / 4
  const bits = bitsByCounting(Uint8Array.of(0, 0, 1), Uint8Array.of(0, 1), 2, 1);
  expect(bits[0]).toBeCloseTo(-(Math.log2(0.6) + Math.log2(0.4)) / 2, 12);
  expect(bits[1]).toBeCloseTo(-(Math.log2(0.6) + Math.log2(0.45)) / 2, 12);
  expect(() => bitsByCounting(Uint8Array.of(0), Uint8Array.of(0), 200, 8)).toThrow(RangeError);
});

describe('the model', () => {
  it('sees nothing of what comes later', async () => {
    const gpt = model();
    const characters = randint(7, [1, 8]);
    const changed = characters.clone();
    changed.select(1, 5).fill_((Number(await characters.select(1, 5).item()) + 1) % 7);
    const [a, b] = noGrad(() => [gpt.forward(characters), gpt.forward(changed)]);
    expect(await a.narrow(1, 0, 5).equal(b.narrow(1, 0, 5))).toBe(true);
    expect(await a.select(1, 5).equal(b.select(1, 5))).toBe(false);
  });

  it('gives the same scores step by step', async () => {
    const gpt = model();
    const characters = randint(7, [2, 8]);
    const whole = noGrad(() => gpt.forward(characters));
    let past: Past[] | undefined;
    for (let at = 0; at < 8; at++) {
      const [scores, present] = noGrad(() => gpt.step(characters.narrow(1, at, 1), past));
      past = present;
      const difference = scores.select(1, 0).sub(whole.select(1, at)).abs().max();
      expect(await difference.item()).toBeLessThan(1e-6);
    }
  });

  it('has one matrix for reading and writing, and gradients for everything', () => {
    const gpt = model();
    expect(Object.keys(gpt.stateDict()).filter((name) => /embedding|head/.test(name))).toEqual(['embedding.weight']);
    gpt
      .forward(randint(7, [2, 8]))
      .square()
      .sum()
      .backward();
    expect(gpt.namedParameters().filter(([, { grad }]) => grad === null)).toEqual([]);
  });

  it('knows nothing before it learns', async () => {
    const text = Uint8Array.from({ length: 100 }, (_, i) => (i * i) % 7);
    const bits = await validationBits(model(), text, sizes.context);
    expect(Math.abs(bits - Math.log2(7))).toBeLessThan(0.2);
  });
});

describe('sampling', () => {
  it('with a memory takes the characters that the whole text gives', async () => {
    const gpt = model();
    const sampling = { length: 5, temperature: 0, context: 8 };
    const prompt = [1, 2, 3];
    const written = await sample(gpt, prompt, sampling);
    const tokens = [...prompt];
    for (let i = 0; i < 5; i++) {
      const scores = noGrad(() => gpt.forward(tensor([tokens], { dtype: 'int64' })));
      tokens.push(Number(await scores.select(1, -1).argmax().item()));
    }
    expect(written).toEqual(tokens.slice(3));
  });

  it('goes on behind the context, follows the seed, and tells each character', async () => {
    const gpt = model();
    const told: number[] = [];
    const sampling = { length: 30, temperature: 1, context: 8 };
    manualSeed(3);
    const written = await sample(gpt, [0], sampling, (token) => told.push(token));
    expect(written.length).toBe(30);
    expect(told).toEqual(written);
    manualSeed(3);
    expect(await sample(gpt, [0], sampling)).toEqual(written);
    expect(gpt.training).toBe(true);
  });
});
