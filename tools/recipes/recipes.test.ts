/** The recipes of docs/contributing, followed literally; and how pages are read. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { blockOf, difference, edited, withBlock } from './edit.mjs';
import { stepsOf } from './page.mjs';

test('every recipe works, and is needed', { timeout: 400_000 }, async () => {
  const script = fileURLToPath(new URL('follow.mjs', import.meta.url));
  const child = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => void (output += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => void (output += text));
  const code = await new Promise((done) => child.once('close', done));
  if (code !== 0) expect.fail(output);
  expect(output).toMatch(/followed 5 recipes: \d+ files changed, (\d+) of \1 checks pass/);
});

const page = (text: string) => stepsOf('page', text);
const edit = (text: string) => {
  const [step] = page(text);
  if (step.kind !== 'edit') throw new Error(step.kind);
  return step;
};

test('reads edits, the oracle and checks, and leaves other blocks alone', () => {
  const steps = page(
    [
      'In `a.ts`, below `x: 1, // "one"`:\n\n```ts file=a.ts after="x: 1, // "one""\n  y: 2,\n```\n',
      '```ts\nconst example = 1;\n```\n',
      '```sh oracle file=f.json block=x\npython3 tools/torch-oracle/generate.py nn.loss optim\n```\n',
      '```sh check\nnpm test -- --project nn src/a.test.ts -t "one two" # why\n```\n',
      '```sh\nnpm run parity\n```\n',
    ].join('\n'),
  );
  expect(steps).toEqual([
    { kind: 'edit', file: 'a.ts', how: 'after', anchor: 'x: 1, // "one"', lines: ['  y: 2,'], at: 'page:3' },
    { kind: 'oracle', file: 'f.json', block: 'x', parts: ['nn.loss', 'optim'], at: 'page:11' },
    { kind: 'check', args: ['--project', 'nn', 'src/a.test.ts', '-t', 'one two'], at: 'page:15' },
  ]);
});

test.each([
  ['the file is not named', 'Above:\n\n```ts file=a.ts append\n1\n```', 'does not name `a.ts`'],
  ['the line is not shown', 'In `a.ts`:\n\n```ts file=a.ts after="x"\n1\n```', 'does not show `x`'],
  ['nothing says what to do', 'In `a.ts`:\n\n```ts file=a.ts\n1\n```', 'what to do with a.ts?'],
  ['a backtick would end the words', 'In `a.ts`, `x`:\n\n```ts file=a.ts after="`x`"\n1\n```', 'no backtick'],
  ['a check is another command', '```sh check\nnpm run x\n```', "a check is 'npm test -- …'"],
  ['the oracle is another command', '```sh file=a block=b\nls\n```', 'expected'],
])('refuses a page where %s', (_, text, message) => {
  expect(() => page(text)).toThrow(message);
});

test('edits', () => {
  const after = edit('`a.ts`, `x`\n\n```ts file=a.ts after="x"\n  y\n```');
  expect(edited('  x\n  z\n', after)).toBe('  x\n  y\n  z\n');
  expect(() => edited('x\nx\n', after)).toThrow("page:3: the line 'x' is 2 times in a.ts");
  expect(() => edited('z\n', after)).toThrow("the line 'x' is not in a.ts");
  expect(() => edited(null, after)).toThrow('there is no a.ts');
  expect(edited('x\nz\n', edit('`a`, `z`\n\n```ts file=a before="z"\ny\n```'))).toBe('x\ny\nz\n');
  expect(edited('x\nz\n', edit('`a`, `z`\n\n```ts file=a replace="z"\ny\ny\n```'))).toBe('x\ny\ny\n');
  expect(edited('| `x` | 1 |\n', edit('`a`, ``| `x` |``\n\n```md file=a replace="| x |…"\ny\n```'))).toBe('y\n');
  expect(edited('x\n', edit('`a`\n\n```ts file=a append\ny\n```'))).toBe('x\ny\n');
  const create = edit('`a`\n\n```ts file=a create\ny\n```');
  expect(edited(null, create)).toBe('y\n');
  expect(() => edited('', create)).toThrow('a is there already');
});

test('blocks of fixtures', () => {
  const block = (name: string, value: string) => `{"op":"${name}","samples":[\n{"x":${value}}\n]}`;
  const file = (...blocks: string[]) => `{"torch":"1",\n"ops":[\n${blocks.join(',\n')}\n]}\n`;
  const [a, b, c] = [block('a', '-0'), block('b', '1.5'), block('c', '1e-7')];
  expect(blockOf(file(a, b), 'a')).toBe(a);
  expect(() => blockOf(file(a), 'b')).toThrow("no block 'b'");
  expect(withBlock(file(a, b), 'c', c)).toBe(file(a, b, c));
  expect(withBlock(file(a, b), 'a', block('a', '2'))).toBe(file(block('a', '2'), b));
  expect(withBlock(file(a, b), 'b', block('b', '2'))).toBe(file(a, block('b', '2')));
  expect(difference(b, block('b', '1.5000001'))).toBe(null);
  expect(difference(b, block('b', '1.6'))).toBe('1.6, not 1.5');
  expect(difference(b, a)).toBe('not the same samples');
});
