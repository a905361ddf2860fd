/* A stand-in for cuBLASLt: column-major products of float32, float64, float16 and bfloat16 with their epilogues, summed in order of k. */
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

#include "arithmetic.h"
#include "extension.h"

namespace {

using emulator::Address;

/* Numbers of cublas_api.h, cublasLt.h and library_types.h. */
enum Status { success = 0, not_initialized = 1, invalid_value = 7, arch_mismatch = 8, execution_failed = 13, not_supported = 15 };
enum Type { f32 = 0, f64 = 1, f16 = 2, bf16 = 14 };
enum Compute { compute_f32 = 68, compute_f64 = 70, compute_tf32 = 77 };
enum Epilogue : uint32_t { plain = 1, relu = 2, bias = 4, gelu = 32 };

struct Handle {
  char unused;
};
struct Description {
  int compute, scale;
  int32_t transpose_a = 0, transpose_b = 0;
  uint32_t epilogue = plain;
  Address bias = 0;
};
struct Layout {
  int type;
  uint64_t rows, columns;
  int64_t leading;
  int32_t batch = 1;
  int64_t batch_stride = 0;
};
struct Preference {
  uint64_t workspace = 0;
  /* how parts of k may be added up: 1 and 4 in the type of the result, 2 in that of the sums */
  uint32_t reductions = 7;
  uint32_t alignments[4] = {256, 256, 256, 256};
};
/* cublasLtMatmulHeuristicResult_t */
struct Choice {
  uint64_t algorithm[8];
  size_t workspace;
  int state;
  float waves;
  int reserved[4];
};
static_assert(sizeof(Choice) == 96, "as cuBLASLt has it");

/* What tells an algorithm of this library from anything else. */
constexpr uint64_t mark = 0x746e656d656c7573;
/* Asked for when it is granted, so that callers provide one. */
constexpr size_t workspace_bytes = 64 * 1024;

size_t bytes_of(int type) { return type == f64 ? 8 : type == f32 ? 4 : 2; }

/* Elements from the first to the last of all matrices of a batch. */
size_t extent(const Layout& m) { return size_t(m.batch - 1) * size_t(m.batch_stride) + (m.columns - 1) * size_t(m.leading) + m.rows; }

template <typename T> int destroy(T* object) {
  const std::unique_ptr<T> gone(object);
  return success;
}
template <typename T> int assign(T& field, const void* value, size_t bytes) {
  if (bytes != sizeof(T)) return invalid_value;
  memcpy(&field, value, bytes);
  return success;
}

Status check(const Description& d, const Layout& a, const Layout& b, const Layout& c, const Layout& result) {
  const uint64_t m = d.transpose_a ? a.columns : a.rows, k = d.transpose_a ? a.rows : a.columns;
  const uint64_t n = d.transpose_b ? b.rows : b.columns, other_k = d.transpose_b ? b.columns : b.rows;
  if (k != other_k || result.rows != m || result.columns != n || c.rows != m || c.columns != n) return invalid_value;
  for (const Layout* layout : {&a, &b, &c, &result}) {
    if (layout->rows == 0 || layout->columns == 0 || layout->leading < int64_t(layout->rows) || layout->batch < 1) return invalid_value;
    if (layout->batch != result.batch || layout->batch_stride < 0) return invalid_value;
    if (layout->type != a.type) return not_supported;
  }
  const bool wide = a.type == f64;
  if (d.compute != (wide ? compute_f64 : compute_f32) && !(a.type == f32 && d.compute == compute_tf32)) return not_supported;
  if (d.scale != (wide ? f64 : f32)) return not_supported;
  if (d.epilogue != plain && (d.epilogue & ~uint32_t(relu | bias | gelu)) != 0) return not_supported;
  return wide && d.epilogue != plain ? not_supported : success;
}

float wide(float x) { return x; }
double wide(double x) { return x; }
struct Half {
  uint16_t bits;
  friend float wide(Half x) { return emulator::half_to_float(x.bits); }
  static Half from(float x) { return {emulator::float_to_half(x)}; }
};
struct Bfloat {
  uint16_t bits;
  friend float wide(Bfloat x) { return emulator::bits_as<float>(uint32_t(x.bits) << 16); }
  static Bfloat from(float x) {
    const uint32_t bits = emulator::bits_as<uint32_t>(x);
    return {x != x ? uint16_t(0x7fc0) : uint16_t((bits + 0x7fff + (bits >> 16 & 1)) >> 16)};
  }
};
template <typename T, typename S> T narrow(S x) {
  if constexpr (std::is_arithmetic<T>::value) return x;
  else return T::from(x);
}

/* A factor as a dense column-major matrix of what is summed in, not transposed. */
template <typename T, typename S> std::vector<S> dense(const T* from, const Layout& layout, bool transposed, bool tf32) {
  std::vector<S> to(layout.rows * layout.columns);
  for (uint64_t j = 0; j < layout.columns; j++)
    for (uint64_t i = 0; i < layout.rows; i++) {
      S x = wide(from[j * uint64_t(layout.leading) + i]);
      if constexpr (sizeof(S) == 4)
        if (tf32 && std::isfinite(x)) x = emulator::bits_as<float>((emulator::bits_as<uint32_t>(x) + 0x1000u) & 0xffffe000u);
      to[transposed ? i * layout.columns + j : j * layout.rows + i] = x;
    }
  return to;
}

struct Product {
  Description description;
  Layout a, b, c, d;
  Address at_a, at_b, at_c, at_d, workspace;
  size_t workspace_size;
  double alpha, beta;
  bool rounds_parts;
};

template <typename T> T* pointer(Address address) { return reinterpret_cast<T*>(static_cast<uintptr_t>(address)); }

/* Who lets parts of k be added up in the type of the result sees them rounded. */
constexpr uint64_t part_steps = 256;

template <typename T, typename S> void multiply(const Product& p) {
  const uint64_t m = p.d.rows, n = p.d.columns, k = p.description.transpose_a ? p.a.rows : p.a.columns;
  const bool tf32 = p.description.compute == compute_tf32;
  const uint32_t epilogue = p.description.epilogue;
  std::vector<S> sums(m);
  for (int32_t e = 0; e < p.d.batch; e++) {
    const auto a = dense<T, S>(pointer<const T>(p.at_a) + e * p.a.batch_stride, p.a, p.description.transpose_a != 0, tf32);
    const auto b = dense<T, S>(pointer<const T>(p.at_b) + e * p.b.batch_stride, p.b, p.description.transpose_b != 0, tf32);
    const T* const c = pointer<const T>(p.at_c) + e * p.c.batch_stride;
    T* const d = pointer<T>(p.at_d) + e * p.d.batch_stride;
    for (uint64_t j = 0; j < n; j++) {
      std::fill(sums.begin(), sums.end(), S(0));
      for (uint64_t l = 0; l < k; l++) {
        for (uint64_t i = 0; i < m; i++) sums[i] += a[l * m + i] * b[j * k + l];
        if (p.rounds_parts && l % part_steps == part_steps - 1)
          for (S& sum : sums) sum = wide(narrow<T, S>(sum));
      }
      for (uint64_t i = 0; i < m; i++) {
        S x = S(p.alpha) * sums[i];
        if (p.beta != 0) x += S(p.beta) * wide(c[j * uint64_t(p.c.leading) + i]);
        if (epilogue & bias) x += wide(pointer<const T>(p.description.bias)[i]);
        if (epilogue & relu) x = x < 0 ? S(0) : x;
        /* as cuBLASLt has it: by tanh */
        if (epilogue & gelu) x = S(0.5) * x * (1 + std::tanh(S(0.7978845608028654) * (x + S(0.044715) * x * x * x)));
        d[j * uint64_t(p.d.leading) + i] = narrow<T, S>(x);
      }
    }
  }
}

emulator::Result run(const Product& p) {
  const size_t bytes = bytes_of(p.a.type);
  struct Range {
    Address at;
    size_t bytes;
  };
  const Range ranges[] = {{p.at_a, extent(p.a) * bytes},
                          {p.at_b, extent(p.b) * bytes},
                          {p.at_d, extent(p.d) * bytes},
                          {p.beta != 0 ? p.at_c : p.at_d, extent(p.beta != 0 ? p.c : p.d) * bytes},
                          {p.description.epilogue & bias ? p.description.bias : p.at_d, p.description.epilogue & bias ? p.d.rows * bytes : 1},
                          {p.workspace_size > 0 ? p.workspace : p.at_d, p.workspace_size > 0 ? p.workspace_size : 1}};
  for (const Range& range : ranges)
    if (const emulator::Result result = emulator::emulate_still_there(range.at, range.bytes); result != emulator::ok) return result;
  /* what was there does not outlast the call */
  if (p.workspace_size > 0) memset(pointer<char>(p.workspace), 0xa5, std::min(p.workspace_size, workspace_bytes));
  switch (p.a.type) {
    case f32: multiply<float, float>(p); break;
    case f64: multiply<double, double>(p); break;
    case f16: multiply<Half, float>(p); break;
    default: multiply<Bfloat, float>(p); break;
  }
  return emulator::ok;
}

double read_scale(const void* at, int type) { return type == f64 ? *static_cast<const double*>(at) : double(*static_cast<const float*>(at)); }
Address address(const void* at) { return reinterpret_cast<uintptr_t>(at); }

}  // namespace

#define LIBRARY_API extern "C" __attribute__((visibility("default")))

LIBRARY_API size_t cublasLtGetVersion() { return 120400; }
LIBRARY_API int cublasLtCreate(Handle** handle) {
  if (emulator::emulate_is_missing("cublasLtCreate")) return not_initialized;
  *handle = std::make_unique<Handle>().release();
  return success;
}
LIBRARY_API int cublasLtDestroy(Handle* handle) { return destroy(handle); }

LIBRARY_API int cublasLtMatmulDescCreate(Description** description, int compute, int scale) {
  auto made = std::make_unique<Description>();
  made->compute = compute;
  made->scale = scale;
  *description = made.release();
  return success;
}
LIBRARY_API int cublasLtMatmulDescDestroy(Description* description) { return destroy(description); }
LIBRARY_API int cublasLtMatmulDescSetAttribute(Description* description, int which, const void* value, size_t bytes) {
  switch (which) {
    case 3: return assign(description->transpose_a, value, bytes);
    case 4: return assign(description->transpose_b, value, bytes);
    case 7: return assign(description->epilogue, value, bytes);
    case 8: return assign(description->bias, value, bytes);
    default: return invalid_value;
  }
}

LIBRARY_API int cublasLtMatrixLayoutCreate(Layout** layout, int type, uint64_t rows, uint64_t columns, int64_t leading) {
  if (type != f32 && type != f64 && type != f16 && type != bf16) return not_supported;
  auto made = std::make_unique<Layout>();
  made->type = type;
  made->rows = rows;
  made->columns = columns;
  made->leading = leading;
  *layout = made.release();
  return success;
}
LIBRARY_API int cublasLtMatrixLayoutDestroy(Layout* layout) { return destroy(layout); }
LIBRARY_API int cublasLtMatrixLayoutSetAttribute(Layout* layout, int which, const void* value, size_t bytes) {
  switch (which) {
    case 5: return assign(layout->batch, value, bytes);
    case 6: return assign(layout->batch_stride, value, bytes);
    default: return invalid_value;
  }
}

LIBRARY_API int cublasLtMatmulPreferenceCreate(Preference** preference) {
  *preference = std::make_unique<Preference>().release();
  return success;
}
LIBRARY_API int cublasLtMatmulPreferenceDestroy(Preference* preference) { return destroy(preference); }
LIBRARY_API int cublasLtMatmulPreferenceSetAttribute(Preference* preference, int which, const void* value, size_t bytes) {
  if (which == 1) return assign(preference->workspace, value, bytes);
  if (which == 3) return assign(preference->reductions, value, bytes);
  if (which >= 5 && which <= 8) return assign(preference->alignments[which - 5], value, bytes);
  return invalid_value;
}

LIBRARY_API int cublasLtMatmulAlgoGetHeuristic(Handle* handle, Description* description, Layout* a, Layout* b, Layout* c, Layout* d, Preference* preference,
                                               int most, Choice* choices, int* count) {
  *count = 0;
  if (handle == nullptr) return not_initialized;
  if (most < 1) return invalid_value;
  if (const Status status = check(*description, *a, *b, *c, *d); status != success) return status;
  const Layout* layouts[] = {a, b, c, d};
  for (int i = 0; i < 4; i++)
    if (preference->alignments[i] < bytes_of(layouts[i]->type)) return not_supported;
  *choices = Choice{};
  choices->algorithm[0] = mark;
  choices->algorithm[1] = (preference->reductions & 5) != 0;
  choices->workspace = preference->workspace >= workspace_bytes ? workspace_bytes : 0;
  choices->waves = 1;
  *count = 1;
  return success;
}

LIBRARY_API int cublasLtMatmul(Handle* handle, Description* description, const void* alpha, const void* a, Layout* layout_a, const void* b, Layout* layout_b,
                               const void* beta, const void* c, Layout* layout_c, void* d, Layout* layout_d, const uint64_t* algorithm, void* workspace,
                               size_t workspace_size, emulator::Stream* stream) {
  if (handle == nullptr) return not_initialized;
  if (emulator::emulate_is_missing("cublasLtMatmul")) return arch_mismatch;
  if (const Status status = check(*description, *layout_a, *layout_b, *layout_c, *layout_d); status != success) return status;
  if (algorithm != nullptr && algorithm[0] != mark) return invalid_value;
  const size_t bytes = bytes_of(layout_a->type);
  for (const void* at : {a, b, c, static_cast<const void*>(d)})
    if (address(at) % bytes != 0) return invalid_value;
  const bool has_bias = (description->epilogue & bias) != 0;
  if (has_bias && description->bias % bytes != 0) return invalid_value;
  const Product product = {*description, *layout_a,          *layout_b,      *layout_c,
                           *layout_d,    address(a),         address(b),     address(c),
                           address(d),   address(workspace), workspace_size, read_scale(alpha, description->scale),
                           read_scale(beta, description->scale), algorithm != nullptr && algorithm[1] != 0};
  return emulator::emulate_launch(stream, [product] { return run(product); }) == emulator::ok ? success : execution_failed;
}
