/** Scalar integer arithmetic that has no vector instructions, as functions of a module. */
import { type FunctionBuilder, i32, i64, type ModuleBuilder, select, type Value } from './assembler.ts';

type Width = 'i32' | 'i64';
type Binary<T extends Width> = (x: Value<T>, y: Value<T>) => Value<T>;

/** What the functions need of the instructions of one width. */
interface Instructions<T extends Width> {
  readonly type: T;
  readonly of: (value: number) => Value<T>;
  readonly extend: (x: Value<'i32'>) => Value<T>;
  readonly eqz: (x: Value<T>) => Value<'i32'>;
  readonly is: { readonly [K in 'eq' | 'ne' | 'ltS' | 'leU']: (x: Value<T>, y: Value<T>) => Value<'i32'> };
  readonly op: { readonly [K in 'add' | 'sub' | 'mul' | 'divS' | 'remS' | 'and' | 'shrU']: Binary<T> };
}

/** Raises the error of a division by zero. */
const raise = (module: ModuleBuilder): Value<'i32'> => module.import('divideByZero', [], 'i32')();

function arithmetic<T extends Width>({ type, of, extend, eqz, is, op }: Instructions<T>) {
  const shared =
    (name: string, body: (fn: FunctionBuilder, module: ModuleBuilder) => Value<T>) =>
    (module: ModuleBuilder): Binary<T> => {
      // `define` cannot tell what a function gives whose result is some `T`
      const define = (fn: FunctionBuilder): never => body(fn, module) as never;
      const made = module.once(`${name} ${type}`, () =>
        module.define({ parameters: [type, type], result: type }, define),
      );
      return (x, y) => made(x, y) as Value<T>;
    };
  return {
    /** Towards zero. The smallest integer by -1 wraps. */
    divide: shared('divide', (fn, module) => {
      const [x, y] = [fn.parameter(0, type).get, fn.parameter(1, type).get];
      const result = fn.local(type);
      fn.if(eqz(y), () => fn.emit(result.set(extend(raise(module)))));
      fn.if(
        is.eq(y, of(-1)),
        () => fn.emit(result.set(op.sub(of(0), x))),
        () => fn.emit(result.set(op.divS(x, y))),
      );
      return result.get;
    }),
    /** With the sign of the dividend. */
    remainder: shared('remainder', (fn, module) => {
      const [x, y] = [fn.parameter(0, type).get, fn.parameter(1, type).get];
      fn.if(eqz(y), () => fn.emit(fn.local('i32').set(raise(module))));
      return op.remS(x, y);
    }),
    /** By squaring, wrapping. To a negative power all but ±1 are 0. */
    power: shared('power', (fn) => {
      const [base, exponent] = [fn.parameter(0, type), fn.parameter(1, type)];
      const result = fn.variable(of(1));
      const isUnit = i32.and(is.leU(op.add(base.get, of(1)), of(2)), is.ne(base.get, of(0)));
      fn.if(is.ltS(exponent.get, of(0)), () => {
        // ±1 is its own inverse
        fn.emit(base.set(select(base.get, of(0), isUnit)), exponent.set(op.and(exponent.get, of(1))));
        fn.if(eqz(base.get), () => fn.emit(exponent.set(of(1))));
      });
      fn.while(is.ne(exponent.get, of(0)), () => {
        fn.if(is.ne(op.and(exponent.get, of(1)), of(0)), () => fn.emit(result.set(op.mul(result.get, base.get))));
        fn.emit(base.set(op.mul(base.get, base.get)), exponent.set(op.shrU(exponent.get, of(1))));
      });
      return result.get;
    }),
  };
}

export const integers32 = arithmetic({
  type: 'i32',
  of: i32.const,
  extend: (x) => x,
  eqz: i32.eqz,
  is: i32,
  op: i32,
});

export const integers64 = arithmetic({
  type: 'i64',
  of: (value) => i64.const(BigInt(value)),
  extend: i64.extendS,
  eqz: i64.eqz,
  is: i64,
  op: i64,
});
