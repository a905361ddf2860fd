/* Libraries that are opened while the process runs. */
#pragma once

#include <string>
#include <vector>

namespace tenfold {

/* A library that stays open as long as the process lives: drivers keep threads of their own. */
class Library {
 public:
  /* Empty, with `reason` in words, if it can't be opened. */
  static Library open(const std::string& path, std::string& reason);

  explicit operator bool() const { return handle_ != nullptr; }
  const std::string& path() const { return path_; }
  void* symbol(const char* name) const;

 private:
  void* handle_ = nullptr;
  std::string path_;
};

/* Value of a variable of the environment; empty if it is not set. */
std::string environment(const char* name);

/* A function of a library. One that is missing is empty. */
template <typename Result, typename... Args> class Entry {
 public:
  Result operator()(Args... args) const { return function_(args...); }
  explicit operator bool() const { return function_ != nullptr; }
  bool load(const Library& library, const char* name) {
    function_ = reinterpret_cast<Result (*)(Args...)>(library.symbol(name));
    return function_ != nullptr;
  }

 private:
  Result (*function_)(Args...) = nullptr;
};

}  // namespace tenfold
