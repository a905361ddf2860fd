/** The tables of names in the pages for who comes from elsewhere: every Tenfold name in them exists. */
import * as autograd from '@tenfold/autograd';
import * as cpu from '@tenfold/backend-cpu';
import * as webgpu from '@tenfold/backend-webgpu';
import * as nn from '@tenfold/nn';
import * as onnx from '@tenfold/onnx-export';
import * as optim from '@tenfold/optim';
import * as core from '@tenfold/tensor-core';
import { expect, it } from 'vitest';
import { textOf } from '../scripts/pages.mjs';

const exported = new Set([autograd, cpu, webgpu, nn, onnx, optim, core].flatMap((module) => Object.keys(module)));
// fields and what subclasses declare are on no prototype
const declared = ['shape', 'forward', 'saveForBackward', 'savedTensors', 'needsInputGrad'];
const classes = [core.Tensor, nn.Module, optim.AveragedModel];
const methods = new Set([...declared, ...Object.keys(nn.F), ...classes.flatMap(namesOf)]);

/** Members of a class and of what it extends. */
function namesOf({ prototype }: { readonly prototype: object }): string[] {
  const names: string[] = [];
  for (let at = prototype; at && at !== Object.prototype; at = Object.getPrototypeOf(at))
    names.push(...Object.getOwnPropertyNames(at));
  return names;
}

/** Code in the last column of the table of names. */
function codeOf(page: string): string[] {
  const table = textOf(page).split('\n## Names\n')[1].split('\n## ')[0];
  const cells = table.split('\n').flatMap((line) => (line.startsWith('| `') ? [line.split(' | ').at(-1) ?? ''] : []));
  return cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, code]) => code));
}

it.each(['docs/guide/from-pytorch.md', 'docs/guide/from-tensorflow-js.md'])('names in %s exist', (page) => {
  const code = codeOf(page);
  expect(code.length).toBeGreaterThan(30);
  const unknown = code.flatMap((text) => [
    ...[...text.matchAll(/\.(\w+)/g)].filter(([, name]) => !/^\d/.test(name) && name !== 'onnx' && !methods.has(name)),
    ...[...text.matchAll(/(?<![.\w@])([a-zA-Z]\w*)\(/g)].filter(([, name]) => !exported.has(name)),
  ]);
  expect(unknown.map(([found]) => found)).toEqual([]);
});
