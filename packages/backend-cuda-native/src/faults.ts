/** What kernels report from the device, where nothing can throw: raised by the next read. */
import { ArgumentError, IndexError, type TenfoldError } from '@tenfold/tensor-core';

export interface Fault {
  /** The error of the call that met it, made when the device is read. */
  error(value: number): TenfoldError;
}

/** The error of an integer division by zero, in Python's words. */
export const zeroDivision: Fault = {
  error: () => new ArgumentError('ZeroDivisionError: integer division or modulo by zero'),
};

/** The error of an index that is out of range, in PyTorch's words. */
export const indexFault = (size: number, dim: number): Fault => ({
  error: (value) => new IndexError(`index ${value} is out of bounds for dimension ${dim} with size ${size}`),
});
