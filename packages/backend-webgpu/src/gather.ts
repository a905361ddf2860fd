/** The gather family: one invocation reads some indices, and the elements that they point to. */
import type { Runtime } from '@tenfold/tensor-core';
import { declareFaults } from './faults.ts';
import { type Buffer, type Gpu, indexFault } from './gpu.ts';
import { bind, grid, perInvocation, shader, type View, word, workgroup } from './shader.ts';
import { across, walkOver } from './walk.ts';

/** `out[.., i, ..] = source[.., index[.., i, ..], ..]`. An index out of range is reported, and its element of `out` left as it is. */
export function createGather(gpu: Gpu): Runtime<Buffer>['gather'] {
  return (out: View, source: View, index: View, axis: number): void => {
    const walk = walkOver([out, index, across({ ...source, shape: out.shape }, axis)]);
    if (walk.n === 0) return;
    const bindings = bind([out], [source, index]);
    const kernel = gpu.kernel(`gather ${bindings.key}|${walk.key}`, [...bindings.access, 'write'], () => {
      const { statements, indices, next } = walk.code(1);
      const [o, s, k] = bindings.slots;
      const [size, step, code] = [word(next), word(next + 1), word(next + 2)];
      return shader({
        bindings,
        declarations: declareFaults(bindings.buffers.length),
        body: `  for (var k = 0u; k < ${perInvocation}u; k++) {
    let i = (gid * ${perInvocation}u + k) * ${workgroup}u + lid;
    if (i >= ${word(0)}) { return; }
    ${statements.join('\n    ')}
    let chosen = bitcast<u32>(b${k}[${indices[1]}]);
    if (chosen >= ${size}) {
      fault(${code}, bitcast<i32>(chosen));
    } else {
      b${o}[${indices[0]}] = b${s}[${indices[2]} + chosen * ${step}];
    }
  }`,
      });
    });
    const { words } = gpu;
    const size = source.shape[axis];
    words[0] = walk.n;
    let at = walk.write(gpu, 1);
    words[at++] = size;
    words[at++] = source.strides[axis];
    words[at++] = gpu.faultCode(indexFault(size, axis));
    gpu.dispatch(
      kernel,
      [...bindings.buffers, gpu.faults],
      at,
      ...grid(Math.ceil(walk.n / (workgroup * perInvocation))),
    );
  };
}
