/*
 * The reduce family: a program per element, folded over some dims. An output is computed by 1, 32 or 256 lanes; where there are too few outputs for the card,
 * each is split into parts that a second launch folds. All orders are fixed, so the same input gives the same bits.
 */
#pragma once
#include "program.cuh"

constexpr int reduce_threads = 256;

enum Fold : i32 { fold_sum, fold_prod, fold_max, fold_min, fold_any, fold_all };

template <int operands> struct ReduceArgs {
  /* Operand 0 is the output. */
  Walk<operands> kept;
  Walk<operands> folded;
  Operands<operands> program;
  /* Elements of a part, and output elements from one part to the next. */
  i64 part_size;
  i64 part_stride;
  i32 fold;
  i32 lanes;
  /* dtypes of what the program gives, and of the output. */
  i32 type;
  i32 out_type;
};

template <typename V> DEVICE V fold_identity(i32 fold);
template <> DEVICE_MEMBER float fold_identity<float>(i32 fold) {
  return fold == fold_sum ? 0.f : fold == fold_prod ? 1.f : float_of_bits(fold == fold_max ? 0xff800000u : 0x7f800000u);
}
template <> DEVICE_MEMBER double fold_identity<double>(i32 fold) {
  return fold == fold_sum ? 0.0 : fold == fold_prod ? 1.0 : double_of_bits(fold == fold_max ? 0xfff0000000000000ull : 0x7ff0000000000000ull);
}
template <> DEVICE_MEMBER i64 fold_identity<i64>(i32 fold) {
  return fold == fold_sum || fold == fold_any   ? 0
         : fold == fold_prod || fold == fold_all ? 1
         : fold == fold_max                      ? -0x7fffffffffffffffll - 1
                                                 : 0x7fffffffffffffffll;
}
template <typename V> DEVICE V fold_two(i32 fold, V x, V y) {
  switch (fold) {
    case fold_sum: return fn_add(x, y);
    case fold_prod: return fn_mul(x, y);
    /* of 0 and 1 */
    case fold_max:
    case fold_any: return fn_max(x, y);
    default: return fn_min(x, y);
  }
}

/* An element that needs no computing. */
template <typename V, int operands> struct PlainElement {
  static constexpr int unroll = 4;
  static DEVICE_MEMBER V value(const ReduceArgs<operands>& args, const i64 (&at)[operands]) {
    return load_typed<V>(args.program.data[1], at[1], u8(args.type));
  }
};

template <typename V, int operands, int registers> struct InterpretedElement {
  static constexpr int unroll = 1;
  static DEVICE_MEMBER V value(const ReduceArgs<operands>& args, const i64 (&at)[operands]) {
    const i64 position[max_rank] = {};
    Register result;
    interpret<registers>(args.program, at, position, nullptr, &result);
    return get<V>(result);
  }
};

/* Elements that are folded one after the other; what they give is then folded, so that long sums lose little. */
constexpr int fold_run = 32;

template <typename V, typename Element, int operands> DEVICE void reduce(const ReduceArgs<operands>& args) {
  const int lanes = args.lanes;
  const int lane = threadIdx.x % lanes;
  const i64 wanted = i64(blockIdx.x) * (reduce_threads / lanes) + threadIdx.x / lanes;
  const bool live = wanted < args.kept.count;
  i64 origin[operands];
  walk(args.kept, live ? wanted : 0, origin);
  const i64 begin = blockIdx.y * args.part_size;
  const i64 end = live ? (begin + args.part_size < args.folded.count ? begin + args.part_size : args.folded.count) : begin;
  V own = fold_identity<V>(args.fold);
  const auto fold_all = [&](const auto& find) {
    for (i64 from = begin + lane; from < end; from += i64(lanes) * fold_run) {
      V part = fold_identity<V>(args.fold);
      const i64 to = from + i64(lanes) * fold_run < end ? from + i64(lanes) * fold_run : end;
#pragma unroll Element::unroll
      for (i64 i = from; i < to; i += lanes) {
        i64 at[operands];
        find(i, at);
        part = fold_two(args.fold, part, Element::value(args, at));
      }
      own = fold_two(args.fold, own, part);
    }
  };
  /* most folds have one dim; what is interpreted takes longer than finding it */
  if (Element::unroll > 1 && args.folded.rank <= 1) {
    fold_all([&](i64 i, i64 (&at)[operands]) {
#pragma unroll
      for (int o = 0; o < operands; o++) at[o] = step_along(origin[o], i, args.folded.strides[o][0]);
    });
  } else {
    fold_all([&](i64 i, i64 (&at)[operands]) {
      walk(args.folded, i, at);
#pragma unroll
      for (int o = 0; o < operands; o++) at[o] += origin[o];
    });
  }
  if (lanes > 1) {
    own = warp_all(own, [&](V x, V y) { return fold_two(args.fold, x, y); });
    if (lanes > 32) {
      __shared__ V warps[reduce_threads / 32];
      if (threadIdx.x % 32 == 0) warps[threadIdx.x / 32] = own;
      __syncthreads();
      own = fold_identity<V>(args.fold);
      for (int k = 0; k < reduce_threads / 32; k++) own = fold_two(args.fold, own, warps[k]);
    }
  }
  if (!live || lane != 0) return;
  Register result;
  put(result, own);
  const u8 type = u8(args.type);
  const u8 out = u8(args.out_type);
  /* a fold of whole numbers is wider than their dtype, and a fold of 16-bit floats is a float */
  const u8 wide = type == t_f64 ? t_f64 : type >= t_f16 ? t_f32 : t_i64;
  if (out != wide) result = cast_register(result, wide, out);
  const i64 at = origin[0] + blockIdx.y * args.part_stride;
  if (out == t_f64) store_typed(args.program.data[0], at, out, result.twofold);
  else if (out >= t_f16) store_typed(args.program.data[0], at, out, result.single);
  else store_typed(args.program.data[0], at, out, result.whole);
}
