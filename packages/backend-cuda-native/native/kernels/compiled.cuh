/*
 * What a compiled program is wrapped in: src/render.ts writes a `Body` per program, which reads its inputs, computes, and writes its outputs or gives its
 * result. NVRTC compiles it at run time with this file before it.
 */
#pragma once
#include "map.cuh"
#include "reduce.cuh"

template <typename T> DEVICE Value<T> element_at(const void* data, i64 at) { return value(static_cast<const T*>(data)[at]); }
template <typename T> DEVICE void set_element(void* data, i64 at, Value<T> x) { static_cast<T*>(data)[at] = element<T>(x); }
template <typename V> DEVICE V param(u64 bits) {
  Register r;
  r.bits = bits;
  return get<V>(r);
}

/* Where the element of a loaded input lies, if its position is within `geometry`: rank, sizes and strides. */
template <int rank> DEVICE bool place(const i64* geometry, const i64 (&position)[rank], i64& at) {
  at = 0;
#pragma unroll
  for (int d = 0; d < rank; d++) {
    if (position[d] < 0 || position[d] >= geometry[1 + d]) return false;
    at += position[d] * geometry[1 + rank + d];
  }
  return true;
}

/* Programs that ask for positions or load at computed places. */
template <typename Body, int operands> DEVICE void map_placed(const LoadMapArgs<operands>& args) {
  for (i64 i = thread_number(); i < args.walk.count; i += thread_count()) {
    i64 at[operands];
    i64 position[max_rank];
    walk(args.walk, i, at, position);
    Body body;
    body.load(args.program, at);
    body.store(args.program, at, position, args.loads);
  }
}

template <typename Body, typename V, int operands> struct CompiledElement {
  static constexpr int unroll = 4;
  static DEVICE_MEMBER V value(const ReduceArgs<operands>& args, const i64 (&at)[operands]) {
    Body body;
    body.load(args.program, at);
    return body.result(args.program);
  }
};
