#include "library.h"

#include <cstdlib>

#ifdef _WIN32
#include <windows.h>

#include <filesystem>
#else
#include <dlfcn.h>
#include <link.h>
#endif

namespace tenfold {

#ifdef _WIN32

namespace {

std::wstring wide(const std::string& utf8) {
  const int length = MultiByteToWideChar(CP_UTF8, 0, utf8.data(), static_cast<int>(utf8.size()), nullptr, 0);
  std::wstring result(static_cast<size_t>(length), L'\0');
  MultiByteToWideChar(CP_UTF8, 0, utf8.data(), static_cast<int>(utf8.size()), result.data(), length);
  return result;
}

std::string narrow(const std::wstring& utf16) {
  const int length = WideCharToMultiByte(CP_UTF8, 0, utf16.data(), static_cast<int>(utf16.size()), nullptr, 0, nullptr, nullptr);
  std::string result(static_cast<size_t>(length), '\0');
  WideCharToMultiByte(CP_UTF8, 0, utf16.data(), static_cast<int>(utf16.size()), result.data(), length, nullptr, nullptr);
  return result;
}

}  // namespace

Library Library::open(const std::string& path, std::string& reason) {
  Library library;
  /* a bare name is looked for on the system's path alone, not in the current folder */
  const bool bare = path.find_first_of("/\\") == std::string::npos;
  const DWORD where = bare ? LOAD_LIBRARY_SEARCH_DEFAULT_DIRS : LOAD_LIBRARY_SEARCH_DEFAULT_DIRS | LOAD_LIBRARY_SEARCH_DLL_LOAD_DIR;
  /* with the flag, Windows asks for a whole path, in its own spelling */
  const std::wstring file = bare ? wide(path) : std::filesystem::absolute(std::filesystem::u8path(path)).make_preferred().wstring();
  const HMODULE module = LoadLibraryExW(file.c_str(), nullptr, where);
  if (module == nullptr) {
    reason = path + " can't be opened (Windows error " + std::to_string(GetLastError()) + ")";
    return library;
  }
  library.handle_ = module;
  std::wstring name(32768, L'\0');
  name.resize(GetModuleFileNameW(module, name.data(), static_cast<DWORD>(name.size())));
  library.path_ = name.empty() ? path : narrow(name);
  return library;
}

void* Library::symbol(const char* name) const {
  return handle_ == nullptr ? nullptr : reinterpret_cast<void*>(GetProcAddress(static_cast<HMODULE>(handle_), name));
}

std::string environment(const char* name) {
  std::wstring value(32768, L'\0');
  value.resize(GetEnvironmentVariableW(wide(name).c_str(), value.data(), static_cast<DWORD>(value.size())));
  return narrow(value);
}

#else

Library Library::open(const std::string& path, std::string& reason) {
  Library library;
  library.handle_ = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library.handle_ == nullptr) {
    const char* error = dlerror();
    reason = error == nullptr ? path + " can't be opened" : error;
    return library;
  }
  link_map* map = nullptr;
  const bool named = dlinfo(library.handle_, RTLD_DI_LINKMAP, &map) == 0 && map != nullptr && map->l_name != nullptr && *map->l_name != '\0';
  library.path_ = named ? map->l_name : path;
  return library;
}

void* Library::symbol(const char* name) const { return handle_ == nullptr ? nullptr : dlsym(handle_, name); }

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

#endif

}  // namespace tenfold
