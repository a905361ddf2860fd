import { cpu } from '@tenfold/backend-cpu';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  ArgumentError,
  arange,
  cdist,
  DeviceError,
  DTypeError,
  eye,
  linalg,
  manualSeed,
  ones,
  pdist,
  randn,
  registerBackend,
  replay,
  ShapeError,
  type Tensor,
  tensor,
  trace,
  zeros,
} from '../index.ts';

beforeAll(() => {
  registerBackend(cpu());
  const device = cpu();
  // every kernel family, and no overrides
  registerBackend({ ...device, deviceType: 'plain', open: (index) => ({ ...device.open(index), overrides: {} }) });
});

const f64 = { dtype: 'float64' } as const;
const matrix = (rows: number[][]): Tensor => tensor(rows, f64);
const singular = (): Tensor =>
  matrix([
    [1, 2],
    [2, 4],
  ]);
const T = (x: Tensor): Tensor => x.transpose(-1, -2);

function expectClose(actual: Tensor, expected: Tensor, atol = 1e-12): void {
  expect(actual.shape).toEqual(expected.shape);
  if (actual.numel() > 0) expect(actual.sub(expected).abs().max().itemSync()).toBeLessThan(atol);
}

/** 1 / (i + j + 1), of known inverse and determinant. */
const hilbert = (n: number): Tensor => {
  const i = arange(n, f64);
  return i.unsqueeze(1).add(i).add(1).reciprocal();
};
/** 2 on the diagonal, -1 beside it: eigenvalues 2 - 2 cos(kπ / (n + 1)). */
const chain = (n: number): Tensor => {
  const near = ones([n, n], f64);
  return eye(n, f64).mul(3).sub(near.tril(1).triu(-1));
};

describe('inverse, det, solve', () => {
  it('agree with what is known of the Hilbert matrix', () => {
    expect(hilbert(3).det().itemSync()).toBeCloseTo(1 / 2160, 15);
    expectClose(
      hilbert(3).inverse(),
      matrix([
        [9, -36, 30],
        [-36, 192, -180],
        [30, -180, 180],
      ]),
      1e-10,
    );
    expectClose(linalg.solve(hilbert(3), tensor([1, 0, 0], f64)), tensor([9, -36, 30], f64), 1e-10);
  });

  it('give the determinant 1 and an empty inverse for a matrix without elements', () => {
    expect(zeros([0, 0]).det().itemSync()).toBe(1);
    expect(zeros([0, 0]).inverse().shape).toEqual([0, 0]);
    expect(zeros([3, 0, 0]).slogdet().logabsdet.toArraySync()).toEqual([0, 0, 0]);
  });

  it('take the logarithm of what a double does not hold', () => {
    const { sign, logabsdet } = eye(400, f64).mul(-10).slogdet();
    expect(sign.itemSync()).toBe(1);
    expect(logabsdet.itemSync()).toBeCloseTo(400 * Math.log(10), 9);
  });

  it("raise PyTorch's sentences for singular matrices, and name the batch element", () => {
    const batch = matrix([[1, 0], [0, 1], ...(singular().toArraySync() as number[][])]).reshape([2, 2, 2]);
    expect(() => singular().inverse()).toThrow(ArgumentError);
    expect(() => singular().inverse()).toThrow(
      'linalg.inv: The diagonal element 2 is zero, the inversion could not be completed because the input matrix is singular.',
    );
    expect(() => batch.inverse()).toThrow('linalg.inv: (Batch element 1): The diagonal element 2 is zero');
    expect(() => linalg.solve(singular(), ones([2], f64))).toThrow(
      'torch.linalg.solve: The solver failed because the input matrix is singular.',
    );
    expect(() => linalg.solve(batch, ones([2, 2], f64))).toThrow('torch.linalg.solve: (Batch element 1): The solver');
    expect(() => linalg.luFactor(zeros([2, 2]))).toThrow('U[1,1] is zero');
    expect(() => singular().matrixPower(-1)).toThrow('singular');
  });

  it('refuse matrices that are not square, not floats, not of one dtype', () => {
    for (const run of [
      (x: Tensor) => x.inverse(),
      (x: Tensor) => x.det(),
      (x: Tensor) => x.slogdet(),
      (x: Tensor) => x.cholesky(),
      (x: Tensor) => x.matrixExp(),
      (x: Tensor) => x.matrixPower(2),
      (x: Tensor) => linalg.eigh(x),
    ]) {
      expect(() => run(ones([2, 3]))).toThrow('A must be batches of square matrices, but they are 2 by 3 matrices');
      expect(() => run(ones([3]))).toThrow('The input tensor A must have at least 2 dimensions');
    }
    for (const run of [
      (x: Tensor) => x.inverse(),
      (x: Tensor) => x.qr(),
      (x: Tensor) => linalg.svd(x),
      (x: Tensor) => linalg.pinv(x),
    ]) {
      expect(() => run(ones([2, 2], { dtype: 'int64' }))).toThrow(
        'Expected a floating point or complex tensor as input. Got Long',
      );
      expect(() => run(ones([2, 2], { dtype: 'float16' }))).toThrow('Low precision dtypes not supported. Got Half');
      expect(() => run(ones([2, 2], { dtype: 'bool' }))).toThrow(DTypeError);
    }
    expect(() => linalg.solve(eye(2), ones([3]))).toThrow(
      'Incompatible shapes of A and B for the equation AX = B (2x2 and 3x1)',
    );
    expect(() => linalg.solve(eye(2), ones([2]), { left: false })).toThrow('for the equation XA = B (2x2 and 2x1)');
    expect(() => linalg.solve(eye(2), ones([2], f64))).toThrow('Expected A and B to have the same dtype');
    expect(() => linalg.solve(eye(2), tensor(1))).toThrow(ShapeError);
    expect(() => linalg.solve(eye(2), ones([2]), { right: true } as never)).toThrow("unknown option 'right'");
    expect(() => linalg.solve(eye(2), ones([2]), { left: 1 } as never)).toThrow('left must be true or false');
    expect(() => linalg.solve(3 as never, ones([2]))).toThrow(ArgumentError);
    expect(() => linalg.solveTriangular(eye(2), ones([2, 1]), {} as never)).toThrow('{ upper: true }');
    expect(() => linalg.solveTriangular(eye(2), ones([2]), { upper: true })).toThrow(
      'B must have at least 2 dimensions',
    );
    expect(() => eye(2).matrixPower(0.5)).toThrow('n must be an integer');
    expect(() => eye(2).matrixPower(Number.NaN)).toThrow(ArgumentError);
  });
});

describe('factorisations', () => {
  it('of known matrices', () => {
    const spd = matrix([
      [4, 12, -16],
      [12, 37, -43],
      [-16, -43, 98],
    ]);
    expectClose(
      spd.cholesky(),
      matrix([
        [2, 0, 0],
        [6, 1, 0],
        [-8, 5, 3],
      ]),
    );
    expectClose(spd.cholesky({ upper: true }), T(spd.cholesky()));
    const { Q, R } = linalg.qr(
      matrix([
        [12, -51, 4],
        [6, 167, -68],
        [-4, 24, -41],
      ]),
    );
    expectClose(
      R,
      matrix([
        [-14, -21, 14],
        [0, -175, 70],
        [0, 0, -35],
      ]),
      1e-11,
    );
    expectClose(Q.select(1, 0), tensor([-12 / 14, -6 / 14, 4 / 14], f64));
    expectClose(
      linalg.svdvals(
        matrix([
          [3, 0],
          [4, 5],
        ]),
      ),
      tensor([Math.sqrt(45), Math.sqrt(5)], f64),
    );
    const n = 30;
    const k = arange(1, n + 1, f64);
    expectClose(
      linalg.eigvalsh(chain(n)),
      k
        .mul(Math.PI / (n + 1))
        .cos()
        .mul(-2)
        .add(2),
    );
  });

  it('give the matrix again, with orthogonal factors', () => {
    manualSeed(0);
    for (const shape of [
      [25, 14],
      [14, 25],
      [20, 20],
      [2, 9, 4],
      [6, 1],
      [1, 6],
    ]) {
      const x = randn(shape, f64);
      const [m, n] = shape.slice(-2);
      const { U, S, Vh } = linalg.svd(x);
      const k = Math.min(m, n);
      expectClose(
        U.narrow(-1, 0, k)
          .mul(S.unsqueeze(-2))
          .matmul(Vh.narrow(-2, 0, k)),
        x,
      );
      expectClose(T(U).matmul(U), eye(m, f64).expand([...shape.slice(0, -2), m, m]));
      expectClose(Vh.matmul(T(Vh)), eye(n, f64).expand([...shape.slice(0, -2), n, n]));
      expect(
        S.narrow(-1, 0, k - 1)
          .ge(S.narrow(-1, 1, k - 1))
          .all()
          .itemSync(),
      ).toBe(1);
      const { Q, R } = linalg.qr(x, { mode: 'complete' });
      expectClose(Q.matmul(R), x);
      expectClose(R, R.triu());
      const { P, L, U: upper } = linalg.lu(x);
      expectClose(P.matmul(L).matmul(upper), x);
      expectClose(x.matmul(linalg.pinv(x)).matmul(x), x);
    }
    const wide = randn([12, 4], f64).matmul(randn([4, 12], f64));
    const { U, S, Vh } = linalg.svd(wide);
    expectClose(U.mul(S).matmul(Vh), wide, 1e-11);
    expectClose(U.t().mm(U), eye(12, f64));
    expect(linalg.matrixRank(wide).itemSync()).toBe(4);
    const symmetric = wide.add(wide.t());
    const { eigenvalues, eigenvectors: V } = linalg.eigh(symmetric);
    expectClose(V.mul(eigenvalues).mm(V.t()), symmetric, 1e-11);
    expectClose(V.t().mm(V), eye(12, f64));
  });

  it('are scaled: neither huge nor tiny elements are lost', () => {
    for (const scale of [1e-300, 1e-160, 1e160, 1e300]) {
      const x = matrix([
        [3, 0],
        [4, 5],
      ]).mul(scale);
      expectClose(linalg.svdvals(x).div(scale), tensor([Math.sqrt(45), Math.sqrt(5)], f64));
      expectClose(linalg.qr(x).R.div(scale).abs().select(0, 0), tensor([5, 4], f64));
      expectClose(linalg.eigvalsh(x).div(scale), tensor([4 - Math.sqrt(17), 4 + Math.sqrt(17)], f64));
    }
  });

  it("raise PyTorch's kind of error", () => {
    expect(() => singular().cholesky()).toThrow(
      'linalg.cholesky: The factorization could not be completed because the input is not positive-definite ' +
        '(the leading minor of order 2 is not positive-definite).',
    );
    expect(() => eye(2).neg().expand([3, 2, 2]).cholesky()).toThrow('(Batch element 0): The factorization');
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const x = tensor([
        [1, bad],
        [bad, 1],
      ]);
      expect(() => linalg.svd(x)).toThrow(
        'linalg.svd: The algorithm failed to converge because the input matrix contained non-finite values.',
      );
      expect(() => linalg.eigh(x)).toThrow('linalg.eigh: The algorithm failed to converge');
      expect(() => linalg.pinv(x)).toThrow(ArgumentError);
      expect(() => linalg.matrixRank(x)).toThrow(ArgumentError);
    }
    expect(() => linalg.qr(eye(2), { mode: 'full' as never })).toThrow("qr received unrecognized mode 'full'");
    expect(() => linalg.eigh(eye(2), { UPLO: 'X' as never })).toThrow("Expected UPLO argument to be 'L' or 'U'");
    expect(() => linalg.svd(eye(2), { some: true } as never)).toThrow("unknown option 'some'");
    expect(() => linalg.svd(eye(2), { fullMatrices: 1 } as never)).toThrow('fullMatrices must be true or false');
    expect(() => linalg.lstsq(ones([3, 2]), ones([2]))).toThrow('input.size(-2) should match other.size(-2)');
    expect(() => linalg.lstsq(ones([3, 2]), ones([3]), { driver: 'x' as never })).toThrow('parameter `driver`');
    const { LU, pivots } = linalg.luFactor(eye(2));
    expect(() => linalg.luSolve(LU, pivots, ones([3, 1]))).toThrow('Incompatible shapes');
    expect(() => linalg.luSolve(LU, pivots.long(), ones([2, 1]))).toThrow('pivots must be an int32 tensor');
    expect(() => linalg.luSolve(LU, pivots.add(2), ones([2, 1]))).toThrow('pivots must be between 1 and 2');
    expect(() => linalg.luSolve(LU, ones([3], { dtype: 'int32' }), ones([2, 1]))).toThrow('Number of pivots per batch');
    expect(() => linalg.pinv(eye(2), { rtol: '1' as never })).toThrow('rtol must be a number');
  });

  it('run on cpu, and say so elsewhere', () => {
    const x = eye(2, { device: 'plain' });
    for (const run of [
      () => x.det(),
      () => x.inverse(),
      () => linalg.svd(x),
      () => linalg.pinv(x),
      () => linalg.cond(x),
    ]) {
      expect(run).toThrow(DeviceError);
      expect(run).toThrow('x.cpu()');
    }
    expect(() => ones([2, 3], { device: 'plain' }).det()).toThrow(ShapeError);
    expect(x.cpu().det().itemSync()).toBe(1);
    expect(linalg.norm(x).itemSync()).toBeCloseTo(Math.SQRT2, 6);
  });

  it('are traced as single ops', () => {
    const x = matrix([
      [2, 1],
      [1, 3],
    ]);
    const { graph } = trace((y: Tensor) => linalg.pinv(y).matmul(y.inverse()), [x]);
    const inverse = x.inverse();
    expectClose(replay(graph, [x])[0], inverse.mm(inverse));
  });
});

describe('functions of matrices', () => {
  it('matrixExp of a generator of rotations is a rotation', () => {
    for (const angle of [0.5, 3, 40]) {
      const [c, s] = [Math.cos(angle), Math.sin(angle)];
      const x = matrix([
        [0, -angle],
        [angle, 0],
      ]);
      expectClose(
        x.matrixExp(),
        matrix([
          [c, -s],
          [s, c],
        ]),
      );
    }
    expectClose(
      tensor(
        [
          [0, 1, 0],
          [0, 0, 1],
          [0, 0, 0],
        ],
        f64,
      ).matrixExp(),
      matrix([
        [1, 1, 0.5],
        [0, 1, 1],
        [0, 0, 1],
      ]),
    );
    expect(
      tensor([[Number.NaN]])
        .matrixExp()
        .itemSync(),
    ).toBeNaN();
  });

  it('matrixPower counts the walks of a graph', () => {
    const fibonacci = tensor([
      [1, 1],
      [1, 0],
    ]);
    expect(fibonacci.long().matrixPower(50).select(0, 0).select(0, 1).itemSync()).toBe(12586269025);
    expectClose(
      fibonacci.double().matrixPower(-2),
      matrix([
        [1, -1],
        [-1, 2],
      ]),
    );
    expect(fibonacci.matrixPower(0).toArraySync()).toEqual([
      [1, 0],
      [0, 1],
    ]);
  });
});

describe('norms and products', () => {
  it('of a known matrix', () => {
    const x = matrix([
      [1, -2],
      [3, 4],
    ]);
    const norms: [Parameters<typeof linalg.matrixNorm>[1], number][] = [
      ['fro', Math.sqrt(30)],
      ['nuc', Math.sqrt(50)],
      [1, 6],
      [-1, 4],
      [Number.POSITIVE_INFINITY, 7],
      [Number.NEGATIVE_INFINITY, 3],
      [2, Math.sqrt(15 + Math.sqrt(125))],
      [-2, Math.sqrt(15 - Math.sqrt(125))],
    ];
    for (const [ord, expected] of norms) expect(linalg.matrixNorm(x, ord).itemSync()).toBeCloseTo(expected, 12);
    expect(linalg.vectorNorm(x, 3).itemSync()).toBeCloseTo(Math.cbrt(1 + 8 + 27 + 64), 12);
    expect(linalg.cond(singular(), 1).itemSync()).toBe(Number.POSITIVE_INFINITY);
    expect(linalg.cross(tensor([1, 0, 0]), tensor([0, 1, 0])).toArraySync()).toEqual([0, 0, 1]);
    expect(
      cdist(
        tensor([[0, 0]], f64),
        tensor(
          [
            [3, 4],
            [0, 1],
          ],
          f64,
        ),
      ).toArraySync(),
    ).toEqual([[5, 1]]);
    expect(
      pdist(
        tensor(
          [
            [0, 0],
            [3, 4],
            [0, 1],
          ],
          f64,
        ),
        { p: 1 },
      ).toArraySync(),
    ).toEqual([7, 1, 6]);
  });

  it('multiDot multiplies in the cheapest order', () => {
    const [a, b, c] = [ones([2, 30]), ones([30, 1]), ones([1, 40])];
    const { graph } = trace((...x: Tensor[]) => linalg.multiDot(x), [b, c, ones([40, 2])]);
    // [30, 1] @ ([1, 40] @ [40, 2])
    expect(graph.nodes.filter(({ spec }) => spec.name === 'mm').map(({ outputs }) => outputs[0].shape)).toEqual([
      [1, 2],
      [30, 2],
    ]);
    expect(linalg.multiDot([a, b, c]).select(0, 0).select(0, 0).itemSync()).toBe(30);
  });

  it('refuse what PyTorch refuses', () => {
    expect(() => linalg.matrixNorm(ones([2, 2]), 3)).toThrow('linalg.matrix_norm: Order 3 not supported.');
    expect(() => linalg.matrixNorm(ones([2, 2]), 'x' as never)).toThrow('Order x not supported');
    expect(() => linalg.matrixNorm(ones([2]))).toThrow('at least 2 dimensions');
    expect(() => linalg.matrixNorm(ones([2, 2]), 'fro', { dim: [0] })).toThrow('dim must be a 2-tuple. Got 0');
    expect(() => linalg.matrixNorm(ones([2, 2]), 1, { dim: [0, -2] })).toThrow('dims must be different. Got (0, -2)');
    expect(() => linalg.norm(ones([2, 2, 2]), 1)).toThrow('the input must be 1D or 2D. Got 3D.');
    expect(() => linalg.norm(ones([2, 2, 2]), null, { dim: [0, 1, 2] })).toThrow('it must be of length 1 or 2');
    expect(() => linalg.norm(ones([2]), 'fro')).toThrow(ShapeError);
    expect(() => linalg.vectorNorm(ones([2], { dtype: 'int64' }))).toThrow('Got Long');
    expect(() => linalg.vectorNorm(ones([2], f64), 2, { dtype: 'float32' })).toThrow('without narrowing');
    expect(() => linalg.vectorNorm(ones([2]), 2, { dtype: 'int64' })).toThrow('dtype should be floating point');
    expect(() => linalg.vectorNorm(ones([2]), 2, { dtype: 'double' as never })).toThrow(ArgumentError);
    expect(() => linalg.vectorNorm(zeros([0]), Number.POSITIVE_INFINITY)).toThrow('cannot compute the inf norm');
    expect(() => linalg.vectorNorm(zeros([0]), -1)).toThrow('cannot compute the -1 norm');
    expect(() => linalg.vectorNorm(ones([2]), Number.NaN)).toThrow(ArgumentError);
    expect(() => linalg.cond(eye(2), 3)).toThrow('linalg.cond got an invalid norm type: 3');
    expect(() => linalg.cond(ones([2, 3]), 1)).toThrow('square matrices');
    expect(() => linalg.cross(ones([2, 3]), ones([3]))).toThrow('inputs must have the same number of dimensions');
    expect(() => linalg.cross(ones([2, 4]), ones([2, 4]))).toThrow('must have length 3. Got 4 and 4');
    expect(() => ones([2, 4]).cross(ones([2, 4]))).toThrow('no dimension of size 3');
    expect(() => linalg.cross(ones([3]), ones([3], f64))).toThrow(DTypeError);
    expect(() => linalg.multiDot([ones([2])])).toThrow('expected at least 2 tensors but got 1');
    expect(() => linalg.multiDot([ones([2, 2]), ones([2]), ones([2, 2])])).toThrow('tensor 1 must be 2D but got 1D');
    expect(() => linalg.multiDot([ones([2, 2]), ones([3, 2])])).toThrow('[2, 2] and [3, 2] cannot be multiplied');
    expect(() => linalg.multiDot(ones([2, 2]) as never)).toThrow(ArgumentError);
    expect(() => cdist(ones([2, 3]), ones([2, 4]))).toThrow('X1: 3 X2: 4');
    expect(() => cdist(ones([2, 3]), ones([2, 3]), { p: -1 })).toThrow('cdist only supports non-negative p values');
    expect(() => cdist(ones([2, 3]), ones([2, 3]), { p: Number.NaN })).toThrow(ArgumentError);
    expect(() => cdist(ones([3]), ones([2, 3]))).toThrow(ShapeError);
    expect(() => cdist(ones([2, 3]).long(), ones([2, 3]).long())).toThrow(DTypeError);
    expect(() => pdist(ones([3]))).toThrow('pdist only supports 2D tensors, got: 1D');
  });
});
