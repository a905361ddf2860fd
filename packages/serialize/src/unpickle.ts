/**
 * Reads Python's pickles as data (https://docs.python.org/3/library/pickletools.html). A pickle is a program for a small stack machine, which could call any function of Python; this
 * machine has no functions but those of a table that the caller gives, and builds lists, dicts and numbers. It knows nothing of tensors.
 */
import { describe } from '@tenfold/tensor-core';
import { bad, utf8 } from './bytes.ts';

/** A Python tuple. Lists are arrays. */
export class Tuple {
  readonly items: readonly unknown[];
  constructor(items: readonly unknown[]) {
    this.items = items;
  }
}

/** A Python dict. */
export class Dict {
  readonly entries = new Map<unknown, unknown>();
}

/** What a pickle may call. */
export class Callable {
  readonly call: (args: readonly unknown[]) => unknown;
  constructor(call: (args: readonly unknown[]) => unknown) {
    this.call = call;
  }
}

/** What names and persistent ids in a pickle stand for. */
export interface PickleContext {
  /** By module and name: `'collections.OrderedDict'`. A name that is missing ends the reading. */
  readonly globals: ReadonlyMap<string, unknown>;
  persistent?(id: unknown): unknown;
}

/** The most lists, tuples, dicts and calls of a pickle: a byte can make one, which takes a hundred. */
const maxObjects = 2 ** 20;

/** The most letters and items that all calls are given: a long list can be remembered, and given to a call of a few bytes again and again. */
const maxGiven = 2 ** 24;

/** The longest integer in bytes: their conversion takes time that grows faster than they. */
const maxLong = 1024;

/** Marks are places in the stack where a list of arguments begins. */
class Machine {
  readonly where: string;
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly context: PickleContext;
  at: number;
  readonly #stack: unknown[] = [];
  readonly #marks: number[] = [];
  readonly #memo = new Map<number, unknown>();
  #objects = 0;
  #given = 0;

  constructor(where: string, bytes: Uint8Array, at: number, context: PickleContext) {
    this.where = where;
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.at = at;
    this.context = context;
  }

  fail(problem: string): never {
    throw bad(this.where, `${problem} (byte ${this.at} of the pickle)`);
  }

  /** The position of the next `length` bytes, which are then behind us. */
  skip(length: number): number {
    if (!(length <= this.bytes.length - this.at)) this.fail('the pickle ends too early');
    const { at } = this;
    this.at += length;
    return at;
  }

  u8 = (): number => this.bytes[this.skip(1)];
  u16 = (): number => this.view.getUint16(this.skip(2), true);
  u32 = (): number => this.view.getUint32(this.skip(4), true);
  u64 = (): number => Number(this.view.getBigUint64(this.skip(8), true));

  take(length: number): Uint8Array {
    const at = this.skip(length);
    return this.bytes.subarray(at, at + length);
  }

  text = (length: number): string => utf8(this.where, this.take(length));

  /** Text up to the end of the line. */
  line(): string {
    const end = this.bytes.indexOf(0x0a, this.at);
    if (end < 0) this.fail('a line without an end');
    const text = this.text(end - this.at);
    this.at++;
    return text;
  }

  /** An integer of two's complement: a number where it is exact, else a bigint. */
  long(length: number): number | bigint {
    if (length > maxLong) this.fail(`an integer of ${length} bytes`);
    const bytes = this.take(length);
    if (length === 0) return 0;
    let hex = '';
    for (let i = length - 1; i >= 0; i--) hex += bytes[i].toString(16).padStart(2, '0');
    const value = BigInt.asIntN(8 * length, BigInt(`0x${hex}`));
    return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  }

  push(value: unknown): void {
    this.#stack.push(value);
  }

  /** Pushes something that takes room of its own. */
  make(value: unknown): void {
    if (++this.#objects > maxObjects) this.fail(`more than ${maxObjects} objects`);
    this.push(value);
  }

  mark(): void {
    this.#marks.push(this.#stack.length);
  }

  /** What lies above the last mark counts only up to that mark. */
  #floor(): number {
    return this.#marks.at(-1) ?? 0;
  }

  pop(): unknown {
    if (this.#stack.length <= this.#floor()) this.fail('a value is missing');
    return this.#stack.pop();
  }

  top(): unknown {
    if (this.#stack.length <= this.#floor()) this.fail('a value is missing');
    return this.#stack.at(-1);
  }

  popToMark(): unknown[] {
    const mark = this.#marks.pop();
    if (mark === undefined) return this.fail('a mark is missing');
    return this.#stack.splice(mark);
  }

  popMany(count: number): unknown[] {
    const items = Array.from({ length: count }, () => this.pop());
    return items.reverse();
  }

  remember(index = this.#memo.size): void {
    this.#memo.set(index, this.top());
  }

  recall(index: number): void {
    if (!this.#memo.has(index)) this.fail(`nothing was remembered under ${index}`);
    this.push(this.#memo.get(index));
  }

  global(module: unknown, name: unknown): void {
    const { globals } = this.context;
    // only strings are put into text: a list can contain itself a billion times over
    if (typeof module !== 'string' || typeof name !== 'string') this.fail('a name that is no text');
    const full = `${module}.${name}`;
    if (!globals.has(full)) {
      this.fail(
        `the file asks for '${full.slice(0, 200)}', which is not on the list of what tensors need, and nothing else is ever looked up or run; ` +
          'save model.state_dict() and plain values, not whole objects',
      );
    }
    this.push(globals.get(full));
  }

  call(): void {
    const args = this.pop();
    const callee = this.pop();
    if (!(callee instanceof Callable) || !(args instanceof Tuple)) this.fail('a call of what can not be called');
    for (const arg of args.items) this.#given += lengthOf(arg);
    if (this.#given > maxGiven) this.fail('calls with too much to do');
    this.make(callee.call(args.items));
  }

  list(): unknown[] {
    const list = this.top();
    return Array.isArray(list) ? list : this.fail(`items for what is no list but ${describe(list)}`);
  }

  setItems(items: readonly unknown[]): void {
    const dict = this.top();
    if (!(dict instanceof Dict)) this.fail(`items for what is no dict but ${describe(dict)}`);
    if (items.length % 2 !== 0) this.fail('a key without a value');
    for (let i = 0; i < items.length; i += 2) dict.entries.set(items[i], items[i + 1]);
  }

  /** The attributes that an OrderedDict carries (`_metadata` of a state dict) are left out; nothing else has any. */
  build(): void {
    this.pop();
    if (!(this.top() instanceof Dict)) this.fail('attributes for what has none');
  }

  persistent(): void {
    const { persistent } = this.context;
    if (!persistent) this.fail('a persistent id where there is none');
    this.make(persistent(this.pop()));
  }
}

function lengthOf(x: unknown): number {
  if (typeof x === 'string' || Array.isArray(x)) return x.length;
  return x instanceof Tuple ? x.items.length : 1;
}

function addOne(m: Machine): void {
  const item = m.pop();
  m.list().push(item);
}

function addAll(m: Machine): void {
  const items = m.popToMark();
  const list = m.list();
  for (const item of items) list.push(item);
}

function addToSet(m: Machine): void {
  const items = m.popToMark();
  const set = m.top();
  if (!(set instanceof Set)) m.fail('items for what is no set');
  for (const item of items) set.add(item);
}

function makeDict(m: Machine): void {
  const items = m.popToMark();
  m.make(new Dict());
  m.setItems(items);
}

/** Every opcode that is understood, by its byte; names are those of Python's pickletools. Text protocols 0 and 1 are not: PyTorch writes 2 and later ones. */
const opcodes = new Map<number, (m: Machine) => void>([
  [0x80, (m) => m.u8() <= 5 || m.fail('a protocol after 5')], // PROTO
  [0x95, (m) => void m.skip(8)], // FRAME
  [0x28, (m) => m.mark()], // MARK
  [0x30, (m) => void m.pop()], // POP
  [0x31, (m) => void m.popToMark()], // POP_MARK
  [0x32, (m) => m.push(m.top())], // DUP
  [0x4e, (m) => m.push(null)], // NONE
  [0x88, (m) => m.push(true)], // NEWTRUE
  [0x89, (m) => m.push(false)], // NEWFALSE
  [0x4a, (m) => m.push(m.view.getInt32(m.skip(4), true))], // BININT
  [0x4b, (m) => m.push(m.u8())], // BININT1
  [0x4d, (m) => m.push(m.u16())], // BININT2
  [0x8a, (m) => m.push(m.long(m.u8()))], // LONG1
  [0x8b, (m) => m.push(m.long(m.u32()))], // LONG4
  [0x47, (m) => m.push(m.view.getFloat64(m.skip(8)))], // BINFLOAT
  [0x58, (m) => m.push(m.text(m.u32()))], // BINUNICODE
  [0x8c, (m) => m.push(m.text(m.u8()))], // SHORT_BINUNICODE
  [0x8d, (m) => m.push(m.text(m.u64()))], // BINUNICODE8
  [0x54, (m) => m.push(m.text(m.u32()))], // BINSTRING, as Python 2 wrote names
  [0x55, (m) => m.push(m.text(m.u8()))], // SHORT_BINSTRING
  [0x42, (m) => m.make(m.take(m.u32()).slice())], // BINBYTES
  [0x43, (m) => m.make(m.take(m.u8()).slice())], // SHORT_BINBYTES
  [0x8e, (m) => m.make(m.take(m.u64()).slice())], // BINBYTES8
  [0x29, (m) => m.make(new Tuple([]))], // EMPTY_TUPLE
  [0x85, (m) => m.make(new Tuple(m.popMany(1)))], // TUPLE1
  [0x86, (m) => m.make(new Tuple(m.popMany(2)))], // TUPLE2
  [0x87, (m) => m.make(new Tuple(m.popMany(3)))], // TUPLE3
  [0x74, (m) => m.make(new Tuple(m.popToMark()))], // TUPLE
  [0x5d, (m) => m.make([])], // EMPTY_LIST
  [0x6c, (m) => m.make(m.popToMark())], // LIST
  [0x61, addOne], // APPEND
  [0x65, addAll], // APPENDS
  [0x7d, (m) => m.make(new Dict())], // EMPTY_DICT
  [0x64, makeDict], // DICT
  [0x73, (m) => m.setItems(m.popMany(2))], // SETITEM
  [0x75, (m) => m.setItems(m.popToMark())], // SETITEMS
  [0x8f, (m) => m.make(new Set())], // EMPTY_SET
  [0x90, addToSet], // ADDITEMS
  [0x91, (m) => m.make(new Set(m.popToMark()))], // FROZENSET
  [0x71, (m) => m.remember(m.u8())], // BINPUT
  [0x72, (m) => m.remember(m.u32())], // LONG_BINPUT
  [0x94, (m) => m.remember()], // MEMOIZE
  [0x68, (m) => m.recall(m.u8())], // BINGET
  [0x6a, (m) => m.recall(m.u32())], // LONG_BINGET
  [0x63, (m) => m.global(m.line(), m.line())], // GLOBAL
  [0x93, (m) => m.global(...(m.popMany(2) as [unknown, unknown]))], // STACK_GLOBAL
  [0x52, (m) => m.call()], // REDUCE
  [0x62, (m) => m.build()], // BUILD
  [0x51, (m) => m.persistent()], // BINPERSID
]);

const stop = 0x2e;

/**
 * The value of the pickle that begins at `at`, and where it ends.
 * @throws SerializationError if it is cut short, breaks the rules, or asks for a name that isn't in the table.
 */
export function unpickle(
  where: string,
  bytes: Uint8Array,
  at: number,
  context: PickleContext,
): { readonly value: unknown; readonly end: number } {
  const machine = new Machine(where, bytes, at, context);
  for (let code = machine.u8(); code !== stop; code = machine.u8()) {
    const run = opcodes.get(code);
    if (!run) machine.fail(`the opcode 0x${code.toString(16)} is not understood`);
    else run(machine);
  }
  return { value: machine.pop(), end: machine.at };
}
