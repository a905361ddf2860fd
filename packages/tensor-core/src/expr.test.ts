import { describe, expect, it } from 'vitest';
import * as e from './expr.ts';

const x = e.input(0, 'float32');
const y = e.input(1, 'float32');

describe('expressions', () => {
  it('print as the formula they are', () => {
    expect(e.formatExpr(e.div(1, e.add(1, e.exp(e.neg(x)))))).toBe('div(1, add(1, exp(neg(x0))))');
    expect(e.formatExpr(e.select(e.lt(x, -0), e.cast(y, 'float32'), e.param(0, 'float32')))).toBe(
      'select(lt(x0, -0), x1, p0)',
    );
    expect(e.formatExpr(e.load(0, 'float32', [e.indexOf(0)], 0))).toBe('load(x0, i0, 0)');
  });

  it('refuse operands of two dtypes', () => {
    expect(() => e.add(x, e.input(1, 'float64'))).toThrow('differ in dtype: float32 and float64');
    expect(() => e.select(x, x, y)).toThrow('not bool');
  });

  it('have equal keys exactly when they compute the same in the same way', () => {
    const key = (...outputs: e.Expr[]) => new e.Program(outputs, ['float32', 'float32']).key;
    expect(key(e.add(x, y))).toBe(key(e.add(e.input(0, 'float32'), e.input(1, 'float32'))));
    const different = [
      key(e.add(x, y)),
      key(e.add(y, x)),
      key(e.sub(x, y)),
      key(e.add(x, 0)),
      key(e.add(x, -0)),
      key(e.add(x, Number.NaN)),
      key(e.add(x, Number.POSITIVE_INFINITY)),
      key(e.cast(e.add(x, y), 'float64')),
      key(e.add(x, y), e.add(x, y)),
    ];
    expect(new Set(different).size).toBe(different.length);
  });

  it('visit a shared node once, operands before users', () => {
    const shared = e.exp(x);
    const order = e.topological([e.mul(shared, shared), shared]);
    expect(order.map(e.formatExpr)).toEqual(['x0', 'exp(x0)', 'mul(exp(x0), exp(x0))']);
  });

  it('compose by substitution', () => {
    const outer = e.mul(x, x);
    const fused = e.rewrite(outer, (node) => (node.kind === 'input' ? e.exp(y) : undefined));
    expect(e.formatExpr(fused)).toBe('mul(exp(x1), exp(x1))');
  });
});
