/** Scalar integer arithmetic that has no vector instructions, as functions of a module. */
import { type Callable, i32, i64, type ModuleBuilder, select, type Value } from './assembler.ts';

type Binary<T extends 'i32' | 'i64'> = (x: Value<T>, y: Value<T>) => Value<T>;

const called =
  <T extends 'i32' | 'i64'>(call: Callable<readonly [T, T], T>): Binary<T> =>
  (x, y) =>
    call(x, y) as Value<T>;

/** Raises the error of a division by zero. */
const raise = (module: ModuleBuilder): Value<'i32'> => module.import('divideByZero', [], 'i32')();

/** Towards zero. The smallest integer by -1 wraps. */
export const divide32 = (module: ModuleBuilder): Binary<'i32'> =>
  called(
    module.once('divide32', () =>
      module.define({ parameters: ['i32', 'i32'], result: 'i32' }, (fn) => {
        const [x, y] = [fn.parameter(0, 'i32').get, fn.parameter(1, 'i32').get];
        const result = fn.local('i32');
        fn.if(i32.eqz(y), () => fn.emit(result.set(raise(module))));
        fn.if(
          i32.eq(y, i32.const(-1)),
          () => fn.emit(result.set(i32.sub(i32.const(0), x))),
          () => fn.emit(result.set(i32.divS(x, y))),
        );
        return result.get;
      }),
    ),
  );

export const divide64 = (module: ModuleBuilder): Binary<'i64'> =>
  called(
    module.once('divide64', () =>
      module.define({ parameters: ['i64', 'i64'], result: 'i64' }, (fn) => {
        const [x, y] = [fn.parameter(0, 'i64').get, fn.parameter(1, 'i64').get];
        const result = fn.local('i64');
        fn.if(i64.eqz(y), () => fn.emit(result.set(i64.extendS(raise(module)))));
        fn.if(
          i64.eq(y, i64.const(-1n)),
          () => fn.emit(result.set(i64.sub(i64.const(0n), x))),
          () => fn.emit(result.set(i64.divS(x, y))),
        );
        return result.get;
      }),
    ),
  );

/** With the sign of the dividend. */
export const remainder32 = (module: ModuleBuilder): Binary<'i32'> =>
  called(
    module.once('remainder32', () =>
      module.define({ parameters: ['i32', 'i32'], result: 'i32' }, (fn) => {
        const [x, y] = [fn.parameter(0, 'i32').get, fn.parameter(1, 'i32').get];
        fn.if(i32.eqz(y), () => fn.emit(fn.local('i32').set(raise(module))));
        return i32.remS(x, y);
      }),
    ),
  );

export const remainder64 = (module: ModuleBuilder): Binary<'i64'> =>
  called(
    module.once('remainder64', () =>
      module.define({ parameters: ['i64', 'i64'], result: 'i64' }, (fn) => {
        const [x, y] = [fn.parameter(0, 'i64').get, fn.parameter(1, 'i64').get];
        fn.if(i64.eqz(y), () => fn.emit(fn.local('i32').set(raise(module))));
        return i64.remS(x, y);
      }),
    ),
  );

/** By squaring, wrapping. To a negative power all but ±1 are 0. */
export const power32 = (module: ModuleBuilder): Binary<'i32'> =>
  called(
    module.once('power32', () =>
      module.define({ parameters: ['i32', 'i32'], result: 'i32' }, (fn) => {
        const [base, exponent] = [fn.parameter(0, 'i32'), fn.parameter(1, 'i32')];
        const result = fn.variable(i32.const(1));
        const unit = i32.leU(i32.add(base.get, i32.const(1)), i32.const(2));
        const isUnit = i32.and(unit, i32.ne(base.get, i32.const(0)));
        fn.if(i32.ltS(exponent.get, i32.const(0)), () => {
          // ±1 is its own inverse
          fn.emit(base.set(select(base.get, i32.const(0), isUnit)), exponent.set(i32.and(exponent.get, i32.const(1))));
          fn.if(i32.eqz(base.get), () => fn.emit(exponent.set(i32.const(1))));
        });
        fn.while(i32.ne(exponent.get, i32.const(0)), () => {
          fn.if(i32.and(exponent.get, i32.const(1)), () => fn.emit(result.set(i32.mul(result.get, base.get))));
          fn.emit(base.set(i32.mul(base.get, base.get)), exponent.set(i32.shrU(exponent.get, i32.const(1))));
        });
        return result.get;
      }),
    ),
  );

export const power64 = (module: ModuleBuilder): Binary<'i64'> =>
  called(
    module.once('power64', () =>
      module.define({ parameters: ['i64', 'i64'], result: 'i64' }, (fn) => {
        const [base, exponent] = [fn.parameter(0, 'i64'), fn.parameter(1, 'i64')];
        const result = fn.variable(i64.const(1n));
        const unit = i64.leU(i64.add(base.get, i64.const(1n)), i64.const(2n));
        const isUnit = i32.and(unit, i64.ne(base.get, i64.const(0n)));
        fn.if(i64.ltS(exponent.get, i64.const(0n)), () => {
          // ±1 is its own inverse
          fn.emit(
            base.set(select(base.get, i64.const(0n), isUnit)),
            exponent.set(i64.and(exponent.get, i64.const(1n))),
          );
          fn.if(i64.eqz(base.get), () => fn.emit(exponent.set(i64.const(1n))));
        });
        fn.while(i64.ne(exponent.get, i64.const(0n)), () => {
          fn.if(i32.wrap(i64.and(exponent.get, i64.const(1n))), () =>
            fn.emit(result.set(i64.mul(result.get, base.get))),
          );
          fn.emit(base.set(i64.mul(base.get, base.get)), exponent.set(i64.shrU(exponent.get, i64.const(1n))));
        });
        return result.get;
      }),
    ),
  );
