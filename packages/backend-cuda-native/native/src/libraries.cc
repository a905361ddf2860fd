#include "libraries.h"

#include <algorithm>
#include <filesystem>
#include <functional>
#include <system_error>

#include "errors.h"

namespace tenfold {
namespace {

namespace files = std::filesystem;

#ifdef _WIN32
constexpr char separator = ';';
constexpr const char* conda_folder = "Library/bin";
/* the last is where Python's packages for CUDA 13 have them */
const std::vector<std::string> library_folders{"bin", "bin/x64", "bin/x86_64"};
#else
constexpr char separator = ':';
constexpr const char* conda_folder = "lib";
const std::vector<std::string> library_folders{"lib64", "lib"};
#endif

/* A file name of a library, and the first version of CUDA whose driver it goes with; 0 for what needs no driver. NVRTC needs none to compile. */
struct Candidate {
  const char* file;
  int needs;
};

#ifdef _WIN32
const std::vector<Candidate> cublas_lt_files{{"cublasLt64_13.dll", 13000}, {"cublasLt64_12.dll", 12000}, {"cublasLt64_11.dll", 11000}};
const std::vector<Candidate> nvrtc_files{{"nvrtc64_130_0.dll", 0}, {"nvrtc64_120_0.dll", 0}, {"nvrtc64_112_0.dll", 0}, {"nvrtc64_111_0.dll", 0}, {"nvrtc64_110_0.dll", 0}};
const std::vector<Candidate> cudnn_files{{"cudnn64_9.dll", 0}, {"cudnn64_8.dll", 0}};
#else
const std::vector<Candidate> cublas_lt_files{{"libcublasLt.so.13", 13000}, {"libcublasLt.so.12", 12000}, {"libcublasLt.so.11", 11000}};
const std::vector<Candidate> nvrtc_files{{"libnvrtc.so.13", 0}, {"libnvrtc.so.12", 0}, {"libnvrtc.so.11.2", 0}, {"libnvrtc.so.11.1", 0}, {"libnvrtc.so.11.0", 0}};
const std::vector<Candidate> cudnn_files{{"libcudnn.so.9", 0}, {"libcudnn.so.8", 0}};
#endif

std::vector<std::string> split(const std::string& list) {
  std::vector<std::string> parts;
  std::size_t from = 0;
  while (from <= list.size()) {
    const std::size_t to = std::min(list.find(separator, from), list.size());
    if (to > from) parts.push_back(list.substr(from, to - from));
    from = to + 1;
  }
  return parts;
}

/* Folders in a folder, in the order of their names; none if it can't be read. */
std::vector<files::path> folders_in(const files::path& folder, const std::string& prefix = {}) {
  std::vector<files::path> found;
  std::error_code error;
  for (files::directory_iterator next(folder, error), end; !error && next != end; next.increment(error)) {
    std::error_code ignored;
    if (next->path().filename().string().rfind(prefix, 0) == 0 && next->is_directory(ignored)) found.push_back(next->path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

/* The folders of libraries that NVIDIA's Python packages bring. */
void add_python(const files::path& packages, std::vector<files::path>& into) {
  for (const files::path& package : folders_in(packages / "nvidia"))
    for (const std::string& folder : library_folders) into.push_back(package / folder);
}

std::vector<files::path> places_of_python() {
  std::vector<files::path> places;
#ifdef _WIN32
  for (const char* name : {"VIRTUAL_ENV", "CONDA_PREFIX"})
    if (const std::string root = environment(name); !root.empty()) add_python(files::u8path(root) / "Lib" / "site-packages", places);
  if (const std::string data = environment("APPDATA"); !data.empty())
    for (const files::path& version : folders_in(files::u8path(data) / "Python", "Python3")) add_python(version / "site-packages", places);
#else
  std::vector<files::path> roots;
  for (const char* name : {"VIRTUAL_ENV", "CONDA_PREFIX"})
    if (const std::string root = environment(name); !root.empty()) roots.push_back(files::path(root) / "lib");
  if (const std::string home = environment("HOME"); !home.empty()) roots.push_back(files::path(home) / ".local/lib");
  roots.emplace_back("/usr/local/lib");
  roots.emplace_back("/usr/lib");
  for (const files::path& root : roots)
    for (const files::path& version : folders_in(root, "python3"))
      for (const char* packages : {"site-packages", "dist-packages"}) add_python(version / packages, places);
#endif
  return places;
}

/* Folders in the order in which they are looked through; an empty path is where the system looks by itself. */
std::vector<files::path> places(const std::vector<std::string>& asked) {
  std::vector<files::path> list;
  for (const std::string& folder : asked) list.push_back(files::u8path(folder));
  for (const std::string& folder : split(environment("TENFOLD_CUDA_LIBRARIES"))) list.push_back(files::u8path(folder));
  list.emplace_back();
  std::vector<std::string> toolkits;
  for (const char* name : {"CUDA_PATH", "CUDA_HOME"})
    if (const std::string root = environment(name); !root.empty()) toolkits.push_back(root);
#ifndef _WIN32
  toolkits.emplace_back("/usr/local/cuda");
#endif
  for (const std::string& toolkit : toolkits)
    for (const std::string& folder : library_folders) list.push_back(files::u8path(toolkit) / folder);
  if (const std::string root = environment("CONDA_PREFIX"); !root.empty()) list.push_back(files::u8path(root) / conda_folder);
  for (files::path& folder : places_of_python()) list.push_back(std::move(folder));
  return list;
}

/*
 * The first library of these files that opens and that `serves` has nothing to say against. Newer files are tried everywhere before older ones.
 * `found.reason` says what stood against the first that was there, or that there is none.
 */
void search(const char* what, const std::vector<Candidate>& candidates, const std::vector<files::path>& places, int driver_version, Found& found,
            const std::function<std::string(const Library&, std::string& version)>& serves) {
  std::string first;
  const auto refuse = [&](const std::string& reason) {
    if (first.empty()) first = reason;
  };
  for (const Candidate& candidate : candidates) {
    for (const files::path& place : places) {
      std::error_code ignored;
      const files::path file = place / candidate.file;
      if (!place.empty() && !files::exists(file, ignored)) continue;
      if (candidate.needs > driver_version) {
        if (!place.empty()) refuse(text(file.u8string(), " needs a driver for CUDA ", candidate.needs / 1000, '.', candidate.needs % 1000 / 10, " or newer"));
        continue;
      }
      std::string why;
      const Library library = Library::open(place.empty() ? candidate.file : file.u8string(), why);
      if (!library) {
        if (!place.empty()) refuse(why);
        continue;
      }
      std::string version;
      why = serves(library, version);
      if (why.empty()) {
        found = {library.path(), version, {}};
        return;
      }
      refuse(text(library.path(), ' ', why));
    }
  }
  found.reason = first.empty() ? text(what, " was not found on this machine") : first;
}

std::string load_cublas_lt(const Library& library, CublasLtTable& t) {
  std::string missing;
  const auto need = [&](auto& entry, const char* name) {
    if (!entry.load(library, name) && missing.empty()) missing = name;
  };
  need(t.version, "cublasLtGetVersion");
  need(t.create, "cublasLtCreate");
  need(t.destroy, "cublasLtDestroy");
  need(t.create_description, "cublasLtMatmulDescCreate");
  need(t.set_description, "cublasLtMatmulDescSetAttribute");
  need(t.destroy_description, "cublasLtMatmulDescDestroy");
  need(t.create_layout, "cublasLtMatrixLayoutCreate");
  need(t.set_layout, "cublasLtMatrixLayoutSetAttribute");
  need(t.destroy_layout, "cublasLtMatrixLayoutDestroy");
  need(t.create_preference, "cublasLtMatmulPreferenceCreate");
  need(t.set_preference, "cublasLtMatmulPreferenceSetAttribute");
  need(t.destroy_preference, "cublasLtMatmulPreferenceDestroy");
  need(t.heuristic, "cublasLtMatmulAlgoGetHeuristic");
  need(t.multiply, "cublasLtMatmul");
  return missing.empty() ? missing : "has no " + missing;
}

/* NVRTC opens a second library by its bare name when it compiles. The one beside it is opened before, for Windows does not look there. */
void open_builtins(const Library& nvrtc) {
#ifdef _WIN32
  const std::string prefix = "nvrtc-builtins64_";
#else
  const std::string prefix = "libnvrtc-builtins.so.";
#endif
  std::error_code error;
  for (files::directory_iterator next(files::u8path(nvrtc.path()).parent_path(), error), end; !error && next != end; next.increment(error)) {
    std::string ignored;
    if (next->path().filename().u8string().rfind(prefix, 0) == 0) Library::open(next->path().u8string(), ignored);
  }
}

std::string load_nvrtc(const Library& library, NvrtcTable& t) {
  std::string missing;
  const auto need = [&](auto& entry, const char* name) {
    if (!entry.load(library, name) && missing.empty()) missing = name;
  };
  need(t.version, "nvrtcVersion");
  need(t.error, "nvrtcGetErrorString");
  need(t.create, "nvrtcCreateProgram");
  need(t.compile, "nvrtcCompileProgram");
  need(t.ptx_size, "nvrtcGetPTXSize");
  need(t.ptx, "nvrtcGetPTX");
  need(t.log_size, "nvrtcGetProgramLogSize");
  need(t.log, "nvrtcGetProgramLog");
  need(t.destroy, "nvrtcDestroyProgram");
  return missing.empty() ? missing : "has no " + missing;
}

}  // namespace

std::shared_ptr<Libraries> find_libraries(const std::vector<std::string>& folders, int driver_version) {
  auto libraries = std::make_shared<Libraries>();
  const std::vector<files::path> where = places(folders);
  search("cuBLASLt", cublas_lt_files, where, driver_version, libraries->cublas_lt, [&](const Library& library, std::string& version) {
    auto table = std::make_unique<CublasLtTable>();
    std::string why = load_cublas_lt(library, *table);
    if (!why.empty()) return why;
    const std::size_t number = table->version();
    /* 11605 is 11.6.5 in the first of CUDA 11, 120304 is 12.3.4 since */
    const std::size_t major = number < 100000 ? 1000 : 10000;
    version = text(number / major, '.', number % major / 100, '.', number % 100);
    libraries->cublas_lt_table = std::move(table);
    return why;
  });
  search("NVRTC", nvrtc_files, where, driver_version, libraries->nvrtc, [&](const Library& library, std::string& version) {
    auto table = std::make_unique<NvrtcTable>();
    std::string why = load_nvrtc(library, *table);
    if (!why.empty()) return why;
    int major = 0, minor = 0;
    if (table->version(&major, &minor) != 0) return text("does not say its version");
    version = text(major, '.', minor);
    open_builtins(library);
    libraries->nvrtc_table = std::move(table);
    return why;
  });
  search("cuDNN", cudnn_files, where, driver_version, libraries->cudnn, [&](const Library& library, std::string& version) {
    Entry<std::size_t> number;
    if (!number.load(library, "cudnnGetVersion")) return text("has no cudnnGetVersion");
    const std::size_t n = number();
    /* 8907 until cuDNN 8, 90100 since */
    version = n >= 90000 ? text(n / 10000, '.', n / 100 % 100, '.', n % 100) : text(n / 1000, '.', n / 100 % 10, '.', n % 100);
    return std::string();
  });
  return libraries;
}

std::string compile_ptx(const NvrtcTable& nvrtc, const std::string& source, const std::vector<std::string>& options) {
  const auto check = [&](int r, const char* call) {
    if (r != 0) throw Failure(Code::cuda, text("NVRTC: ", nvrtc.error(r), " (", call, ")"));
  };
  void* program = nullptr;
  check(nvrtc.create(&program, source.c_str(), "kernel.cu", 0, nullptr, nullptr), "nvrtcCreateProgram");
  const auto destroy = [&nvrtc](void** p) { nvrtc.destroy(p); };
  const std::unique_ptr<void*, decltype(destroy)> owner(&program, destroy);

  std::vector<const char*> given;
  for (const std::string& option : options) given.push_back(option.c_str());
  const int r = nvrtc.compile(program, static_cast<int>(given.size()), given.data());
  if (r != 0) {
    std::string log;
    std::size_t size = 0;
    if (nvrtc.log_size(program, &size) == 0 && size > 1) {
      log.resize(size);
      if (nvrtc.log(program, log.data()) == 0) log.resize(size - 1);
      else log.clear();
    }
    throw Failure(Code::cuda, text("the kernel does not compile: ", nvrtc.error(r), log.empty() ? "" : "\n", log));
  }
  std::size_t size = 0;
  check(nvrtc.ptx_size(program, &size), "nvrtcGetPTXSize");
  std::string ptx(size, '\0');
  check(nvrtc.ptx(program, ptx.data()), "nvrtcGetPTX");
  if (ptx.empty() || ptx.back() != '\0') ptx.push_back('\0');
  return ptx;
}

}  // namespace tenfold
