/**
 * Zip files (APPNOTE 6.3 of PKWARE), stored or deflated, beyond 4 GiB too. The streams of the platform inflate and deflate. Nothing is believed before it is checked: every entry is
 * compared with its local header, no two share bytes, and no more is inflated than an entry declares and the limits allow.
 */
import { ArgumentError, describe } from '@tenfold/tensor-core';
import { type ByteSource, bad, concat, crc32, room, utf8 } from './bytes.ts';

/** One file in a zip file. */
export interface ZipEntry {
  readonly name: string;
  readonly size: number;
  readonly compressedSize: number;
  readonly deflated: boolean;
  readonly crc: number;
  /** Where its bytes begin. */
  readonly start: number;
}

/** Options of reading zip files. */
export interface ZipLimits {
  /** The most bytes that all deflated entries may have when they are inflated. Default: 100 times the file's size, at least 64 MiB. */
  maxBytes?: number | undefined;
  /** Whether checksums are compared. Default true. */
  checkCrc?: boolean | undefined;
}

const signatures = { local: 0x04034b50, central: 0x02014b50, end: 0x06054b50, end64: 0x06064b50, locator: 0x07064b50 };
const full16 = 0xffff;
const full32 = 0xffffffff;
const lengths = { local: 30, central: 46, end: 22, end64: 56, locator: 20 };

/** The longest list of entries that is read. */
const maxDirectory = 2 ** 26;
/** Deflate makes of one byte at most so many. */
const maxRatio = 1032;

/** A zip file whose list of entries has been read and checked. */
export class ZipFile {
  readonly entries: ReadonlyMap<string, ZipEntry>;
  readonly #where: string;
  readonly #source: ByteSource;
  readonly #checkCrc: boolean;

  private constructor(where: string, source: ByteSource, entries: ReadonlyMap<string, ZipEntry>, checkCrc: boolean) {
    this.entries = entries;
    this.#where = where;
    this.#source = source;
    this.#checkCrc = checkCrc;
  }

  /** @throws SerializationError if the source is not a zip file, is damaged, or declares more than the limits allow. */
  static async open(where: string, source: ByteSource, limits: ZipLimits = {}): Promise<ZipFile> {
    const { maxBytes = Math.max(2 ** 26, 100 * source.size), checkCrc = true } = limits;
    if (!(maxBytes >= 0))
      throw new ArgumentError(`${where}: maxBytes must be a number from 0, got ${describe(maxBytes)}`);
    const directory = await readEnd(where, source);
    const entries = await readEntries(where, source, directory);
    let inflated = 0;
    for (const { size, deflated } of entries.values()) if (deflated) inflated += size;
    if (inflated > maxBytes)
      throw bad(
        where,
        `its ${source.size} bytes would inflate to ${inflated}; more than ${maxBytes} need the option maxBytes`,
      );
    return new ZipFile(where, source, entries, checkCrc);
  }

  /** The bytes of an entry. @throws SerializationError if they are not what the list says. */
  async read(entry: ZipEntry): Promise<Uint8Array> {
    const where = `${this.#where}: '${entry.name}'`;
    const stored = await this.#source.read(entry.start, entry.compressedSize);
    const bytes = entry.deflated ? await inflate(where, stored, entry.size) : stored;
    if (this.#checkCrc && crc32(bytes) !== entry.crc)
      throw bad(where, 'the checksum (CRC-32) is wrong: the file is damaged');
    return bytes;
  }
}

interface Directory {
  readonly count: number;
  readonly start: number;
  readonly size: number;
}

const viewOf = ({ buffer, byteOffset, length }: Uint8Array): DataView => new DataView(buffer, byteOffset, length);

/** A 64-bit number, which must be exact. */
function long(where: string, view: DataView, at: number): number {
  const value = Number(view.getBigUint64(at, true));
  if (!Number.isSafeInteger(value)) throw bad(where, `the number ${value} where a size or position stands`);
  return value;
}

/** The record at the end says where the list of entries is. */
async function readEnd(where: string, source: ByteSource): Promise<Directory> {
  const tail = Math.min(source.size, lengths.end + full16);
  const bytes = await source.read(source.size - tail, tail);
  const view = viewOf(bytes);
  let at = tail - lengths.end;
  // a comment of the file's end follows the record
  while (
    at >= 0 &&
    !(view.getUint32(at, true) === signatures.end && at + lengths.end + view.getUint16(at + 20, true) === tail)
  )
    at--;
  if (at < 0) throw bad(where, 'no end of a zip file: it is something else, or cut short');
  const position = source.size - tail + at;
  const disks = [view.getUint16(at + 4, true), view.getUint16(at + 6, true)];
  let directory = {
    count: view.getUint16(at + 10, true),
    size: view.getUint32(at + 12, true),
    start: view.getUint32(at + 16, true),
  };
  let before = position;
  const { count, size, start } = directory;
  if (count === full16 || size === full32 || start === full32) {
    ({ directory, before } = await readEnd64(where, source, position - lengths.locator));
  }
  if (disks.some((disk) => disk !== 0 && disk !== full16)) throw bad(where, 'a zip file in several parts');
  if (directory.start + directory.size > before) throw bad(where, 'the list of entries lies beyond its end');
  if (directory.size > maxDirectory || directory.count * lengths.central > directory.size)
    throw bad(where, `a list of ${directory.count} entries in ${directory.size} bytes`);
  return directory;
}

async function readEnd64(
  where: string,
  source: ByteSource,
  at: number,
): Promise<{ directory: Directory; before: number }> {
  const locator = at < 0 ? null : viewOf(await source.read(at, lengths.locator));
  if (locator?.getUint32(0, true) !== signatures.locator) throw bad(where, 'the zip64 record is missing');
  const position = long(where, locator, 8);
  if (position + lengths.end64 > at) throw bad(where, 'the zip64 record lies beyond its end');
  const view = viewOf(await source.read(position, lengths.end64));
  if (view.getUint32(0, true) !== signatures.end64) throw bad(where, 'the zip64 record is missing');
  const directory = { count: long(where, view, 32), size: long(where, view, 40), start: long(where, view, 48) };
  return { directory, before: position };
}

async function readEntries(where: string, source: ByteSource, directory: Directory): Promise<Map<string, ZipEntry>> {
  const bytes = await source.read(directory.start, directory.size);
  const view = viewOf(bytes);
  const entries = new Map<string, ZipEntry>();
  let at = 0;
  for (let i = 0; i < directory.count; i++) {
    if (at + lengths.central > bytes.length || view.getUint32(at, true) !== signatures.central)
      throw bad(where, `entry ${i} of its list is missing`);
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((field) => view.getUint16(at + field, true));
    const nameAt = at + lengths.central;
    const next = nameAt + nameLength + extraLength + commentLength;
    if (next > bytes.length) throw bad(where, `entry ${i} of its list is cut short`);
    const name = utf8(where, bytes.subarray(nameAt, nameAt + nameLength));
    if (entries.has(name)) throw bad(where, `two entries are named '${name}'`);
    const what = `${where}: '${name}'`;
    const sizes = sizes64(what, view, at, nameAt + nameLength, extraLength);
    entries.set(name, await checkedEntry(what, source, { name, view, at, ...sizes }, directory.start));
    at = next;
  }
  if (at !== bytes.length) throw bad(where, 'its list has more than its entries');
  checkApart(where, [...entries.values()]);
  return entries;
}

interface Sizes {
  readonly size: number;
  readonly compressedSize: number;
  readonly header: number;
}

/** Sizes and position of an entry; those that need 64 bits stand in an extra field. */
function sizes64(where: string, view: DataView, at: number, extra: number, extraLength: number): Sizes {
  const values = [24, 20, 42].map((field) => view.getUint32(at + field, true));
  for (let field = extra; field + 4 <= extra + extraLength; ) {
    const [id, length] = [view.getUint16(field, true), view.getUint16(field + 2, true)];
    let value = field + 4;
    const end = value + length;
    if (id === 1) {
      for (let k = 0; k < 3; k++) {
        if (values[k] !== full32) continue;
        if (value + 8 > Math.min(end, extra + extraLength)) throw bad(where, 'its zip64 sizes are missing');
        values[k] = long(where, view, value);
        value += 8;
      }
      break;
    }
    field = end;
  }
  const [size, compressedSize, header] = values;
  return { size, compressedSize, header };
}

interface Listed extends Sizes {
  readonly name: string;
  readonly view: DataView;
  readonly at: number;
}

/** The entry of the list, compared with what stands before its bytes. */
async function checkedEntry(where: string, source: ByteSource, listed: Listed, limit: number): Promise<ZipEntry> {
  const { name, view, at, size, compressedSize, header } = listed;
  const [flags, method] = [view.getUint16(at + 8, true), view.getUint16(at + 10, true)];
  if (flags & 1) throw bad(where, 'it is encrypted');
  if (method !== 0 && method !== 8)
    throw bad(where, `compression method ${method}; stored (0) and deflated (8) are read`);
  if (method === 0 && size !== compressedSize) throw bad(where, `stored, but with sizes ${compressedSize} and ${size}`);
  if (size > maxRatio * compressedSize) throw bad(where, `${compressedSize} bytes can't inflate to ${size}`);
  if (header + lengths.local > limit) throw bad(where, 'it lies beyond the end of the entries');
  const local = viewOf(await source.read(header, lengths.local));
  const [nameLength, extraLength] = [local.getUint16(26, true), local.getUint16(28, true)];
  const start = header + lengths.local + nameLength + extraLength;
  if (local.getUint32(0, true) !== signatures.local || local.getUint16(8, true) !== method)
    throw bad(where, 'the header before its bytes is missing or says something else');
  if (start + compressedSize > limit) throw bad(where, 'its bytes lie beyond the end of the entries');
  if (utf8(where, await source.read(header + lengths.local, nameLength)) !== name)
    throw bad(where, 'the header before its bytes has another name');
  return { name, size, compressedSize, deflated: method === 8, crc: view.getUint32(at + 16, true), start };
}

/** Bytes that several entries share are how small files become endless ones. */
function checkApart(where: string, entries: ZipEntry[]): void {
  const sorted = entries.sort((a, b) => a.start - b.start);
  for (let i = 1; i < sorted.length; i++) {
    const [before, entry] = [sorted[i - 1], sorted[i]];
    if (before.start + before.compressedSize > entry.start - lengths.local)
      throw bad(where, `the entries '${before.name}' and '${entry.name}' overlap`);
  }
}

/** Inflates to exactly `size` bytes, and stops at the first one more. */
async function inflate(where: string, bytes: Uint8Array, size: number): Promise<Uint8Array> {
  const out = room(where, size);
  let at = 0;
  const reader = through(bytes, new DecompressionStream('deflate-raw'));
  const read = (): ReturnType<typeof reader.read> =>
    reader.read().catch((cause) => {
      throw bad(where, `its bytes can't be inflated: ${cause instanceof Error ? cause.message : String(cause)}`, cause);
    });
  for (let next = await read(); !next.done; next = await read()) {
    if (at + next.value.length > size) {
      await reader.cancel();
      throw bad(where, `it has more than the ${size} bytes that it declares`);
    }
    out.set(next.value, at);
    at += next.value.length;
  }
  if (at !== size) throw bad(where, `it has ${at} bytes, not the ${size} that it declares`);
  return out;
}

function through(bytes: Uint8Array, stream: GenericTransformStream): ReadableStreamDefaultReader<Uint8Array> {
  const source = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream() as ReadableStream;
  return (source.pipeThrough(stream) as ReadableStream<Uint8Array>).getReader();
}

async function deflate(bytes: Uint8Array): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  const reader = through(bytes, new CompressionStream('deflate-raw'));
  for (let next = await reader.read(); !next.done; next = await reader.read()) pieces.push(next.value);
  return concat(pieces);
}

/** A file to be put in a zip file. */
export interface ZipInput {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Little-endian fields: `[bytes, value]`. */
function record(...fields: readonly (readonly [2 | 4 | 8, number])[]): Uint8Array {
  const bytes = new Uint8Array(fields.reduce((sum, [size]) => sum + size, 0));
  const view = viewOf(bytes);
  let at = 0;
  for (const [size, value] of fields) {
    if (size === 2) view.setUint16(at, value, true);
    else if (size === 4) view.setUint32(at, value, true);
    else view.setBigUint64(at, BigInt(value), true);
    at += size;
  }
  return bytes;
}

/** 1 January 1980, the first date there is: the same tensors give the same file. */
const date = 0x21;
const utf8Names = 0x800;

/**
 * The pieces of a zip file, one entry in memory at a time.
 * @param limit from which size or position on 64 bits are used; tests lower it.
 */
export async function* zipPieces(
  inputs: AsyncIterable<ZipInput>,
  compress: boolean,
  limit = full32,
): AsyncGenerator<Uint8Array> {
  const directory: Uint8Array[] = [];
  let at = 0;
  const method = compress ? 8 : 0;
  for await (const { name, bytes } of inputs) {
    const stored = compress ? await deflate(bytes) : bytes;
    const nameBytes = new TextEncoder().encode(name);
    if (nameBytes.length > full16)
      throw new ArgumentError(`a name of ${nameBytes.length} bytes: '${name.slice(0, 40)}…'`);
    const big = Math.max(bytes.length, stored.length) >= limit;
    const far = at >= limit;
    const sizes = big ? [full32, full32] : [stored.length, bytes.length];
    const both = big
      ? ([
          [8, bytes.length],
          [8, stored.length],
        ] as const)
      : [];
    const same = [
      [2, big || far ? 45 : 20],
      [2, utf8Names],
      [2, method],
      [2, 0],
      [2, date],
      [4, crc32(bytes)],
      [4, sizes[0]],
      [4, sizes[1]],
      [2, nameBytes.length],
    ] as const;
    const localExtra = big ? record([2, 1], [2, 16], ...both) : new Uint8Array();
    const local = concat([record([4, signatures.local], ...same, [2, localExtra.length]), nameBytes, localExtra]);
    const extra =
      big || far
        ? record([2, 1], [2, (big ? 16 : 0) + (far ? 8 : 0)], ...both, ...(far ? ([[8, at]] as const) : []))
        : new Uint8Array();
    directory.push(
      record(
        [4, signatures.central],
        [2, 45],
        ...same,
        [2, extra.length],
        [2, 0],
        [2, 0],
        [2, 0],
        [4, 0],
        [4, far ? full32 : at],
      ),
      nameBytes,
      extra,
    );
    yield local;
    yield stored;
    at += local.length + stored.length;
  }
  const list = concat(directory);
  const count = directory.length / 3;
  yield list;
  const huge = count >= full16 || at >= limit || list.length >= limit;
  if (huge) {
    yield record(
      [4, signatures.end64],
      [8, lengths.end64 - 12],
      [2, 45],
      [2, 45],
      [4, 0],
      [4, 0],
      [8, count],
      [8, count],
      [8, list.length],
      [8, at],
    );
    yield record([4, signatures.locator], [4, 0], [8, at + list.length], [4, 1]);
  }
  const entries = huge ? full16 : count;
  yield record(
    [4, signatures.end],
    [2, 0],
    [2, 0],
    [2, entries],
    [2, entries],
    [4, huge ? full32 : list.length],
    [4, huge ? full32 : at],
    [2, 0],
  );
}
