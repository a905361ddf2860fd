/** How ops that move elements are called. */
import { cat, type MovementOps, stack } from '@tenfold/tensor-core';
import { type Cases, type OpCase, positional } from '../case.ts';

export const movement: Cases<MovementOps> = {
  view: positional('view', 'shape'),
  expand: positional('expand', 'shape'),
  permute: positional('permute', 'dims'),
  transpose: positional('transpose', 'dim0', 'dim1'),
  t: positional('t'),
  squeeze: positional('squeeze', 'dim'),
  unsqueeze: positional('unsqueeze', 'dim'),
  unflatten: positional('unflatten', 'dim', 'sizes'),
  slice: positional('slice', 'dim', 'start', 'end', 'step'),
  select: positional('select', 'dim', 'index'),
  diagonal: { call: ([x], args) => x.diagonal(args) },
  unfold: positional('unfold', 'dimension', 'size', 'step'),
  asStrided: { none: 'tested in tensor-core: the samples would repeat its strides' },
  detach: { none: 'an alias; its meaning for gradients is tested in autograd' },
  data: { none: 'an alias; its meaning for gradients is tested in autograd' },
  reshape: positional('reshape', 'shape'),
  flatten: positional('flatten', 'startDim', 'endDim'),
  viewAs: { none: 'view with the shape of another tensor' },
  reshapeAs: { none: 'reshape with the shape of another tensor' },
  expandAs: { none: 'expand with the shape of another tensor' },
  clone: positional('clone'),
  copy: { none: 'copy_ is tested in tensor-core' },
  viewScatter: { none: 'made by the tracer; replayed in trace tests' },
  flip: positional('flip', 'dims'),
  roll: positional('roll', 'shifts', 'dims'),
  tril: { call: ([x], { diagonal }) => x.tril(diagonal), inplace: ([x], { diagonal }) => x.tril_(diagonal) },
  triu: { call: ([x], { diagonal }) => x.triu(diagonal), inplace: ([x], { diagonal }) => x.triu_(diagonal) },
  diag: { none: 'diagonal or a filled diagonal; tested in tensor-core' },
  repeat: positional('repeat', 'repeats'),
  repeatInterleave: { none: 'tested in tensor-core' },
  cat: { call: (tensors, { dim }) => cat(tensors, dim) },
  stack: { call: (tensors, { dim }) => stack(tensors, dim) },
};

/** Methods that are made of other ops. */
export const movementMethods: { readonly [name: string]: OpCase } = {
  broadcastTo: positional('broadcastTo', 'shape'),
  narrow: positional('narrow', 'dim', 'start', 'length'),
  split: positional('split', 'splitSize', 'dim'),
  chunk: positional('chunk', 'chunks', 'dim'),
  unbind: positional('unbind', 'dim'),
  movedim: positional('movedim', 'source', 'destination'),
  tile: positional('tile', 'dims'),
  contiguous: positional('contiguous'),
};
