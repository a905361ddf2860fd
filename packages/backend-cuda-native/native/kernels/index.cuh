/* Index tensors: whole numbers of 64 or 32 bits. */
#pragma once

#include "device.cuh"

struct Index {
  const void* data;
  i32 wide;
  i32 pad;
};

DEVICE i64 index_at(const Index& index, i64 i) {
  return index.wide ? static_cast<const i64*>(index.data)[i] : i64(static_cast<const i32*>(index.data)[i]);
}

/* Negative ones are large as unsigned. */
DEVICE bool outside(i64 chosen, i64 size) { return u64(chosen) >= u64(size); }
