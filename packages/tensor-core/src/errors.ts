/**
 * The error classes of Tenfold. Every error that a user can cause is one of them, has a stable `code`, and says what was asked, what was given
 * and what would work. Where PyTorch has a well-known sentence, the message begins with it.
 */

/** Base of every error that Tenfold raises on purpose. Each class states its name: bundlers rename classes. */
export class TenfoldError extends Error {
  static override readonly name: string = 'TenfoldError';

  /** A stable identifier for programs, such as `'SHAPE'` or `'DTYPE'`. */
  readonly code: string;

  constructor(message: string, code = 'TENFOLD', options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** Shapes, dims or sizes that do not fit the op. */
export class ShapeError extends TenfoldError {
  static override readonly name: string = 'ShapeError';

  constructor(message: string, options?: ErrorOptions) {
    super(message, 'SHAPE', options);
  }
}

/** A dtype that the op or the device does not take. */
export class DTypeError extends TenfoldError {
  static override readonly name: string = 'DTypeError';

  constructor(message: string, options?: ErrorOptions) {
    super(message, 'DTYPE', options);
  }
}

/** An unknown or unavailable device, or tensors of different devices in one op. */
export class DeviceError extends TenfoldError {
  static override readonly name: string = 'DeviceError';

  constructor(message: string, options?: ErrorOptions) {
    super(message, 'DEVICE', options);
  }
}

/** A dim or an element index out of range. */
export class IndexError extends TenfoldError {
  static override readonly name: string = 'IndexError';

  constructor(message: string, options?: ErrorOptions) {
    super(message, 'INDEX', options);
  }
}

/** A gradient that was asked for and cannot be given, or a broken rule of in-place modification. */
export class AutogradError extends TenfoldError {
  static override readonly name: string = 'AutogradError';

  constructor(message: string, options?: ErrorOptions) {
    super(message, 'AUTOGRAD', options);
  }
}

/** A program that cannot be written as an ONNX model. */
export class OnnxExportError extends TenfoldError {
  static override readonly name: string = 'OnnxExportError';

  constructor(message: string, options?: ErrorOptions) {
    super(message, 'ONNX_EXPORT', options);
  }
}

/** An ONNX model that is malformed, or that holds what can't be run here. */
export class OnnxModelError extends TenfoldError {
  static override readonly name: string = 'OnnxModelError';

  constructor(message: string, options?: ErrorOptions) {
    super(message, 'ONNX_MODEL', options);
  }
}

/** A file that cannot be read or written as asked. */
export class SerializationError extends TenfoldError {
  static override readonly name: string = 'SerializationError';

  constructor(message: string, options?: ErrorOptions) {
    super(message, 'SERIALIZATION', options);
  }
}

/** A failure inside a backend: out of memory, device lost, a kernel that is missing. */
export class BackendError extends TenfoldError {
  static override readonly name: string = 'BackendError';

  constructor(message: string, options?: ErrorOptions) {
    super(message, 'BACKEND', options);
  }
}

/** A value, option or argument that is not of the kind the function takes (the counterpart of Python's `TypeError`/`ValueError`). */
export class ArgumentError extends TenfoldError {
  static override readonly name: string = 'ArgumentError';

  constructor(message: string, options?: ErrorOptions) {
    super(message, 'ARGUMENT', options);
  }
}

/** Throws an {@link ArgumentError} if `options` has a key that is not in `known`; `where` names the function in the message. */
export function checkOptions(where: string, options: object | undefined, known: readonly string[]): void {
  if (options === undefined) return;
  if (options === null || typeof options !== 'object' || Array.isArray(options)) {
    throw new ArgumentError(
      `${where}: options must be an object such as { ${known[0] ?? ''}: … }, got ${describe(options)}`,
    );
  }
  // `in` rather than a list of keys: this runs on every call that has options
  for (const key in options) {
    if (!known.includes(key) && Object.hasOwn(options, key)) {
      const choices = known.length ? `known options: ${known.join(', ')}` : 'it takes no options';
      throw new ArgumentError(`${where}: unknown option '${key}'; ${choices}`);
    }
  }
}

/** A short description of any value for error messages: `'null'`, `'an array of 3'`, `"string 'abc'"`. */
export function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === 'string') return `string '${value.length > 40 ? `${value.slice(0, 40)}…` : value}'`;
  if (typeof value === 'object') return `an object (${value.constructor?.name ?? 'no prototype'})`;
  if (typeof value === 'function') return `a function${value.name ? ` (${value.name})` : ''}`;
  return `${typeof value} ${String(value)}`;
}
