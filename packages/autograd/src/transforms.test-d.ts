/** Types of function transforms: checked by the compiler, nothing here runs. */
import type { Tensor } from '@tenfold/tensor-core';
import { gradAndValue, gradOf, jacfwd, jacrev, jvp, vmap } from './index.ts';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const holds = <_T extends true>(): void => {};

interface Params {
  readonly w: Tensor;
  readonly b: Tensor;
}
declare const x: Tensor;
declare const params: Params;
const loss = (p: Params, v: Tensor, label: string): Tensor => (label ? p.w.mul(v) : p.b);
const withAux = (v: Tensor): [Tensor, string] => [v, 'aux'];

const batched = vmap((v: Tensor, k: number) => ({ y: v.mul(k), parts: [v, v] as [Tensor, Tensor] }), {
  inDims: [0, null],
});
holds<Equal<Parameters<typeof batched>, [v: Tensor, k: number]>>();
holds<Equal<ReturnType<typeof batched>, { y: Tensor; parts: [Tensor, Tensor] }>>();

const first = gradOf(loss);
holds<Equal<Parameters<typeof first>, [p: Params, v: Tensor, label: string]>>();
holds<Equal<ReturnType<typeof first>, Params>>();
const second = gradOf(loss, { argnums: 1 });
holds<Equal<ReturnType<typeof second>, Tensor>>();
const both = gradOf(loss, { argnums: [1, 0] });
holds<Equal<ReturnType<typeof both>, [Tensor, Params]>>();
const aux = gradAndValue(withAux, { hasAux: true });
holds<Equal<ReturnType<typeof aux>, [Tensor, [Tensor, string]]>>();
const nested = vmap(gradOf(gradOf((v: Tensor) => v.sin())));
holds<Equal<ReturnType<typeof nested>, Tensor>>();
const hessian = jacfwd(jacrev((v: Tensor) => v.sum()));
holds<Equal<ReturnType<typeof hessian>, Tensor>>();

interface Out {
  readonly y: Tensor;
}
const named = vmap((v: Tensor): Out => ({ y: v }));
holds<Equal<ReturnType<typeof named>, Out>>();

const pair = jvp((p: Params) => [p.w, p.b] as [Tensor, Tensor], [params], [params]);
holds<Equal<typeof pair.tangent, [Tensor, Tensor]>>();
const auxiliary = jvp(withAux, [x], [x], { hasAux: true });
holds<Equal<typeof auxiliary.aux, string>>();

// @ts-expect-error a function must give tensors
vmap((v: Tensor) => [v, 'text']);
// @ts-expect-error no such option
vmap((v: Tensor) => v, { inDim: 0 });
// @ts-expect-error randomness is one of three
vmap((v: Tensor) => v, { randomness: 'some' });
// @ts-expect-error the tangent is missing
jvp((v: Tensor) => v, [x], []);
// @ts-expect-error a gradient is of a tensor
gradOf((v: Tensor) => [v, v]);
// @ts-expect-error an argument is missing
gradOf(loss)(params, x);
