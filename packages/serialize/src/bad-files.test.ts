/** Files that are damaged, forged or hostile: a `SerializationError` each time, and nothing else happens. */
import '@tenfold/backend-cpu/register';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { isTensor, SerializationError, type Tensor, tensor } from '@tenfold/tensor-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { concat, crc32, joined } from './bytes.ts';
import { fixture } from './fixtures.test-support.ts';
import { loadNpy, loadNpz, loadPt, loadSafetensors, packCheckpoint, unpackCheckpoint } from './index.ts';
import { type ZipInput, zipPieces } from './zip.ts';

type Load = (bytes: Uint8Array) => unknown;

const zipped: Load = (bytes) => loadPt(bytes);
/** Checksums would hide from the reader of pickles what was changed. */
const unchecked: Load = (bytes) => loadPt(bytes, { checkCrc: false });

const originals: [name: string, bytes: Uint8Array, load: Load][] = [
  ['reference.safetensors', fixture('reference.safetensors'), loadSafetensors],
  ['matrix.npy', fixture('matrix.npy'), loadNpy],
  ['version-3.npy', fixture('version-3.npy'), loadNpy],
  ['stored.npz', fixture('stored.npz'), (bytes) => loadNpz(bytes, { checkCrc: false })],
  ['deflated.npz', fixture('deflated.npz'), (bytes) => loadNpz(bytes, { checkCrc: false })],
  ['mlp.pt', fixture('mlp.pt'), zipped],
  ['mixed.pt', fixture('mixed.pt'), unchecked],
  ['mixed-protocol-4.pt', fixture('mixed-protocol-4.pt'), unchecked],
  ['mixed-before-1.6.pt', fixture('mixed-before-1.6.pt'), zipped],
];

beforeAll(async () => {
  const x = tensor([1, 2, 3]);
  const state = { model: { w: x, tied: x }, list: [1, Number.NaN, 2n ** 70n], map: new Map([[1, Float64Array.of(1)]]) };
  originals.push(['a checkpoint', await packCheckpoint(state), (bytes) => unpackCheckpoint(bytes)]);
});

const attempt = async (load: Load, bytes: Uint8Array): Promise<unknown> => {
  try {
    return await load(bytes);
  } catch (error) {
    return error;
  }
};

async function expectRefused(load: Load, bytes: Uint8Array, message: string | RegExp = ''): Promise<void> {
  const result = await attempt(load, bytes);
  expect(result).toBeInstanceOf(SerializationError);
  expect((result as Error).message).toMatch(message);
}

it('truncated at every 1 % of their length', async () => {
  for (const [name, bytes, load] of originals) {
    for (let percent = 0; percent < 100; percent++) {
      const cut = bytes.subarray(0, Math.floor((bytes.length * percent) / 100));
      expect(await attempt(load, cut), `${name} at ${percent} %`).toBeInstanceOf(SerializationError);
    }
  }
});

it('one byte short or long', async () => {
  for (const [name, bytes, load] of originals) {
    expect(await attempt(load, bytes.subarray(0, -1)), name).toBeInstanceOf(SerializationError);
    expect(await attempt(load, concat([bytes, Uint8Array.of(0)])), name).toBeInstanceOf(SerializationError);
  }
});

describe('10,000 mutants', () => {
  /** Numerical Recipes' generator: the same mutants each time. */
  let state = 1;
  const random = (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const interesting = [0, 1, 0x28, 0x2e, 0x30, 0x52, 0x5d, 0x61, 0x65, 0x71, 0x7d, 0x7f, 0x80, 0x8a, 0x94, 0xfe, 0xff];

  function mutant(original: Uint8Array): Uint8Array {
    const bytes = Uint8Array.from(original);
    for (let changes = 1 + random(3); changes > 0; changes--) {
      const at = random(bytes.length);
      const length = Math.min(1 + random(8), bytes.length - at);
      const kind = random(5);
      if (kind === 0) bytes[at] ^= 1 << random(8);
      else if (kind === 1) bytes[at] = interesting[random(interesting.length)];
      else if (kind === 2) bytes.fill(interesting[random(interesting.length)], at, at + length);
      else if (kind === 3) bytes.copyWithin(at, random(bytes.length), bytes.length);
      else bytes.set(bytes.slice(random(bytes.length)).subarray(0, length), at);
    }
    return random(8) === 0 ? bytes.subarray(0, random(bytes.length)) : bytes;
  }

  /** Each tensor lies within its storage. */
  function checkTensors(value: unknown, seen = new Set<unknown>()): void {
    if (value === null || typeof value !== 'object' || seen.has(value)) return;
    seen.add(value);
    if (isTensor(value)) {
      const { shape, strides, offset, storage } = value;
      const last = shape.reduce((sum, size, d) => sum + (size - 1) * strides[d], offset);
      if (value.numel() > 0 && !(last < storage.length))
        throw new Error(`a tensor reaches ${last} of ${storage.length}`);
    } else for (const item of value instanceof Map ? value.values() : Object.values(value)) checkTensors(item, seen);
  }

  it('are refused, or are files that are well-formed all the same', async () => {
    const count = 10_000;
    const before = process.memoryUsage.rss();
    let refused = 0;
    for (let i = 0; i < count; i++) {
      const [name, original, load] = originals[i % originals.length];
      const result = await attempt(load, mutant(original));
      if (result instanceof SerializationError) refused++;
      else if (result instanceof Error) throw new Error(`mutant ${i} of ${name}`, { cause: result });
      else checkTensors(result);
    }
    expect(refused).toBeGreaterThan(count / 2);
    expect(process.memoryUsage.rss() - before).toBeLessThan(400e6);
  });
});

describe('safetensors', () => {
  const file = (header: string, data = 0, length = header.length): Uint8Array => {
    const bytes = new Uint8Array(8 + header.length + data);
    new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
    bytes.set(new TextEncoder().encode(header), 8);
    return bytes;
  };
  const entry = (shape: unknown, offsets: unknown, dtype = 'F32'): string =>
    `{"dtype":"${dtype}","shape":${JSON.stringify(shape)},"data_offsets":${JSON.stringify(offsets)}}`;

  it.each<[what: string, bytes: Uint8Array, message: string | RegExp]>([
    ['nothing', new Uint8Array(), 'at least 8 bytes'],
    ['a header beyond the file', file('{}', 0, 100), 'the header has 100 bytes, but the file ends after 2 of them'],
    ['a header of 2^63 bytes', file('{}', 0, 2 ** 63), 'at most 100000000'],
    ['no object', file('[]'), "does not begin with '{'"],
    ['no JSON', file('{"x"}'), "expected ':' at position 4"],
    ['text after the object', file('{} {}'), 'more text'],
    ['text that is not UTF-8', concat([file('{"', 0, 5), Uint8Array.of(0xff, 0x22, 0x7d)]), 'not UTF-8'],
    ['a name twice', file(`{"x":${entry([1], [0, 4])},"x":${entry([1], [0, 4])}}`, 4), "the name 'x' a second time"],
    ['metadata twice', file('{"__metadata__":{"a":"b","a":"c"}}'), "the name 'a' a second time"],
    ['metadata that is no text', file('{"__metadata__":{"a":1}}'), 'not a string'],
    ['an unknown dtype', file(`{"x":${entry([1], [0, 4], 'F31')}}`, 4), "the dtype 'F31' is unknown"],
    ['a field too many', file('{"x":{"dtype":"U8","shape":[],"data_offsets":[0,1],"more":1}}', 1), 'and nothing else'],
    ['a field missing', file('{"x":{"dtype":"U8","shape":[]}}'), 'and nothing else'],
    ['a negative size', file(`{"x":${entry([-1], [0, 4])}}`, 4), 'in a shape'],
    ['a size that is no integer', file(`{"x":${entry([1.5], [0, 6])}}`, 6), 'in a shape'],
    ['sizes beyond 2^53', file(`{"x":${entry([2 ** 40, 2 ** 40], [0, 4])}}`, 4), 'too many elements'],
    ['65 dims', file(`{"x":${entry(Array(65).fill(1), [0, 4])}}`, 4), '65 dims'],
    ['a wrong size', file(`{"x":${entry([2], [0, 4])}}`, 4), 'hold 4 bytes, F32 of shape [2] has 8'],
    ['an end before the begin', file(`{"x":${entry([1], [4, 0])}}`, 4), 'hold -4 bytes'],
    ['a negative offset', file(`{"x":${entry([1], [-4, 0])}}`, 4), 'not two positions'],
    ['an offset beyond 2^53', file(`{"x":${entry([1], [2 ** 60, 2 ** 60 + 4])}}`, 4), 'not two positions'],
    ['three offsets', file(`{"x":${entry([1], [0, 4, 8])}}`, 8), 'not two positions'],
    ['offsets beyond the file', file(`{"x":${entry([2], [0, 8])}}`, 4), 'the tensors end at byte'],
    ['bytes of no tensor', file(`{"x":${entry([1], [0, 4])}}`, 5), 'the file at'],
    ['overlapping tensors', file(`{"x":${entry([2], [0, 8])},"y":${entry([2], [4, 12])}}`, 12), "'y' overlaps"],
    ['the same bytes twice', file(`{"x":${entry([1], [0, 4])},"y":${entry([1], [0, 4])}}`, 4), "'y' overlaps"],
    ['a gap', file(`{"x":${entry([1], [0, 4])},"y":${entry([1], [8, 12])}}`, 12), "'y' leaves a gap"],
    [
      'a bool of 2',
      concat([file(`{"x":${entry([1], [0, 1], 'BOOL')}}`), Uint8Array.of(2)]),
      'the byte 2 where a bool is',
    ],
    ['a million brackets', file(`{"x":${'['.repeat(1e6)}`), 'more than 16 levels'],
    ['a string without an end', file(`{"${'a'.repeat(1e6)}\\`), 'a string without an end'],
  ])('%s', (_, bytes, message) => expectRefused(loadSafetensors, bytes, message));

  it.each<[what: string, metadata: object, message: string]>([
    ['no checkpoint', {}, 'this is no checkpoint of Tenfold'],
    ['a later version', { 'tenfold.checkpoint': '2', 'tenfold.state': '1' }, 'a checkpoint of version 2'],
    ['no JSON', { 'tenfold.checkpoint': '1', 'tenfold.state': '{' }, 'its state is no JSON'],
    [
      '100,000 levels',
      { 'tenfold.checkpoint': '1', 'tenfold.state': `${'['.repeat(1e5)}${']'.repeat(1e5)}` },
      'more levels',
    ],
    ...(
      [
        [['tensor', 'x'], "the tensor string 'x' of its state is missing"],
        [['tensor', '__proto__'], 'is missing'],
        [['function', 'x'], "a value of kind string 'function'"],
        [['constructor', 'x'], "a value of kind string 'constructor'"],
        [['number', '1; process.exit()'], 'a number in its state'],
        [['bigint', '1'.repeat(1e6)], 'a bigint in its state'],
        [['map', [1]], 'something that is no list'],
        [['object', [1]], 'something that is no object'],
        ['tensor', 'something that is no list'],
      ] as const
    ).map(([value, message]): [string, object, string] => [
      JSON.stringify(value).slice(0, 50),
      { 'tenfold.checkpoint': '1', 'tenfold.state': JSON.stringify({ $: value }) },
      message,
    ]),
  ])('a checkpoint with %s', (_, metadata, message) =>
    expectRefused(unpackCheckpoint, file(JSON.stringify({ __metadata__: metadata })), message),
  );
});

const ascii = (text: string): Uint8Array => Uint8Array.from(text, (letter) => letter.charCodeAt(0));

async function* inputs(files: readonly ZipInput[]): AsyncGenerator<ZipInput> {
  yield* files;
}

const zip = (files: readonly ZipInput[], compress = false): Promise<Uint8Array> =>
  joined(zipPieces(inputs(files), compress));

describe('pickles', () => {
  const legacy = fixture('mixed-before-1.6.pt');
  /** Up to the value: the magic number, the version, and what is said of the machine. */
  const beginning = legacy.subarray(0, Buffer.from(legacy).indexOf('tensors') - 11);

  /** In the zip format, and in the one before it. */
  async function both(pickle: string | Uint8Array, message: string | RegExp): Promise<void> {
    const bytes = typeof pickle === 'string' ? ascii(pickle) : pickle;
    await expectRefused(loadPt, await zip([{ name: 'archive/data.pkl', bytes }]), message);
    // a list of no storages comes after the value
    await expectRefused(loadPt, concat([beginning, bytes, ascii('\x80\x02].')]), message);
  }

  const text = (value: string): string => `X${String.fromCharCode(value.length)}\0\0\0${value}`;
  const witness = join(tmpdir(), `tenfold-was-here-${process.pid}`);

  it.each([
    'os.system',
    'posix.system',
    'builtins.eval',
    '__builtin__.eval',
    'builtins.exec',
    'builtins.getattr',
    'subprocess.Popen',
    'torch.load',
    'torch.hub.load',
    'runpy.run_path',
    'constructor.constructor',
    'process.exit',
  ])('%s is not called', async (full) => {
    const [module, name] = full.split(/\.(?=[^.]*$)/);
    const argument = text(`touch ${witness}`);
    const message = `the file asks for '${full}', which is not on the list`;
    await both(`\x80\x02c${module}\n${name}\n${argument}\x85R.`, message);
    // by the stack, as protocol 4 does
    await both(
      `\x80\x04\x8c${String.fromCharCode(module.length)}${module}\x8c${String.fromCharCode(name.length)}${name}\x93${argument}\x85R.`,
      message,
    );
    expect(existsSync(witness)).toBe(false);
  });

  it.each<[what: string, pickle: string, message: string]>([
    ['INST, which calls', '\x80\x02(X\x02\0\0\0idios\nsystem\n.', 'the opcode 0x69 is not understood'],
    ['OBJ, which calls', '\x80\x02(o.', 'the opcode 0x6f'],
    ['NEWOBJ, which calls', '\x80\x02ccollections\nOrderedDict\n)\x81.', 'the opcode 0x81'],
    ['EXT1, which looks up a registry', '\x80\x02\x82\x01.', 'the opcode 0x82'],
    ['a call of a string', `\x80\x02${text('eval')})R.`, 'a call of what can not be called'],
    ['a call of a storage class', '\x80\x02ctorch\nFloatStorage\n)R.', 'a call of what can not be called'],
    ['a storage class as the value', '\x80\x02ctorch\nFloatStorage\n.', 'as a value'],
    ['attributes for a list', '\x80\x02]}b.', 'attributes for what has none'],
    ['a storage that is none', '\x80\x02)Q.', 'a reference to a storage'],
    ['a tensor of nothing', '\x80\x02ctorch._utils\n_rebuild_tensor_v2\n)R.', 'a tensor'],
    ['a parameter of nothing', '\x80\x02ctorch._utils\n_rebuild_parameter\n)R.', 'a Parameter'],
    ['a later protocol', '\x80\x06N.', 'a protocol after 5'],
    ['no end', '\x80\x02N', 'ends too early'],
    ['nothing', '\x80\x02.', 'a value is missing'],
    ['items without a mark', '\x80\x02]e.', 'a mark is missing'],
    ['items for a number', '\x80\x02K\x01(K\x01e.', 'for what is no list'],
    ['a key without a value', '\x80\x02}(K\x01u.', 'a key without a value'],
    ['what lies below a mark', '\x80\x02K\x01(0.', 'a value is missing'],
    ['what was not remembered', '\x80\x02h\x07.', 'nothing was remembered under 7'],
    ['a line without an end', '\x80\x02cos', 'a line without an end'],
    ['a string of 4 GiB', '\x80\x02X\xff\xff\xff\xff.', 'ends too early'],
    ['bytes of 2^63', '\x80\x04\x8e\0\0\0\0\0\0\0\x80.', 'ends too early'],
    ['an integer of 2 GiB', '\x80\x02\x8b\0\0\0\x80.', 'an integer of 2147483648 bytes'],
    ['an integer of 2 kB', `\x80\x02\x8b\0\x08\0\0${'\x01'.repeat(2048)}.`, 'an integer of 2048 bytes'],
    ['text that is not UTF-8', '\x80\x02X\x01\0\0\0\xff.', 'not UTF-8'],
    ['1.1 million lists', `\x80\x02${']'.repeat(1.1e6)}.`, 'more than 1048576 objects'],
    ['100,000 lists in each other', `\x80\x02${']'.repeat(1e5)}${'a'.repeat(1e5 - 1)}.`, 'more than 500 levels'],
    [
      'a long text turned into bytes 10,000 times',
      `\x80\x02c_codecs\nencode\nq\x00X\x00\x00\x02\x00${'a'.repeat(2 ** 17)}q\x01${text('latin1')}q\x020${'h\x00h\x01h\x02\x86R0'.repeat(1e4)}.`,
      'calls with too much to do',
    ],
    // a list of two of a list of two …: its text would have 2^60 parts
    ['a name of 2^60 parts', `\x80\x04${nested(60)}2\x93.`, 'a name that is no text'],
    ['a device of 2^60 parts', `\x80\x04ctorch\ndevice\n${nested(60)}\x85R.`, 'a torch.device'],
    [
      'a shape of 2^60 parts',
      `\x80\x04ctorch._utils\n_rebuild_tensor_v2\n(${nested(60)}${nested(1)}K\x00NNtR.`,
      'a tensor',
    ],
  ])('%s', (_, pickle, message) => both(pickle, message));

  /** Puts a list on the stack that contains one twice, which contains one twice, and so on. */
  function nested(depth: number): string {
    const twice = (i: number): string => {
      const memo = String.fromCharCode(i);
      // remember it, drop it, and put it twice in a new list
      return `q${memo}0](h${memo}h${memo}e`;
    };
    return `]${Array.from({ length: depth }, (_, i) => twice(i)).join('')}`;
  }

  it('a list that contains itself is such an array, and one of 2^60 parts is no larger than its file', async () => {
    const self = (await loadPt(
      await zip([{ name: 'a/data.pkl', bytes: ascii('\x80\x02]q\x00h\x00a.') }]),
    )) as unknown[];
    expect(self[0]).toBe(self);
    const shared = (await loadPt(
      await zip([{ name: 'a/data.pkl', bytes: ascii(`\x80\x02${nested(60)}.`) }]),
    )) as unknown[];
    expect(shared[0]).toBe(shared[1]);
  });

  const int = (value: number): string => `J${String.fromCharCode(...new Uint8Array(Int32Array.of(value).buffer))}`;
  const tuple = (...items: string[]): string => `(${items.join('')}t`;
  const storage = (count: number, key = '0', type = 'FloatStorage'): string =>
    `${tuple(text('storage'), `ctorch\n${type}\n`, text(key), text('cpu'), int(count))}Q`;
  const rebuilt = (ref: string, offset: string, size: string, stride: string): string =>
    `\x80\x02ctorch._utils\n_rebuild_tensor_v2\n${tuple(ref, offset, size, stride, '\x89', 'N')}R.`;
  const file = (pickle: string, bytes = 16): Promise<Uint8Array> =>
    zip([
      { name: 'a/data.pkl', bytes: ascii(pickle) },
      { name: 'a/data/0', bytes: new Uint8Array(bytes) },
    ]);

  it('a tensor within its storage is read', async () => {
    const x = (await loadPt(await file(rebuilt(storage(4), int(1), tuple(int(3)), tuple(int(1)))))) as Tensor;
    expect([x.shape, x.offset, x.storage.length]).toEqual([[3], 1, 4]);
  });

  it.each<[what: string, pickle: string, message: string]>([
    [
      'a tensor beyond its storage',
      rebuilt(storage(4), int(1), tuple(int(4)), tuple(int(1))),
      'reaches element 4 of a storage of 4',
    ],
    [
      'strides beyond the storage',
      rebuilt(storage(4), int(0), tuple(int(2), int(2)), tuple(int(3), int(1))),
      'reaches element 4',
    ],
    ['a negative offset', rebuilt(storage(4), int(-1), tuple(int(1)), tuple(int(1))), 'a tensor'],
    ['a negative stride', rebuilt(storage(4), int(3), tuple(int(2)), tuple(int(-1))), 'a tensor'],
    ['a negative size', rebuilt(storage(4), int(0), tuple(int(-1)), tuple(int(1))), 'in a shape'],
    ['fewer strides than sizes', rebuilt(storage(4), int(0), tuple(int(1), int(1)), tuple(int(1))), 'a tensor'],
    [
      'sizes beyond 2^53',
      rebuilt(storage(4), int(0), tuple(int(2 ** 30), int(2 ** 30)), tuple(int(0), int(0))),
      'too many elements',
    ],
    [
      'a storage of another size',
      rebuilt(storage(2 ** 31 - 1), int(0), tuple(int(1)), tuple(int(1))),
      "the storage '0' has 16 bytes",
    ],
    ['a negative storage', rebuilt(storage(-4), int(0), tuple(int(1)), tuple(int(1))), 'a reference to a storage'],
    [
      'a storage that is missing',
      rebuilt(storage(4, '1'), int(0), tuple(int(1)), tuple(int(1))),
      "the storage '1' is missing",
    ],
    [
      'a path as a storage',
      rebuilt(storage(4, '../../../etc/passwd'), int(0), tuple(int(1)), tuple(int(1))),
      "the storage '../../../etc/passwd' is missing",
    ],
    [
      'a storage of complex numbers',
      rebuilt(storage(2, '0', 'ComplexFloatStorage'), int(0), tuple(int(1)), tuple(int(1))),
      "'torch.ComplexFloatStorage', which is not on the list",
    ],
    ['a storage of two dtypes', `\x80\x02${storage(4)}0${storage(4, '0', 'IntStorage')}.`, "two storages '0'"],
    [
      'a whole module',
      '\x80\x02ctorch.nn.modules.linear\nLinear\n)\x81}b.',
      'save model.state_dict() and plain values',
    ],
  ])('%s', async (_, pickle, message) => expectRefused(loadPt, await file(pickle), message));

  it('bools that are none', async () => {
    const bytes = Buffer.from(
      await file(rebuilt(storage(4, '0', 'BoolStorage'), int(0), tuple(int(4)), tuple(int(1))), 4),
    );
    bytes[bytes.indexOf('a/data/0') + 8] = 7;
    await expectRefused(unchecked, bytes, 'the byte 7 where a bool is 0 or 1');
    await expectRefused(loadPt, bytes, 'the checksum (CRC-32) is wrong');
  });
});

describe('zip files', () => {
  const local = 0x04034b50;
  const central = 0x02014b50;
  const end = 0x06054b50;

  /** A copy with fields changed: a signature, which of the records that begin so, a field's place and its new bytes. */
  function patched(
    bytes: Uint8Array,
    ...changes: readonly [signature: number, index: number, field: number, ...values: number[]][]
  ): Uint8Array {
    const copy = Buffer.from(bytes);
    for (const [signature, index, field, ...values] of changes) {
      const mark = Buffer.from(Uint32Array.of(signature).buffer);
      let at = -1;
      for (let i = 0; i <= index; i++) at = copy.indexOf(mark, at + 1);
      copy.set(values, at + field);
    }
    return copy;
  }
  const u32 = (value: number): number[] => [...new Uint8Array(Uint32Array.of(value).buffer)];
  const npy = fixture('matrix.npy');
  const two = (): Promise<Uint8Array> =>
    zip([
      { name: 'a.npy', bytes: npy },
      { name: 'b.npy', bytes: npy },
    ]);
  const load: Load = (bytes) => loadNpz(bytes);

  it('the file that is damaged below is read', async () => {
    expect(Object.keys(await loadNpz(await two()))).toEqual(['a', 'b']);
  });

  it.each<[what: string, changes: Parameters<typeof patched>[1][], message: string]>([
    ['an encrypted entry', [[central, 0, 8, 1]], 'it is encrypted'],
    ['an unknown method', [[central, 0, 10, 12]], 'compression method 12'],
    ['another method in the local header', [[local, 0, 8, 8]], 'says something else'],
    ['another name in the local header', [[local, 0, 30, 0x62]], 'has another name'],
    [
      'a name twice',
      [
        [central, 1, 46, 0x61],
        [local, 1, 30, 0x61],
      ],
      "two entries are named 'a.npy'",
    ],
    ['stored with two sizes', [[central, 0, 24, ...u32(1)]], 'stored, but with sizes'],
    [
      'bytes beyond the list of entries',
      [
        [central, 1, 20, ...u32(1e6)],
        [central, 1, 24, ...u32(1e6)],
      ],
      'beyond the end',
    ],
    ['a header beyond the list of entries', [[central, 1, 42, ...u32(1e9)]], 'beyond the end'],
    ['a header where none is', [[central, 0, 42, ...u32(3)]], 'is missing'],
    ['a wrong checksum', [[central, 0, 16, 0, 0, 0, 0]], 'checksum'],
    [
      'overlapping entries',
      [
        [central, 0, 20, ...u32(280)],
        [central, 0, 24, ...u32(280)],
      ],
      'overlap',
    ],
    ['more entries than there are', [[end, 0, 10, 3]], 'in 102 bytes'],
    ['fewer entries than there are', [[end, 0, 10, 1]], 'more than its entries'],
    ['60,000 entries', [[end, 0, 10, 96, 234]], 'a list of 60000 entries'],
    ['a list beyond its end', [[end, 0, 16, ...u32(1e6)]], 'beyond its end'],
    ['a size of 4 GiB', [[central, 0, 24, ...u32(0xffffffff)]], 'stored, but with sizes 176 and 4294967295'],
    ['a zip64 end that is missing', [[end, 0, 16, ...u32(0xffffffff)]], 'zip64 record is missing'],
    ['several disks', [[end, 0, 4, 1]], 'several parts'],
  ])('%s', async (_, changes, message) => expectRefused(load, patched(await two(), ...changes), message));

  it('what is no .npy file', async () => {
    await expectRefused(load, await zip([{ name: 'a.txt', bytes: npy }]), "'a.txt' is no .npy file");
    await expectRefused(load, await zip([{ name: 'a.npy', bytes: ascii('hello, world') }]), 'this is no .npy file');
    await expectRefused(load, npy, 'no end of a zip file');
    await expectRefused(loadPt, await two(), 'no data.pkl of torch.save');
    await expectRefused(loadPt, npy, 'this is no file of torch.save');
  });

  describe('bombs', () => {
    /** A deflated entry of `size` zeros that says what it likes. */
    async function bomb(size: number, declared: number): Promise<Uint8Array> {
      const deflated = deflateRawSync(Buffer.alloc(size));
      const stored = await zip([{ name: 'a.npy', bytes: deflated }]);
      const crc = u32(size < 1e6 ? crc32(new Uint8Array(size)) : 0);
      return patched(
        stored,
        [local, 0, 8, 8],
        [central, 0, 10, 8],
        [central, 0, 16, ...crc],
        [central, 0, 24, ...u32(declared)],
      );
    }

    it('70 MB of zeros in 70 kB', async () => {
      const bytes = await bomb(70e6, 70e6);
      expect(bytes.length).toBeLessThan(75e3);
      const before = process.memoryUsage.rss();
      await expectRefused(load, bytes, /bytes would inflate to 70000000; more than 67108864 need the option maxBytes/);
      expect(process.memoryUsage.rss() - before).toBeLessThan(50e6);
    });

    it('more than it declares, and less', async () => {
      await expectRefused(load, await bomb(20e6, 1000), 'it has more than the 1000 bytes that it declares');
      await expectRefused(load, await bomb(1000, 2000), 'it has 1000 bytes, not the 2000');
    });

    it('more than deflate can do', async () => {
      await expectRefused(load, await bomb(1000, 4e9), /bytes can't inflate to 4000000000/);
    });

    it('within the limit that is given', async () => {
      await expectRefused((bytes) => loadNpz(bytes, { maxBytes: 999 }), await bomb(1000, 1000), 'more than 999 need');
    });

    it('a thousand entries of the same bytes', async () => {
      // every entry of the list names the header of the first
      const name = (i: number): string => `${String(i).padStart(4, '0')}.npy`;
      const files = Array.from({ length: 1000 }, (_, i) => ({ name: name(i), bytes: npy }));
      const bytes = patched(await zip(files), [central, 1, 42, 0, 0, 0, 0], [central, 1, 46, ...ascii(name(0))]);
      await expectRefused(load, bytes, 'two entries are named');
    });
  });
});
