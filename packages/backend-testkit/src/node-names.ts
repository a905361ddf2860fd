/** Ops whose results show another node than PyTorch 1.13's, each with the reason. All others must show the same one. */
const composed = 'PyTorch runs it as other ops and shows the last of them; here it is one op, or other ones';

export const otherNodes: { readonly [op: string]: string | undefined } = {
  channelShuffle: 'PyTorch 1.13 has no derivative; later versions and we have one',
  chunk: composed,
  crossEntropy: composed,
  einsum: composed,
  flatten: composed,
  floorDivide: 'PyTorch 1.13 has no derivative; later versions and we have zeros',
  indexPut: 'a lone mask is written by maskedFill or where',
  index: 'a list of numbers alone is a select in PyTorch',
  l1Loss: composed,
  maskedSelect: composed,
  matmul: composed,
  reshape: 'a view, or a copy and a view: later versions of PyTorch show ViewBackward0 too',
  roll: 'without dims it is a view of the flat result',
  sort: 'the samples ask PyTorch for a stable sort, ours always is',
  split: composed,
  unbind: composed,
};
