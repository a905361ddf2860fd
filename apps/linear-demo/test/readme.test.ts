import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, it, vi } from 'vitest';
import { folder } from './run.ts';

// beside the sources, so that the packages resolve; the folder is ignored by git
const here = fileURLToPath(new URL('../.readme', import.meta.url));
afterAll(() => rmSync(here, { recursive: true, force: true }));

it('the program in the README runs as pasted, learns, prints and exports', async () => {
  const readme = readFileSync(fileURLToPath(new URL('../../../README.md', import.meta.url)), 'utf8');
  const program = /```ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? '';
  mkdirSync(here, { recursive: true });
  writeFileSync(join(here, 'example.ts'), program.replace("'net.onnx'", JSON.stringify(join(folder, 'net.onnx'))));
  const log = vi.spyOn(console, 'log').mockImplementation(() => {});
  await import(join(here, 'example.ts'));
  const printed = log.mock.calls;
  log.mockRestore();
  const losses = printed.slice(0, 4).map(([, loss]) => loss);
  expect(losses[3]).toBeLessThan(1e-5);
  expect(losses[3]).toBeLessThan(losses[0] / 1000);
  expect(String(printed[4][0])).toBe('Net(\n  (linear): Linear(in_features=2, out_features=1, bias=True)\n)');
  expect(statSync(join(folder, 'net.onnx')).size).toBeGreaterThan(100);
});
