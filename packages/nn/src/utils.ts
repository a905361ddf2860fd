/**
 * Helpers around modules, with the names of `torch.nn.utils` (https://pytorch.org/docs/stable/nn.html#utilities).
 *
 * @packageDocumentation
 */

export * from './utils/clip.ts';
export * from './utils/parametrizations.ts';
export * from './utils/parametrize.ts';
export * from './utils/parametrizations.ts';
export * from './utils/parametrize.ts';
export * from './utils/rnn.ts';
export * from './utils/vector.ts';
