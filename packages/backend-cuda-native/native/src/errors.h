/* What goes wrong, as a C++ exception; addon.cc turns it into the `NativeError` of src/native.ts. */
#pragma once

#include <cstdint>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>

namespace tenfold {

/* The pieces one after another. */
template <typename... Pieces> std::string text(const Pieces&... pieces) {
  std::ostringstream out;
  (out << ... << pieces);
  return out.str();
}

enum class Code { argument, memory, lost, cuda };

struct Shortage {
  std::uint64_t asked, held, cached, free;
};

class Failure : public std::runtime_error {
 public:
  Failure(Code code, const std::string& message, std::string cuda = {}) : runtime_error(message), code(code), cuda(std::move(cuda)) {}
  Failure(const std::string& message, const Shortage& shortage, std::string cuda)
      : runtime_error(message), code(Code::memory), cuda(std::move(cuda)), shortage(shortage) {}

  Code code;
  /* The driver's name of the error; empty if it named none. */
  std::string cuda;
  std::optional<Shortage> shortage;
};

template <typename... Pieces> [[noreturn]] void wrong_argument(const Pieces&... pieces) { throw Failure(Code::argument, text(pieces...)); }

}  // namespace tenfold
