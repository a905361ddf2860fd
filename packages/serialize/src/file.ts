/** Files on a disk, in Node: read by ranges, and written so that a crash leaves the last good one. */
import { type FileHandle, open, readdir, rename, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ArgumentError, describe, TenfoldError } from '@tenfold/tensor-core';
import { type ByteSource, bad, room } from './bytes.ts';

/** A path, or a `file:` URL. */
export type Path = string | URL;

export function pathOf(where: string, path: unknown): string {
  if (path instanceof URL && path.protocol === 'file:') return fileURLToPath(path);
  if (typeof path === 'string' && path !== '') return path;
  throw new ArgumentError(`${where}: the path must be a string or a file: URL, got ${describe(path)}`);
}

const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** The most bytes that one call reads or writes: the system takes at most 2 GiB. */
const callBytes = 2 ** 30;

/** A file that is open for reading. */
export class FileSource implements ByteSource {
  readonly size: number;
  readonly #where: string;
  readonly #file: FileHandle;

  private constructor(where: string, file: FileHandle, size: number) {
    this.#where = where;
    this.#file = file;
    this.size = size;
  }

  /** @throws SerializationError if there is no such file, or it can't be read. */
  static async open(where: string, path: string): Promise<FileSource> {
    let file: FileHandle | undefined;
    try {
      file = await open(path, 'r');
      const stat = await file.stat();
      if (!stat.isFile()) throw new Error('it is no file');
      return new FileSource(where, file, stat.size);
    } catch (cause) {
      await file?.close();
      throw bad(where, `it can't be read: ${reason(cause)}`, cause);
    }
  }

  async read(position: number, length: number): Promise<Uint8Array> {
    const bytes = room(this.#where, length);
    for (let at = 0; at < length; ) {
      const { bytesRead } = await this.#file
        .read(bytes, at, Math.min(callBytes, length - at), position + at)
        .catch((cause) => {
          throw bad(this.#where, `it can't be read: ${reason(cause)}`, cause);
        });
      if (bytesRead === 0) throw bad(this.#where, 'it was cut short while it was read');
      at += bytesRead;
    }
    return bytes;
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

/** Opens a file, reads it with `use`, and closes it. */
export async function withFile<T>(
  what: string,
  path: Path,
  use: (where: string, source: FileSource) => Promise<T>,
): Promise<T> {
  const name = pathOf(what, path);
  const where = `${what}: '${name}'`;
  const source = await FileSource.open(where, name);
  try {
    return await use(where, source);
  } finally {
    await source.close();
  }
}

let written = 0;

/**
 * Writes a file under another name in the same folder, waits until the disk has it, and renames it: whoever opens `path`, after a crash too, finds the old file or the new one.
 * What earlier processes of this machine left half written for the same path is removed.
 *
 * @throws SerializationError if the file can't be written; errors of what makes the pieces pass through. The old file stays.
 */
export async function writeAtomically(what: string, path: Path, pieces: AsyncIterable<Uint8Array>): Promise<void> {
  const name = pathOf(what, path);
  const temporary = `${name}.${host}-${process.pid}-${written++}.tmp`;
  try {
    const file = await open(temporary, 'w');
    try {
      for await (const piece of pieces) await writeAll(file, piece);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, name);
    await syncFolder(dirname(name));
    await removeLeftovers(name);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    if (error instanceof TenfoldError) throw error;
    throw bad(what, `'${name}' can't be written: ${reason(error)}`, error);
  }
}

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; )
    at += (await file.write(bytes, at, Math.min(callBytes, bytes.length - at))).bytesWritten;
}

/** The rename itself must reach the disk. Not every system opens folders. */
async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, 'r');
    await handle.sync().finally(() => handle.close());
  } catch {
    // then the system decides when
  }
}

const host = hostname().replaceAll(/[^\w]/g, '_');

/** Processes that were killed could not remove their files; a file whose process lives may be being written. */
async function removeLeftovers(path: string): Promise<void> {
  const [folder, start] = [dirname(path), `${basename(path)}.${host}-`];
  for (const name of await readdir(folder)) {
    const match = name.startsWith(start) ? /^(\d+)-\d+\.tmp$/.exec(name.slice(start.length)) : null;
    if (match && !isAlive(Number(match[1]))) await rm(join(folder, name), { force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
