/*
 * Programs of scalar expressions, per element: interpreted here where nothing can be compiled, instruction by instruction with a register per value. A compiled
 * program has the same interface, calls the same functions and gives the same bits.
 */
#pragma once
#include "math.cuh"

/* dtypes, numbered as in core's `dtypes`. */
enum Type : u8 { t_b8, t_u8, t_i8, t_i16, t_i32, t_i64, t_f16, t_bf16, t_f32, t_f64 };

/* What an instruction does. src/program.ts has the same list in the same order. */
enum Operation : u16 {
  op_input, op_constant, op_param, op_index, op_load, op_cast, op_select, op_store,
  op_neg, op_abs, op_sign, op_floor, op_ceil, op_round, op_trunc, op_bitNot,
  op_exp, op_exp2, op_expm1, op_log, op_log2, op_log10, op_log1p, op_sqrt, op_rsqrt,
  op_sin, op_cos, op_tan, op_asin, op_acos, op_atan, op_sinh, op_cosh, op_tanh, op_asinh, op_acosh, op_atanh,
  op_sigmoid, op_erf, op_erfc, op_erfinv, op_lgamma, op_digamma,
  op_add, op_sub, op_mul, op_div, op_rem, op_min, op_max, op_pow, op_atan2, op_hypot, op_copysign, op_zeta,
  op_bitAnd, op_bitOr, op_bitXor, op_shiftLeft, op_shiftRight,
  op_eq, op_ne, op_lt, op_le, op_gt, op_ge
};

/* Eight bytes. `type` is the dtype of the result (of the operands, where they are compared); `to`, `a`, `b`, `c` are registers or small numbers. */
struct Instruction {
  u16 operation;
  u8 type;
  u8 to;
  u8 a;
  u8 b;
  u8 c;
  u8 d;
};

union Register {
  u64 bits;
  i64 whole;
  float single;
  double twofold;
};
DEVICE void put(Register& r, float x) { r.single = x; }
DEVICE void put(Register& r, double x) { r.twofold = x; }
DEVICE void put(Register& r, i64 x) { r.whole = x; }
template <typename V> DEVICE V get(const Register& r);
template <> DEVICE_MEMBER float get<float>(const Register& r) { return r.single; }
template <> DEVICE_MEMBER double get<double>(const Register& r) { return r.twofold; }
template <> DEVICE_MEMBER i64 get<i64>(const Register& r) { return r.whole; }

constexpr int max_params = 16;
/* 64-bit words for what loads need: of each loaded input its rank, sizes and strides. */
constexpr int load_words = 192;

/* What a program is given: pointers of all operands, outputs first. */
template <int operands> struct Operands {
  void* data[operands];
  /* The interpreter's instructions; null for a compiled program. */
  const Instruction* code;
  Faults* faults;
  i32 fault;
  i32 instructions;
  u64 params[max_params];
};

/* An element of a dtype known only now, as a value of the kind V that it has. */
template <typename V> DEVICE V load_typed(const void* data, i64 at, u8 type);
template <> DEVICE_MEMBER float load_typed<float>(const void* data, i64 at, u8 type) {
  switch (type) {
    case t_f16: return value(static_cast<const f16*>(data)[at]);
    case t_bf16: return value(static_cast<const bf16*>(data)[at]);
    default: return static_cast<const float*>(data)[at];
  }
}
template <> DEVICE_MEMBER double load_typed<double>(const void* data, i64 at, u8) { return static_cast<const double*>(data)[at]; }
template <> DEVICE_MEMBER i64 load_typed<i64>(const void* data, i64 at, u8 type) {
  switch (type) {
    case t_b8: return value(static_cast<const b8*>(data)[at]);
    case t_u8: return value(static_cast<const u8*>(data)[at]);
    case t_i8: return value(static_cast<const i8*>(data)[at]);
    case t_i16: return value(static_cast<const i16*>(data)[at]);
    case t_i32: return value(static_cast<const i32*>(data)[at]);
    default: return static_cast<const i64*>(data)[at];
  }
}
DEVICE void store_typed(void* data, i64 at, u8 type, float v) {
  switch (type) {
    case t_f16: static_cast<f16*>(data)[at] = element<f16>(v); break;
    case t_bf16: static_cast<bf16*>(data)[at] = element<bf16>(v); break;
    default: static_cast<float*>(data)[at] = v;
  }
}
DEVICE void store_typed(void* data, i64 at, u8, double v) { static_cast<double*>(data)[at] = v; }
DEVICE void store_typed(void* data, i64 at, u8 type, i64 v) {
  switch (type) {
    case t_b8: static_cast<b8*>(data)[at] = element<b8>(v); break;
    case t_u8: static_cast<u8*>(data)[at] = u8(v); break;
    case t_i8: static_cast<i8*>(data)[at] = i8(v); break;
    case t_i16: static_cast<i16*>(data)[at] = i16(v); break;
    case t_i32: static_cast<i32*>(data)[at] = i32(v); break;
    default: static_cast<i64*>(data)[at] = v;
  }
}
DEVICE float round_typed(float x, u8 type) {
  return type == t_f16 ? rounded<f16>(x) : type == t_bf16 ? rounded<bf16>(x) : x;
}
DEVICE double round_typed(double x, u8) { return x; }
DEVICE i64 round_typed(i64 x, u8 type) {
  switch (type) {
    case t_b8: return x != 0;
    case t_u8: return u8(x);
    case t_i8: return i8(x);
    case t_i16: return i16(x);
    case t_i32: return i32(x);
    default: return x;
  }
}
DEVICE int width_of(u8 type) { return type == t_i64 ? 64 : type == t_i32 ? 32 : type == t_i16 ? 16 : 8; }

template <typename V> OUT_OF_LINE V float_function(u16 operation, V x) {
  switch (operation) {
#define ROW(name) \
  case op_##name: return fn_##name(x);
    ROW(neg) ROW(abs) ROW(sign) ROW(floor) ROW(ceil) ROW(round) ROW(trunc)
    ROW(exp) ROW(exp2) ROW(expm1) ROW(log) ROW(log2) ROW(log10) ROW(log1p) ROW(sqrt) ROW(rsqrt)
    ROW(sin) ROW(cos) ROW(tan) ROW(asin) ROW(acos) ROW(atan) ROW(sinh) ROW(cosh) ROW(tanh) ROW(asinh) ROW(acosh) ROW(atanh)
    ROW(sigmoid) ROW(erf) ROW(erfc) ROW(erfinv) ROW(lgamma) ROW(digamma)
    default: return x;
  }
}
template <typename V> OUT_OF_LINE V float_function(u16 operation, V x, V y) {
  switch (operation) {
#define ROW2(name) \
  case op_##name: return fn_##name(x, y);
    ROW2(add) ROW2(sub) ROW2(mul) ROW2(div) ROW2(rem) ROW2(min) ROW2(max) ROW2(pow) ROW2(atan2) ROW2(hypot) ROW2(copysign) ROW2(zeta)
    default: return x;
  }
}
OUT_OF_LINE i64 whole_function(u16 operation, i64 x, u8 type) {
  switch (operation) {
    ROW(neg) ROW(abs) ROW(sign)
    case op_bitNot: return type == t_b8 ? x == 0 : ~x;
    default: return x;
  }
}
OUT_OF_LINE i64 whole_function(u16 operation, i64 x, i64 y, u8 type) {
  switch (operation) {
    ROW2(add) ROW2(sub) ROW2(mul) ROW2(div) ROW2(rem) ROW2(min) ROW2(max) ROW2(pow) ROW2(bitAnd) ROW2(bitOr) ROW2(bitXor)
    case op_shiftLeft: return fn_shiftLeft(x, y, width_of(type));
    case op_shiftRight: return fn_shiftRight(x, y, width_of(type));
    default: return x;
  }
}
template <typename V> DEVICE bool comparison(u16 operation, V x, V y) {
  switch (operation) {
    ROW2(eq) ROW2(ne) ROW2(lt) ROW2(le) ROW2(gt)
    default: return fn_ge(x, y);
  }
}
#undef ROW
#undef ROW2

DEVICE Register cast_register(const Register& r, u8 from, u8 to) {
  Register result;
  if (to == t_b8) {
    result.whole = from == t_f64 ? r.twofold != 0 : from >= t_f16 ? r.single != 0 : r.whole != 0;
  } else if (to == t_f64) {
    result.twofold = from == t_f64 ? r.twofold : from >= t_f16 ? double(r.single) : double(r.whole);
  } else if (to >= t_f16) {
    if (from == t_f64) result.single = to == t_f32 ? float(r.twofold) : round_typed(round_to_odd(r.twofold), to);
    else result.single = round_typed(from >= t_f16 ? r.single : float(r.whole), to);
  } else {
    const i64 x = from == t_f64 ? Convert<i64>::from(r.twofold) : from >= t_f16 ? Convert<i64>::from(r.single) : r.whole;
    result.whole = round_typed(x, to);
  }
  return result;
}

/* The element of a loaded input at positions given by registers, or `outside` where one is out of range. `geometry` is its rank, sizes and strides. */
DEVICE bool place_of(const i64* geometry, const u8* positions, const Register* registers, i64& at) {
  const int rank = int(geometry[0]);
  at = 0;
  for (int d = 0; d < rank; d++) {
    const i64 p = registers[positions[d]].whole;
    if (p < 0 || p >= geometry[1 + d]) return false;
    at += p * geometry[1 + rank + d];
  }
  return true;
}

/* Runs the program for one element. Its last store is into `result` if operand 0 is none of the program's own (a reduction's). */
template <int registers, int operands>
DEVICE void interpret(const Operands<operands>& o, const i64 (&at)[operands], const i64 (&position)[max_rank], const i64* loads, Register* result) {
  Register r[registers];
  for (int pc = 0; pc < o.instructions; pc++) {
    const Instruction in = o.code[pc];
    const bool twofold = in.type == t_f64;
    const bool single = !twofold && in.type >= t_f16;
    const u16 operation = in.operation;
    if (operation >= op_neg) {
      if (operation >= op_eq) {
        r[in.to].whole = twofold  ? comparison(operation, r[in.a].twofold, r[in.b].twofold)
                         : single ? comparison(operation, r[in.a].single, r[in.b].single)
                                  : comparison(operation, r[in.a].whole, r[in.b].whole);
      } else if (operation >= op_add) {
        if (twofold) r[in.to].twofold = float_function(operation, r[in.a].twofold, r[in.b].twofold);
        else if (single) r[in.to].single = round_typed(float_function(operation, r[in.a].single, r[in.b].single), in.type);
        else {
          if ((operation == op_div || operation == op_rem) && r[in.b].whole == 0) report_fault(o.faults, o.fault, 0);
          r[in.to].whole = round_typed(whole_function(operation, r[in.a].whole, r[in.b].whole, in.type), in.type);
        }
      } else if (twofold) r[in.to].twofold = float_function(operation, r[in.a].twofold);
      else if (single) r[in.to].single = round_typed(float_function(operation, r[in.a].single), in.type);
      else r[in.to].whole = round_typed(whole_function(operation, r[in.a].whole, in.type), in.type);
      continue;
    }
    switch (operation) {
      case op_input: {
        i64 where = 0;
        const void* data = nullptr;
        /* arguments are read at constant places only */
#pragma unroll
        for (int k = 0; k < operands; k++) {
          if (k != in.a) continue;
          where = at[k];
          data = o.data[k];
        }
        if (twofold) r[in.to].twofold = load_typed<double>(data, where, in.type);
        else if (single) r[in.to].single = load_typed<float>(data, where, in.type);
        else r[in.to].whole = load_typed<i64>(data, where, in.type);
        break;
      }
      case op_constant:
        r[in.to].bits = reinterpret_cast<const u64*>(o.code)[++pc];
        break;
      case op_param:
#pragma unroll
        for (int k = 0; k < max_params; k++) if (k == in.a) r[in.to].bits = o.params[k];
        break;
      case op_index:
#pragma unroll
        for (int d = 0; d < max_rank; d++) if (d == in.a) r[in.to].whole = position[d];
        break;
      case op_load: {
        const u8* positions = reinterpret_cast<const u8*>(o.code + ++pc);
        const void* data = nullptr;
#pragma unroll
        for (int k = 0; k < operands; k++) if (k == in.a) data = o.data[k];
        i64 where;
        if (!place_of(loads + (in.c | in.d << 8), positions, r, where)) r[in.to] = r[in.b];
        else if (twofold) r[in.to].twofold = load_typed<double>(data, where, in.type);
        else if (single) r[in.to].single = load_typed<float>(data, where, in.type);
        else r[in.to].whole = load_typed<i64>(data, where, in.type);
        break;
      }
      case op_cast:
        r[in.to] = cast_register(r[in.a], in.b, in.type);
        break;
      case op_select:
        r[in.to] = r[in.a].whole != 0 ? r[in.b] : r[in.c];
        break;
      default: {
        if (result) {
          *result = r[in.a];
          break;
        }
        i64 where = 0;
        void* data = nullptr;
#pragma unroll
        for (int k = 0; k < operands; k++) {
          if (k != in.b) continue;
          where = at[k];
          data = o.data[k];
        }
        if (twofold) store_typed(data, where, in.type, r[in.a].twofold);
        else if (single) store_typed(data, where, in.type, r[in.a].single);
        else store_typed(data, where, in.type, r[in.a].whole);
      }
    }
  }
}
