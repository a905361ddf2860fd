/** One or two files that get their names when they are complete. Only Node has what this needs. */
import { OnnxExportError } from '@tenfold/tensor-core';
import { encodeModel } from './export.ts';
import type { SplitModel } from './external.ts';

/** Bytes of a file of zeros. @throws OnnxExportError if no array is that large here. */
export function largeFile(size: number): Uint8Array {
  try {
    return new Uint8Array(size);
  } catch (error) {
    throw new OnnxExportError(`the data take ${size} bytes, and no array is that large here; use exportOnnx`, {
      cause: error,
    });
  }
}

/** What is to be written: the bytes of a model, or a model in two files. */
export type Content = { readonly bytes: Uint8Array } | { readonly split: SplitModel; readonly file: string };

/** Complete files under other names, in the folder where they belong. */
export interface Written {
  readonly path: string;
  readonly content: Content;
  /** Where the model is now. It names the file of data as that is called now. */
  readonly model: string;
  /** Where the data are now. */
  readonly data: string | null;
  /** Files that no model needs. */
  readonly leftover: Set<string>;
  /** Removes them. */
  clean(): Promise<void>;
}

/** Writes one file under another name in the same folder and renames it: readers see the old file or the new one. */
export async function writeFileAtomically(path: string, bytes: Uint8Array): Promise<void> {
  const written = await writeFiles(path, { bytes });
  try {
    await placeFiles(written);
  } finally {
    await written.clean();
  }
}

/** Writes the files under other names. Data are read from the device and written tensor by tensor. */
export async function writeFiles(path: string, content: Content): Promise<Written> {
  const { basename, dirname, join } = await import('node:path');
  const { rm } = await import('node:fs/promises');
  const model = `${path}.${process.pid}.tmp`;
  const data = 'split' in content ? join(dirname(path), `${content.file}.${process.pid}.tmp`) : null;
  const leftover = new Set(data ? [model, data] : [model]);
  const clean = async (): Promise<void> => {
    for (const file of leftover) await rm(file, { force: true }).catch(() => {});
  };
  try {
    if ('split' in content && data) {
      await writeData(data, content.split);
      await writeBytes(model, encodeModel(content.split.modelFor(basename(data))));
    } else if ('bytes' in content) await writeBytes(model, content.bytes);
    return { path, content, model, data, leftover, clean };
  } catch (error) {
    await clean();
    throw cannotWrite(path, error);
  }
}

/**
 * Gives the files their names. A model alone is renamed: readers see the old file or the new one. Two files can't get their names at once; so at every
 * moment the model that has its name must name data that are there and are its own:
 *
 * 1. Where the data's name is free, it is given first; no model uses it yet.
 * 2. Where it is taken, by the data of an earlier model, the new model gets its name first, still with the other name of its data. Then no model needs the
 *    old data: the new data get a second name in their place, and at last a model with that name takes the first one's place.
 *
 * A crash in between leaves a pair that works, and a file too many.
 */
export async function placeFiles({ path, content, model, data, leftover }: Written): Promise<string[]> {
  const { rename, link, copyFile, rm, access } = await import('node:fs/promises');
  const { dirname, join } = await import('node:path');
  try {
    if (!data || !('split' in content)) {
      await rename(model, path);
      return [path];
    }
    const final = join(dirname(path), content.file);
    const last = encodeModel(content.split.modelFor(content.file));
    const taken = await access(final).then(
      () => true,
      () => false,
    );
    if (!taken) {
      await writeBytes(model, last);
      await rename(data, final);
      leftover.add(final);
      await rename(model, path);
      leftover.delete(final);
      return [path, final];
    }
    await rename(model, path);
    leftover.delete(data);
    await rm(final);
    // some file systems have no second names
    await link(data, final).catch(() => copyFile(data, final));
    await writeBytes(model, last);
    await rename(model, path);
    leftover.add(data);
    return [path, final];
  } catch (error) {
    throw cannotWrite(path, error);
  }
}

function cannotWrite(path: string, error: unknown): OnnxExportError {
  if (error instanceof OnnxExportError) return error;
  return new OnnxExportError(`can't write '${path}': ${error instanceof Error ? error.message : String(error)}`, {
    cause: error,
  });
}

async function writeBytes(path: string, bytes: Uint8Array): Promise<void> {
  const { open } = await import('node:fs/promises');
  const file = await open(path, 'w');
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** The most that one write of Node takes is 2 GiB. */
const chunk = 2 ** 30;

async function writeData(path: string, { parts }: SplitModel): Promise<void> {
  const { open } = await import('node:fs/promises');
  const file = await open(path, 'w');
  try {
    for (const { offset, read } of parts) {
      const bytes = await read();
      for (let at = 0; at < bytes.length; ) {
        const { bytesWritten } = await file.write(bytes, at, Math.min(chunk, bytes.length - at), offset + at);
        at += bytesWritten;
      }
    }
    await file.sync();
  } finally {
    await file.close();
  }
}
