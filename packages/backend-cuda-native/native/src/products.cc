/* Device: what cuBLASLt and NVRTC do. */
#include "device.h"
#include "errors.h"

namespace tenfold {
namespace {

/* What messages call a product. */
const Kernel& product_kernel() {
  static const Kernel kernel{nullptr, "cublasLtMatmul", 0, 0};
  return kernel;
}

/* Whether two runs of bytes have any in common. */
bool overlap(Pointer a, std::uint64_t a_bytes, Pointer b, std::uint64_t b_bytes) { return a < b + b_bytes && b < a + a_bytes; }

}  // namespace

/* Where a matrix begins, which lies within its buffer. */
Pointer Device::matrix(const Matrix& m, const Product& product) {
  const std::size_t size = element_bytes(product.type);
  const Buffer& held = buffers_.at(m.handle);
  const std::uint64_t elements = extent(m, product.batch);
  if (m.offset % size != 0) wrong_argument("a matrix begins ", m.offset, " bytes into its buffer, which is not a multiple of ", size);
  if (m.offset > held.bytes || elements > (held.bytes - m.offset) / size)
    wrong_argument("a matrix of ", elements, " elements of ", size, " bytes, from byte ", m.offset, ", is not within its buffer of ", held.bytes, " bytes");
  return held.block->address + m.offset;
}

Multiplier::Plan* Device::find_plan(const Product& p, const Multiplier::Pointers& at, std::string& reason) {
  if (!multiplier_) {
    int major = 0;
    check(table().device_attribute(&major, attribute::major, device_), "cuDeviceGetAttribute");
    multiplier_ = std::make_unique<Multiplier>(*libraries_->cublas_lt_table, major >= 9);
  }
  return multiplier_->plan(p, at, reason);
}

std::string Device::multiply(const Product& p) {
  enter();
  if (!has_cublas_lt()) throw Failure(Code::cuda, text("there is no cuBLASLt: ", libraries_->cublas_lt.reason));
  check_shapes(p);
  Multiplier::Pointers at{matrix(p.a, p), matrix(p.b, p), matrix(p.d, p), 0};
  const std::size_t size = element_bytes(p.type);
  const auto bytes = [&](const Matrix& m) { return extent(m, p.batch) * size; };
  if (overlap(at.d, bytes(p.d), at.a, bytes(p.a)) || overlap(at.d, bytes(p.d), at.b, bytes(p.b))) wrong_argument("d of a product overlaps a factor");
  if (p.has_bias) {
    if (p.bias_offset % size != 0) wrong_argument("the bias begins ", p.bias_offset, " bytes into its buffer, which is not a multiple of ", size);
    at.bias = buffer(p.bias, p.bias_offset, p.d.rows * size).block->address + p.bias_offset;
  }

  std::string reason;
  Multiplier::Plan* const plan = find_plan(p, at, reason);
  if (plan == nullptr) return reason;

  const std::size_t needed = multiplier_->workspace(*plan);
  Block* workspace = needed == 0 ? nullptr : allocator_.allocate(needed, pool(), capture_.has_value());
  for (const Matrix* m : {&p.a, &p.b, &p.d}) use(*buffers_.find(m->handle));
  if (p.has_bias) use(*buffers_.find(p.bias));
  note_launch(product_kernel());
  /* the stream runs in order: whoever gets it next comes after */
  const auto release = [&](Block* block) { allocator_.release(block, capture_.has_value()); };
  bool queued = false;
  try {
    queued = multiplier_->run(*plan, at, workspace == nullptr ? 0 : workspace->address, lane_->stream, reason);
  } catch (...) {
    if (workspace != nullptr) release(workspace);
    throw;
  }
  if (workspace != nullptr) release(workspace);
  if (queued && blocking_ && !capture_) wait(*lane_);
  return reason;
}

std::string Device::compile(const std::string& source, const std::vector<std::string>& options) {
  enter();
  if (!has_nvrtc()) throw Failure(Code::cuda, text("there is no NVRTC: ", libraries_->nvrtc.reason));
  return compile_ptx(*libraries_->nvrtc_table, source, options);
}

}  // namespace tenfold
