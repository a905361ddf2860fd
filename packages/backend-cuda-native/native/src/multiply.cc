#include "multiply.h"

#include <algorithm>
#include <limits>

#include "errors.h"

namespace tenfold {
namespace {

/* Numbers of cublasLt.h that have been the same since CUDA 11. */
namespace lt {
constexpr int not_initialized = 1, invalid_value = 7, arch_mismatch = 8, not_supported = 15;
constexpr int description_transpose_a = 3, description_transpose_b = 4, description_epilogue = 7, description_bias = 8;
constexpr int layout_batch = 5, layout_batch_stride = 6;
constexpr int preference_workspace = 1, preference_reductions = 3, preference_alignment_a = 5;
constexpr std::uint32_t reduction_in_compute_type = 2;
constexpr int compute_f32 = 68, compute_f64 = 70, compute_tf32 = 77;
constexpr int scale_f32 = 0, scale_f64 = 1;
constexpr int f32 = 0, f64 = 1, f16 = 2, bf16 = 14;
}  // namespace lt

/* What an element type is to cuBLASLt. */
struct TypeFacts {
  std::size_t bytes;
  int data, compute, scale;
};
constexpr TypeFacts type_facts[] = {
    {4, lt::f32, lt::compute_f32, lt::scale_f32},
    {8, lt::f64, lt::compute_f64, lt::scale_f64},
    {2, lt::f16, lt::compute_f32, lt::scale_f32},
    {2, lt::bf16, lt::compute_f32, lt::scale_f32},
};
const TypeFacts& facts_of(Element type) { return type_facts[static_cast<std::size_t>(type)]; }

constexpr std::size_t plans_most = 4096;

struct Algorithm {
  std::array<std::uint64_t, 8> data;
};
struct Choice {
  Algorithm algorithm;
  std::size_t workspace;
  int state;
  float waves;
  std::array<int, 4> reserved;
};
static_assert(sizeof(Choice) == 96, "as cublasLtMatmulHeuristicResult_t");

const char* status_name(int status) {
  static const std::map<int, const char*> names{{1, "CUBLAS_STATUS_NOT_INITIALIZED"}, {3, "CUBLAS_STATUS_ALLOC_FAILED"},   {7, "CUBLAS_STATUS_INVALID_VALUE"},
                                                {8, "CUBLAS_STATUS_ARCH_MISMATCH"},   {11, "CUBLAS_STATUS_MAPPING_ERROR"}, {13, "CUBLAS_STATUS_EXECUTION_FAILED"},
                                                {14, "CUBLAS_STATUS_INTERNAL_ERROR"}, {15, "CUBLAS_STATUS_NOT_SUPPORTED"}, {16, "CUBLAS_STATUS_LICENSE_ERROR"}};
  const auto found = names.find(status);
  return found == names.end() ? "an unknown status" : found->second;
}

void check(int status, const char* call) {
  if (status != 0) throw Failure(Code::cuda, text("cuBLASLt: ", status_name(status), " (", call, ")"));
}

/* Whether cuBLASLt has queued nothing because it has no code for this: other versions say it in other ways. */
bool declines(int status) { return status == lt::invalid_value || status == lt::arch_mismatch || status == lt::not_supported; }

std::string refusal(int status) { return text("cuBLASLt has no algorithm for this product (", status_name(status), ")"); }

constexpr std::uint64_t too_much = std::numeric_limits<std::uint64_t>::max();
std::uint64_t times(std::uint64_t a, std::uint64_t b) { return a != 0 && b > too_much / a ? too_much : a * b; }
std::uint64_t plus(std::uint64_t a, std::uint64_t b) { return a > too_much - b ? too_much : a + b; }

/* How a pointer is aligned, as far as an algorithm may ask. */
std::uint64_t alignment(Pointer pointer) {
  std::uint64_t bytes = 256;
  while (pointer % bytes != 0) bytes /= 2;
  return bytes;
}

struct Owned {
  Owned(const Entry<int, void*>& destroy) : destroy(destroy) {}
  ~Owned() {
    if (value != nullptr) destroy(value);
  }
  Owned(const Owned&) = delete;
  Owned& operator=(const Owned&) = delete;
  const Entry<int, void*>& destroy;
  void* value = nullptr;
};

}  // namespace

struct Multiplier::Plan {
  explicit Plan(const CublasLtTable& t) : description(t.destroy_description), a(t.destroy_layout), b(t.destroy_layout), d(t.destroy_layout) {}
  Owned description, a, b, d;
  bool f64 = false, bias = false;
  Choice choice{};
  /* Why there is no algorithm; empty if there is one. */
  std::string reason;
};

std::size_t element_bytes(Element type) { return facts_of(type).bytes; }

std::uint64_t extent(const Matrix& m, std::uint64_t batch) {
  return plus(times(batch - 1, m.batch_stride), plus(times(m.columns - 1, m.leading), m.rows));
}

void check_shapes(const Product& p) {
  const auto shape = [](const Matrix& m) { return text(m.transposed ? m.columns : m.rows, " × ", m.transposed ? m.rows : m.columns); };
  const std::uint64_t m = p.a.transposed ? p.a.columns : p.a.rows, k = p.a.transposed ? p.a.rows : p.a.columns;
  const std::uint64_t also_k = p.b.transposed ? p.b.columns : p.b.rows, n = p.b.transposed ? p.b.rows : p.b.columns;
  if (p.batch > 0x7fffffffu) wrong_argument("a batch of ", p.batch, " products; at most 2147483647 are possible");
  if (p.d.transposed) wrong_argument("d of a product can't be transposed");
  if (p.batch < 1 || m < 1 || n < 1 || k < 1) wrong_argument("a product without elements: ", p.batch, " times ", shape(p.a), " by ", shape(p.b));
  if (k != also_k || p.d.rows != m || p.d.columns != n) wrong_argument("no product: ", shape(p.a), " by ", shape(p.b), " into ", shape(p.d));
  for (const Matrix* matrix : {&p.a, &p.b, &p.d})
    if (matrix->leading < matrix->rows) wrong_argument("`leading` of ", matrix->leading, " elements is less than the ", matrix->rows, " rows of the matrix");
  if (p.batch > 1 && p.d.batch_stride < extent(p.d, 1)) wrong_argument("the results of a batch overlap: they are ", p.d.batch_stride, " elements apart, and take ", extent(p.d, 1));
}

Multiplier::Multiplier(const CublasLtTable& table, bool large_workspace) : table_(table), large_workspace_(large_workspace) {
  const int status = table_.create(&handle_);
  /* of an older CUDA than the device, or without what it needs beside it: then Tenfold's own kernels do all */
  if (status == lt::not_initialized || declines(status)) broken_ = text("cuBLASLt does not start (", status_name(status), ")");
  else check(status, "cublasLtCreate");
}

Multiplier::~Multiplier() {
  plans_.clear();
  if (handle_ != nullptr) table_.destroy(handle_);
}

Multiplier::Plan* Multiplier::plan(const Product& p, const Pointers& at, std::string& reason) {
  if (!broken_.empty()) {
    reason = broken_;
    return nullptr;
  }
  const std::array<std::uint64_t, 4> alignments{alignment(at.a), alignment(at.b), alignment(at.d), alignment(at.d)};
  Key key{};
  std::size_t next = 0;
  const auto add = [&](std::uint64_t number) { key[next++] = number; };
  add(static_cast<std::uint64_t>(p.type) * 2 + (p.tf32 ? 1 : 0));
  add(p.batch);
  add(p.epilogue);
  for (const Matrix* m : {&p.a, &p.b, &p.d}) {
    add(m->rows);
    add(m->columns);
    add(m->leading);
    add(m->batch_stride);
    add(m->transposed ? 1 : 0);
  }
  for (std::size_t i = 0; i < 3; i++) add(alignments[i]);
  add(p.has_bias ? alignment(at.bias) : 0);

  auto found = plans_.find(key);
  if (found == plans_.end()) {
    if (plans_.size() >= plans_most) plans_.clear();
    found = plans_.emplace(key, make(p, at, alignments)).first;
  }
  reason = found->second->reason;
  return reason.empty() ? found->second.get() : nullptr;
}

std::unique_ptr<Multiplier::Plan> Multiplier::make(const Product& p, const Pointers& at, const std::array<std::uint64_t, 4>& alignments) {
  const TypeFacts& facts = facts_of(p.type);
  auto plan = std::make_unique<Plan>(table_);
  plan->f64 = p.type == Element::f64;
  plan->bias = p.has_bias;
  const int compute = p.type == Element::f32 && p.tf32 ? lt::compute_tf32 : facts.compute;
  check(table_.create_description(&plan->description.value, compute, facts.scale), "cublasLtMatmulDescCreate");
  const auto describe = [&](int which, const auto& value) { check(table_.set_description(plan->description.value, which, &value, sizeof value), "cublasLtMatmulDescSetAttribute"); };
  describe(lt::description_transpose_a, std::int32_t{p.a.transposed});
  describe(lt::description_transpose_b, std::int32_t{p.b.transposed});
  describe(lt::description_epilogue, std::uint32_t{p.epilogue});
  if (p.has_bias) describe(lt::description_bias, at.bias);

  const auto lay_out = [&](void** layout, const Matrix& m) {
    check(table_.create_layout(layout, facts.data, m.rows, m.columns, static_cast<std::int64_t>(m.leading)), "cublasLtMatrixLayoutCreate");
    if (p.batch == 1) return;
    const auto batch = static_cast<std::int32_t>(p.batch);
    const auto stride = static_cast<std::int64_t>(m.batch_stride);
    check(table_.set_layout(*layout, lt::layout_batch, &batch, sizeof batch), "cublasLtMatrixLayoutSetAttribute");
    check(table_.set_layout(*layout, lt::layout_batch_stride, &stride, sizeof stride), "cublasLtMatrixLayoutSetAttribute");
  };
  lay_out(&plan->a.value, p.a);
  lay_out(&plan->b.value, p.b);
  lay_out(&plan->d.value, p.d);

  Owned preference(table_.destroy_preference);
  check(table_.create_preference(&preference.value), "cublasLtMatmulPreferenceCreate");
  const auto prefer = [&](int which, const auto& value) { check(table_.set_preference(preference.value, which, &value, sizeof value), "cublasLtMatmulPreferenceSetAttribute"); };
  /* what cuBLAS itself takes: Hopper's algorithms want more */
  prefer(lt::preference_workspace, std::uint64_t{large_workspace_ ? 32u << 20 : 4u << 20});
  /* parts of k are added up in float32: halves are rounded once */
  prefer(lt::preference_reductions, lt::reduction_in_compute_type);
  for (std::size_t i = 0; i < alignments.size(); i++) prefer(lt::preference_alignment_a + static_cast<int>(i), static_cast<std::uint32_t>(alignments[i]));

  int count = 0;
  const int status = table_.heuristic(handle_, plan->description.value, plan->a.value, plan->b.value, plan->d.value, plan->d.value, preference.value, 1, &plan->choice, &count);
  if (!declines(status)) check(status, "cublasLtMatmulAlgoGetHeuristic");
  if (status != 0 || count == 0 || plan->choice.state != 0) plan->reason = refusal(status != 0 ? status : lt::not_supported);
  return plan;
}

std::size_t Multiplier::workspace(const Plan& plan) const { return plan.choice.workspace; }

bool Multiplier::run(Plan& plan, const Pointers& at, Pointer workspace, Stream stream, std::string& reason) {
  if (plan.bias) check(table_.set_description(plan.description.value, lt::description_bias, &at.bias, sizeof at.bias), "cublasLtMatmulDescSetAttribute");
  constexpr float one = 1, zero = 0;
  constexpr double one_f64 = 1, zero_f64 = 0;
  const void* alpha = plan.f64 ? static_cast<const void*>(&one_f64) : &one;
  const void* beta = plan.f64 ? static_cast<const void*>(&zero_f64) : &zero;
  const auto of_device = [](Pointer pointer) { return reinterpret_cast<void*>(static_cast<std::uintptr_t>(pointer)); };
  const int status = table_.multiply(handle_, plan.description.value, alpha, of_device(at.a), plan.a.value, of_device(at.b), plan.b.value, beta, of_device(at.d), plan.d.value, of_device(at.d),
                        plan.d.value, &plan.choice.algorithm, of_device(workspace), plan.choice.workspace, stream);
  if (declines(status)) {
    reason = plan.reason = refusal(status);
    return false;
  }
  check(status, "cublasLtMatmul");
  return true;
}

}  // namespace tenfold
