/**
 * What stands for an int64 that is as good as without end, as in `ends` of old `Slice` nodes: the largest or smallest safe integer. `undefined` for a
 * number that isn't.
 */
export function saturatedInt(x: number): number | undefined {
  return Math.abs(x) < 2 ** 62 ? undefined : Math.sign(x) * Number.MAX_SAFE_INTEGER;
}
