/* Products of matrices by cuBLASLt. */
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "driver.h"
#include "libraries.h"

namespace tenfold {

/* A column-major matrix, as LtMatrix in src/native.ts says. */
struct Matrix {
  std::uint64_t handle = 0;
  std::size_t offset = 0;
  std::uint64_t rows = 0, columns = 0, leading = 0, batch_stride = 0;
  bool transposed = false;
};

enum class Element { f32, f64, f16, bf16 };

struct Product {
  Element type = Element::f32;
  bool tf32 = false;
  std::uint64_t batch = 1;
  Matrix a, b, d;
  /* CUBLASLT_EPILOGUE_… */
  unsigned epilogue = 1;
  bool has_bias = false;
  std::uint64_t bias = 0;
  std::size_t bias_offset = 0;
};

std::size_t element_bytes(Element type);
/* Elements from a matrix's first to behind its last, over all batches; the largest number if that is no number. */
std::uint64_t extent(const Matrix& matrix, std::uint64_t batch);
/* Raises if the shapes are none of a product. */
void check_shapes(const Product& product);

/* cuBLASLt of one device, with the algorithms that it has chosen so far. */
class Multiplier {
 public:
  /* A cuBLASLt that does not start has a plan for nothing. */
  Multiplier(const CublasLtTable& table, bool large_workspace);
  ~Multiplier();
  Multiplier(const Multiplier&) = delete;
  Multiplier& operator=(const Multiplier&) = delete;

  /* An algorithm for one kind of product, and the descriptions that it goes with. */
  struct Plan;
  struct Pointers {
    Pointer a, b, d, bias;
  };

  /* The plan for a product, or, with `reason`, null. */
  Plan* plan(const Product& product, const Pointers& at, std::string& reason);
  std::size_t workspace(const Plan& plan) const;
  /* Queues the product; if cuBLASLt refuses it after all, so does its plan from now on, and the result is false. */
  bool run(Plan& plan, const Pointers& at, Pointer workspace, Stream stream, std::string& reason);

 private:
  std::unique_ptr<Plan> make(const Product& product, const Pointers& at, const std::array<std::uint64_t, 4>& alignments);

  const CublasLtTable& table_;
  bool large_workspace_;
  CublasLtHandle handle_ = nullptr;
  /* Why cuBLASLt does not start; empty if it does. */
  std::string broken_;
  using Key = std::array<std::uint64_t, 22>;
  std::map<Key, std::unique_ptr<Plan>> plans_;
};

}  // namespace tenfold
