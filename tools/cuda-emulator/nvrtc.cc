/*
 * A stand-in for NVRTC: g++ compiles the source to a library of kernels, and the "PTX" that comes back declares them and names the library for the emulated
 * driver. Libraries are kept by what they were made of, as compiling takes a second and tests compile the same programs again and again.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "extension.h"

extern char** environ;

namespace {

enum Status {
  success = 0,
  out_of_memory = 1,
  program_creation_failure = 2,
  invalid_input = 3,
  invalid_program = 4,
  invalid_option = 5,
  compilation = 6,
  internal_error = 11,
};

struct Program {
  std::string source, name, log, ptx;
  std::map<std::string, std::string> headers;
};

/* Where build.mjs put the headers, with what it compiled of them; libraries of kernels go there, too. */
const std::string folder = EMULATOR_PROGRAMS;

bool exists(const std::string& path) {
  struct stat facts;
  return stat(path.c_str(), &facts) == 0;
}

/* FNV-1a in two halves that begin differently: a name for a program. */
std::string digest(const std::vector<std::string>& parts) {
  std::string name;
  for (uint64_t hash : {uint64_t(0xcbf29ce484222325), uint64_t(0x84222325cbf29ce4)}) {
    for (const std::string& part : parts) {
      for (const char c : part) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
      hash = (hash ^ 0x100) * 0x100000001b3;
    }
    char digits[17];
    snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(hash));
    name += digits;
  }
  return name;
}

/* The driver that this process uses: kernels that are compiled here run on its fibers. */
std::string driver_path() {
  Dl_info driver;
  return dladdr(reinterpret_cast<void*>(&emulator::emulate_has_memory), &driver) != 0 ? driver.dli_fname : "libcuda.so.1";
}

/* Options of NVRTC as options of g++; false if there is no such option. */
bool translate(const std::string& option, std::vector<std::string>& into) {
  const size_t equals = option.find('=');
  const std::string key = option.substr(0, equals), value = equals == std::string::npos ? "" : option.substr(equals + 1);
  if (option.compare(0, 2, "-D") == 0 || option.compare(0, 2, "-I") == 0 || option.compare(0, 2, "-U") == 0) into.push_back(option);
  else if (key == "--define-macro") into.push_back("-D" + value);
  else if (key == "--include-path") into.push_back("-I" + value);
  else {
    static const char* const ignored[] = {
        "--gpu-architecture", "-arch", "--fmad", "-fmad", "--std", "-std", "--restrict", "-restrict", "--ftz", "-ftz", "--prec-div", "-prec-div", "--prec-sqrt",
        "-prec-sqrt", "--maxrregcount", "-maxrregcount", "--device-as-default-execution-space", "-default-device", "--generate-line-info", "-lineinfo",
        "--disable-warnings", "-w"};
    for (const char* name : ignored)
      if (key == name) return true;
    return false;
  }
  return true;
}

/* Runs g++; its exit status, and all that it wrote. */
int run_compiler(const std::vector<std::string>& words, std::string& log) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return -1;
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
  posix_spawn_file_actions_adddup2(&actions, ends[1], 2);
  pid_t child = 0;
  const int failed = posix_spawnp(&child, arguments[0], &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  char part[4096];
  for (ssize_t got; failed == 0 && ((got = read(ends[0], part, sizeof part)) > 0 || (got < 0 && errno == EINTR));)
    if (got > 0) log.append(part, size_t(got));
  close(ends[0]);
  if (failed != 0) return -1;
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {}
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

Status compile(Program& program, const std::vector<std::string>& options) {
  const std::string driver = driver_path();
  std::vector<std::string> parts = options;
  parts.push_back(program.source);
  for (const auto& [name, text] : program.headers) parts.insert(parts.end(), {name, text});
  const std::string name = digest(parts), library = folder + "/" + name + ".so";
  if (!exists(library)) {
    /* nobody else writes here: processes and threads may compile the same program at once */
    std::string own = folder + "/" + name + "-XXXXXX";
    if (mkdtemp(own.data()) == nullptr) return internal_error;
    std::vector<std::string> made = {own + "/program.cc"};
    std::ofstream(made[0]) << "#line 1 \"" << program.name << "\"\n" << program.source << '\n';
    for (const auto& [header, text] : program.headers) {
      if (header.find('/') != std::string::npos) continue;
      made.push_back(own + "/" + header);
      std::ofstream(made.back()) << text;
    }
    std::vector<std::string> words = {"g++"};
    for (const char* flag : {EMULATOR_FLAGS}) words.push_back(flag);
    words.insert(words.end(), {"-shared", "-w", "-include", folder + "/precompiled.h", "-I", EMULATOR_HEADERS, "-I", own});
    words.insert(words.end(), options.begin(), options.end());
    made.push_back(own + "/program.so");
    words.insert(words.end(), {made[0], "-x", "none", driver, "-o", made.back()});
    const int status = run_compiler(words, program.log);
    if (status == 0) rename(made.back().c_str(), library.c_str());
    for (const std::string& file : made) unlink(file.c_str());
    rmdir(own.c_str());
    if (status != 0) return compilation;
  }
  program.ptx = "//\n// cuda-emulator object " + library + "\n//\n.version 7.0\n.target sm_75\n.address_size 64\n";
  const std::string failure = emulator::emulate_kernels(library.c_str(), [&](const char* kernel, size_t bytes, size_t alignment, unsigned threads) {
    const std::string name = kernel, parameter = ".align " + std::to_string(alignment) + " .b8 " + name + "_param_0[" + std::to_string(bytes) + "]";
    program.ptx += "\n.visible .entry " + name + "(\n\t.param " + parameter + "\n)\n.maxntid " + std::to_string(threads) + ", 1, 1\n{\n\tret;\n}\n";
  });
  if (failure.empty()) return success;
  program.log += failure;
  return internal_error;
}

int copy_text(const std::string& text, char* to) {
  memcpy(to, text.c_str(), text.size() + 1);
  return success;
}

}  // namespace

#define NVRTC_API extern "C" __attribute__((visibility("default"))) int

/*
 * A version that NVIDIA never had, and another one for other headers: who keeps PTX by the version of its compiler must not take ours for a card's, or load
 * what an emulator from before compiled.
 */
NVRTC_API nvrtcVersion(int* major, int* minor) {
  *major = 11;
  *minor = 10 + int(std::stoul(digest({folder}).substr(0, 8), nullptr, 16) % 90);
  return success;
}
extern "C" __attribute__((visibility("default"))) const char* nvrtcGetErrorString(int status) {
  switch (status) {
    case success: return "NVRTC_SUCCESS";
    case out_of_memory: return "NVRTC_ERROR_OUT_OF_MEMORY";
    case program_creation_failure: return "NVRTC_ERROR_PROGRAM_CREATION_FAILURE";
    case invalid_input: return "NVRTC_ERROR_INVALID_INPUT";
    case invalid_program: return "NVRTC_ERROR_INVALID_PROGRAM";
    case invalid_option: return "NVRTC_ERROR_INVALID_OPTION";
    case compilation: return "NVRTC_ERROR_COMPILATION";
    case internal_error: return "NVRTC_ERROR_INTERNAL_ERROR";
    default: return "NVRTC_ERROR unknown";
  }
}
NVRTC_API nvrtcCreateProgram(Program** program, const char* source, const char* name, int count, const char* const* headers, const char* const* names) {
  if (program == nullptr || source == nullptr || count < 0 || (count > 0 && (headers == nullptr || names == nullptr))) return invalid_input;
  auto made = std::make_unique<Program>();
  made->source = source;
  made->name = name == nullptr ? "default_program" : name;
  for (int i = 0; i < count; i++) made->headers.emplace(names[i], headers[i]);
  *program = made.release();
  return success;
}
NVRTC_API nvrtcDestroyProgram(Program** program) {
  if (program == nullptr || *program == nullptr) return invalid_program;
  const std::unique_ptr<Program> gone(*program);
  *program = nullptr;
  return success;
}
NVRTC_API nvrtcCompileProgram(Program* program, int count, const char* const* options) {
  if (program == nullptr) return invalid_program;
  program->log.clear();
  program->ptx.clear();
  std::vector<std::string> translated;
  for (int i = 0; i < count; i++)
    if (!translate(options[i], translated)) {
      program->log = std::string("nvrtc: error: unrecognized option ") + options[i] + " found\n";
      return invalid_option;
    }
  return compile(*program, translated);
}
NVRTC_API nvrtcGetPTXSize(const Program* program, size_t* size) {
  if (program == nullptr || program->ptx.empty()) return invalid_program;
  *size = program->ptx.size() + 1;
  return success;
}
NVRTC_API nvrtcGetPTX(const Program* program, char* ptx) {
  if (program == nullptr || program->ptx.empty()) return invalid_program;
  return copy_text(program->ptx, ptx);
}
NVRTC_API nvrtcGetProgramLogSize(const Program* program, size_t* size) {
  if (program == nullptr) return invalid_program;
  *size = program->log.size() + 1;
  return success;
}
NVRTC_API nvrtcGetProgramLog(const Program* program, char* log) { return program == nullptr ? int(invalid_program) : copy_text(program->log, log); }
