/* The map family: a thread computes some elements of the outputs, each by a program. */
#pragma once
#include "program.cuh"

constexpr int map_threads = 256;

template <int operands> struct MapArgs {
  Walk<operands> walk;
  Operands<operands> program;
};

/* For programs with `load`. */
template <int operands> struct LoadMapArgs {
  Walk<operands> walk;
  Operands<operands> program;
  i64 loads[load_words];
};

/* Element numbers of all operands at element `i`, and its position along every dim. */
template <int operands> DEVICE void walk(const Walk<operands>& w, i64 i, i64 (&at)[operands], i64 (&position)[max_rank]) {
#pragma unroll
  for (int o = 0; o < operands; o++) at[o] = 0;
#pragma unroll
  for (int k = 0; k < max_rank; k++) {
    const int d = max_rank - 1 - k;
    position[d] = 0;
    if (d >= w.rank) continue;
    i64 p = i;
    if (d > 0) {
      const i64 size = w.sizes[d];
      i = quotient(i, size);
      p -= i * size;
    }
    position[d] = p;
#pragma unroll
    for (int o = 0; o < operands; o++) at[o] = step_along(at[o], p, w.strides[o][d]);
  }
}

template <int registers, int operands>
DEVICE void map_interpreted(const Walk<operands>& w, const Operands<operands>& program, const i64* loads) {
  for (i64 i = thread_number(); i < w.count; i += thread_count()) {
    i64 at[operands];
    i64 position[max_rank];
    walk(w, i, at, position);
    interpret<registers>(program, at, position, loads, static_cast<Register*>(nullptr));
  }
}

/*
 * A compiled program: `Body` reads the inputs of an element, computes, and writes its outputs. Where every operand goes through its elements by one step, a
 * thread takes four, whose loads come before the first store; threads that are neighbours take neighbours, so that a warp asks for few lines of memory.
 */
template <typename Body, int operands> DEVICE void map_compiled(const MapArgs<operands>& args) {
  const Walk<operands>& w = args.walk;
  if (w.rank <= 1) {
    constexpr int run = 4;
    constexpr i64 tile = run * map_threads;
    for (i64 first = blockIdx.x * tile + threadIdx.x; first < w.count; first += gridDim.x * tile) {
      Body body[run];
      i64 at[run][operands];
#pragma unroll
      for (int k = 0; k < run; k++) {
        const i64 i = first + k * map_threads;
#pragma unroll
        for (int o = 0; o < operands; o++) at[k][o] = step_along(0, i, w.strides[o][0]);
        if (i < w.count) body[k].load(args.program, at[k]);
      }
#pragma unroll
      for (int k = 0; k < run; k++) {
        if (first + k * map_threads < w.count) body[k].store(args.program, at[k]);
      }
    }
    return;
  }
  for (i64 i = thread_number(); i < w.count; i += thread_count()) {
    i64 at[operands];
    walk(w, i, at);
    Body body;
    body.load(args.program, at);
    body.store(args.program, at);
  }
}
