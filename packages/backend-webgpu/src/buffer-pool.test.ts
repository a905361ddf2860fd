/** The pool by itself, on a device that only says yes or no. */
import { BackendError } from '@tenfold/tensor-core';
import { expect, it } from 'vitest';
import { BufferPool } from './buffer-pool.ts';
import { elementType } from './elements.ts';
import type { Buffer } from './gpu.ts';

const float32 = elementType('float32');

/** A pool whose buffers fail when `refuse` is called with the device's message. */
function poolOfStubs() {
  const failures: ((error: GPUError) => BackendError)[] = [];
  const destroyed: Buffer[] = [];
  const device = {
    limits: { maxBufferSize: 2 ** 20, maxStorageBufferBindingSize: 2 ** 20 },
    createBuffer: ({ size }: GPUBufferDescriptor) => ({ size, destroy() {} }),
  };
  const pool = new BufferPool(device as unknown as GPUDevice, {
    destroyed: (buffer) => void destroyed.push(buffer),
    scoped(create, failed) {
      failures.push(failed);
      return create();
    },
  });
  const refuse = (at: number, message: string): BackendError => failures[at]({ message } as GPUError);
  return { pool, refuse, destroyed, created: () => failures.length };
}

it('hands a freed buffer out again, to what is as large', () => {
  const { pool, created } = poolOfStubs();
  const first = pool.allocate(1000, float32);
  pool.release(first);
  expect(pool.allocate(1001, float32)).toBe(first);
  expect(pool.allocate(1001, float32)).not.toBe(first);
  expect(created()).toBe(2);
});

it('counts bytes in use and bytes that wait', () => {
  const { pool } = poolOfStubs();
  const first = pool.allocate(1024, float32);
  expect([pool.usedBytes, pool.freeBytes]).toEqual([1024, 0]);
  pool.release(first);
  expect([pool.usedBytes, pool.freeBytes]).toEqual([0, 1024]);
  pool.allocate(1024, float32);
  expect([pool.usedBytes, pool.freeBytes]).toEqual([1024, 0]);
});

it('keeps what was used lately and destroys the rest', () => {
  const { pool, destroyed } = poolOfStubs();
  const buffers = Array.from({ length: 200 }, () => pool.allocate(2 ** 20, float32));
  for (const [i, buffer] of buffers.entries()) {
    pool.used(buffer, i);
    pool.release(buffer);
  }
  pool.trim(200);
  expect(destroyed).toEqual(buffers.slice(0, 136));
  expect(pool.freeBytes).toBe(64 * 2 ** 20);
});

it('says what was asked, held and allowed where a buffer is too large', () => {
  const { pool } = poolOfStubs();
  pool.allocate(1024, float32);
  expect(() => pool.allocate(2 ** 20 + 4, float32)).toThrow(BackendError);
  expect(() => pool.allocate(2 ** 20 + 4, float32)).toThrow(
    /1048580 bytes is more than this device allows \(1048576; 1024 bytes are held\)/,
  );
  expect(pool.usedBytes).toBe(1024);
});

it('does not use a buffer again that the device had no memory for', () => {
  const { pool, refuse } = poolOfStubs();
  pool.allocate(4096, float32);
  const [held, freed] = [pool.allocate(1024, float32), pool.allocate(1024, float32)];
  pool.release(freed);
  const error = refuse(1, 'no room');
  refuse(2, 'no room');
  expect(error).toBeInstanceOf(BackendError);
  expect(error.message).toMatch(
    /out of memory: 1024 bytes were asked, 4096 are held in tensors and 1024 wait.*no room/,
  );
  pool.release(held);
  expect([pool.usedBytes, pool.freeBytes]).toEqual([4096, 0]);
  const next = pool.allocate(1024, float32);
  expect(next).not.toBe(held);
  expect(next).not.toBe(freed);
});
