/** How ops that make tensors are called: on the device that is checked, since most have no input that would say where. */
import {
  arange,
  type CreateOps,
  eye,
  full,
  fullLike,
  linspace,
  logspace,
  ones,
  onesLike,
  type Tensor,
  tensor,
  trilIndices,
  triuIndices,
  zeros,
  zerosLike,
} from '@tenfold/tensor-core';
import type { Cases, OpCase } from '../case.ts';
import { decode } from '../compare.ts';
import type { Encoded } from '../fixture.ts';

/** A fixture writes infinities and NaN as text. */
const given = (value: Encoded): number | boolean => (typeof value === 'string' ? Number(decode(value)) : value);

const copied = 'checked in checks/create.ts';

export const create: Cases<CreateOps> = {
  full: { call: (_, { size, fillValue, ...options }, device) => full(size, given(fillValue), { ...options, device }) },
  empty: { none: `its contents are undefined; shape and dtype are ${copied}` },
  fullLike: { call: ([x], { fillValue, ...options }) => fullLike(x, given(fillValue), options) },
  emptyLike: { none: `its contents are undefined; shape and dtype are ${copied}` },
  fromData: { none: copied },
  eye: { call: (_, { n, m, ...options }, device) => eye(n, m ?? n, { ...options, device }) },
  arange: { call: (_, { start, end, step, ...options }, device) => arange(start, end, step, { ...options, device }) },
  linspace: {
    call: (_, { start, end, steps, ...options }, device) => linspace(start, end, steps, { ...options, device }),
    exclude: {
      'start -10 end 10 steps 7 dtype float32':
        "PyTorch's vectorised kernel contracts a product and a sum, and gives 2e-7 for the middle; here each is rounded, and it is 0",
    },
  },
  logspace: {
    call: (_, { start, end, steps, ...options }, device) => logspace(start, end, steps, { ...options, device }),
  },
  toCopy: { none: 'the method `to` has the samples' },
  fill: { call: ([x, value]) => x.clone().fill_(value), inplace: ([x, value]) => x.fill_(value) },
};

/** Functions and methods that are made of other ops. */
export const createMethods: { readonly [name: string]: OpCase } = {
  zeros: { call: (_, { size, ...options }, device) => zeros(size, { ...options, device }) },
  ones: { call: (_, { size, ...options }, device) => ones(size, { ...options, device }) },
  zerosLike: { call: ([x], args) => zerosLike(x, args) },
  onesLike: { call: ([x], args) => onesLike(x, args) },
  newZeros: { call: ([x], { size, ...options }) => x.newZeros(size, options) },
  newOnes: { call: ([x], { size, ...options }) => x.newOnes(size, options) },
  newFull: { call: ([x], { size, fillValue, ...options }) => x.newFull(size, given(fillValue), options) },
  tensor: { call: (_, { data, ...options }, device): Tensor => tensor(data, { ...options, device }) },
  trilIndices: {
    call: (_, { row, col, ...options }, device) => trilIndices(row, col, { ...options, device }),
  },
  triuIndices: {
    call: (_, { row, col, ...options }, device) => triuIndices(row, col, { ...options, device }),
  },
};
