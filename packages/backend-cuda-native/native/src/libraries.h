/* cuBLASLt, cuDNN and NVRTC: used where they are, needed nowhere. */
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "library.h"

namespace tenfold {

/* What src/native.ts calls FoundLibrary; an empty text is null there. */
struct Found {
  std::string path, version, reason;
};

using CublasLtHandle = struct CublasLtState*;

/* Functions of cuBLASLt, which are the same in versions 11 to 13. */
struct CublasLtTable {
  Entry<std::size_t> version;
  Entry<int, CublasLtHandle*> create;
  Entry<int, CublasLtHandle> destroy;
  Entry<int, void**, int, int> create_description;
  Entry<int, void*, int, const void*, std::size_t> set_description, set_layout, set_preference;
  Entry<int, void*> destroy_description, destroy_layout, destroy_preference;
  Entry<int, void**, int, std::uint64_t, std::uint64_t, std::int64_t> create_layout;
  Entry<int, void**> create_preference;
  Entry<int, CublasLtHandle, void*, void*, void*, void*, void*, void*, int, void*, int*> heuristic;
  Entry<int, CublasLtHandle, void*, const void*, const void*, void*, const void*, void*, const void*, const void*, void*, void*, void*, const void*, void*, std::size_t, struct StreamState*>
      multiply;
};

struct NvrtcTable {
  Entry<int, int*, int*> version;
  Entry<const char*, int> error;
  Entry<int, void**, const char*, const char*, int, const char* const*, const char* const*> create;
  Entry<int, void*, int, const char* const*> compile;
  Entry<int, void*, std::size_t*> ptx_size, log_size;
  Entry<int, void*, char*> ptx, log;
  Entry<int, void**> destroy;
};

/* What was found of the libraries; a table is there if the library serves. */
struct Libraries {
  Found cublas_lt, cudnn, nvrtc;
  std::unique_ptr<CublasLtTable> cublas_lt_table;
  std::unique_ptr<NvrtcTable> nvrtc_table;
};

/* Looks in `folders` first, and takes the newest that a driver of this version (12040 for 12.4) goes with. */
std::shared_ptr<Libraries> find_libraries(const std::vector<std::string>& folders, int driver_version);

/* CUDA C++ to PTX, ending in a zero byte. Raises with the compiler's log. */
std::string compile_ptx(const NvrtcTable& nvrtc, const std::string& source, const std::vector<std::string>& options);

}  // namespace tenfold
