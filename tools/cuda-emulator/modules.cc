/* Images: reads the entries of a PTX text and finds the kernels that the host compiled, here or in a library that the text names. */
#include <dlfcn.h>

#include <algorithm>
#include <cctype>
#include <cstring>

#include "entry.h"
#include "extension.h"

namespace emulator {
namespace {

/* The table that kernels enlist in: the driver's own, unless a library is being loaded. */
const Kernel* built_in = nullptr;
const Kernel** table = &built_in;

std::map<std::string, const Kernel*> by_name(const Kernel* first) {
  std::map<std::string, const Kernel*> kernels;
  for (const Kernel* kernel = first; kernel != nullptr; kernel = kernel->next)
    if (!kernels.emplace(kernel->name, kernel).second) complain(std::string("two kernels are named ") + kernel->name);
  return kernels;
}

/* Libraries stay open: their kernels are enlisted as they are loaded, and only the first time. */
void* open_library(const char* path, std::map<std::string, const Kernel*>& kernels) {
  struct Library {
    void* handle;
    std::map<std::string, const Kernel*> kernels;
  };
  static std::map<std::string, Library> opened;
  auto known = opened.find(path);
  if (known == opened.end()) {
    const Kernel* first = nullptr;
    table = &first;
    void* const handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    table = &built_in;
    if (handle == nullptr) return nullptr;
    known = opened.emplace(path, Library{handle, by_name(first)}).first;
  }
  kernels = known->second.kernels;
  return known->second.handle;
}

struct Entry {
  std::string name;
  size_t parameters, bytes, threads;
};

/* PTX without comments. */
std::string without_comments(const std::string& text) {
  std::string code;
  for (size_t i = 0; i < text.size(); i++) {
    if (text.compare(i, 2, "//") == 0) i = std::min(text.find('\n', i), text.size() - 1);
    else if (text.compare(i, 2, "/*") == 0) i = std::min(text.find("*/", i + 2), text.size() - 2) + 1;
    else code += text[i];
  }
  return code;
}

/* Words, and signs one by one. */
class Words {
 public:
  explicit Words(const std::string& text) : text(text) {}
  std::string next() {
    while (at < text.size() && isspace(static_cast<unsigned char>(text[at]))) at++;
    const size_t start = at;
    while (at < text.size() && (isalnum(static_cast<unsigned char>(text[at])) || strchr("_.$%", text[at]) != nullptr)) at++;
    if (at == start && at < text.size()) at++;
    return text.substr(start, at - start);
  }

 private:
  const std::string& text;
  size_t at = 0;
};

size_t bytes_of_type(const std::string& type) {
  const size_t digit = type.find_first_of("0123456789");
  return digit == std::string::npos ? 0 : std::stoul(type.substr(digit)) / 8;
}

Entry parse_entry(Words& words) {
  Entry entry = {words.next(), 0, 0, 0};
  std::string word = words.next();
  if (word == "(") {
    for (word = words.next(); word != ")" && !word.empty(); word = words.next()) {
      if (word == ".param") {
        entry.parameters++;
        entry.bytes = 0;
      } else if (word == ".align") {
        words.next();
      } else if (word == "[") {
        entry.bytes *= std::stoul(words.next());
      } else if (word[0] == '.' && entry.bytes == 0) {
        entry.bytes = bytes_of_type(word);
      }
    }
    word = words.next();
  }
  for (; word != "{" && !word.empty(); word = words.next())
    if (word == ".maxntid") entry.threads = std::stoul(words.next());
  return entry;
}

/* The newest PTX that a driver compiles, ten times its version. */
int newest_ptx(int driver) {
  static constexpr struct {
    int driver, ptx;
  } table[] = {{13010, 91}, {13000, 90}, {12090, 88}, {12080, 87}, {12070, 86}, {12050, 85}, {12040, 84}, {12030, 83}, {12020, 82}, {12010, 81},
               {12000, 80}, {11080, 78}, {11070, 77}, {11060, 76}, {11050, 75}, {11040, 74}, {11030, 73}, {11020, 72}, {11010, 71}, {11000, 70}};
  for (const auto& row : table)
    if (driver >= row.driver) return row.ptx;
  return 65;
}

/* Where nvrtc.cc left what it compiled. */
constexpr char object_mark[] = "// cuda-emulator object ";

Failure refuse(Result result, const std::string& message) {
  complain(message);
  return {result};
}

}  // namespace

void enlist(Kernel& kernel) {
  kernel.next = *table;
  *table = &kernel;
}

std::string emulate_kernels(const char* library, const std::function<void(const char*, size_t, size_t, unsigned)>& each) {
  const std::lock_guard<std::mutex> lock(driver_lock);
  std::map<std::string, const Kernel*> kernels;
  if (open_library(library, kernels) == nullptr) return dlerror();
  for (const auto& [name, kernel] : kernels) each(name.c_str(), kernel->bytes, kernel->alignment, kernel->threads);
  return {};
}

std::unique_ptr<Module> load_module(Context& context, const void* image) {
  static const std::map<std::string, const Kernel*> ours = by_name(built_in);
  if (memcmp(image, "\x7f""ELF", 4) == 0) throw refuse(no_binary_for_gpu, "an image is a cubin: it holds a card's machine code, which can't run here");
  const std::string text = static_cast<const char*>(image);
  const std::string code = without_comments(text);

  auto module = std::make_unique<Module>();
  module->context = &context;
  std::map<std::string, const Kernel*> found;
  const std::map<std::string, const Kernel*>* known = &ours;
  if (const size_t mark = text.find(object_mark); mark != std::string::npos) {
    const size_t start = mark + strlen(object_mark);
    const std::string path = text.substr(start, text.find('\n', start) - start);
    known = &found;
    if (open_library(path.c_str(), found) == nullptr) throw refuse(invalid_image, std::string("what NVRTC compiled can't be loaded: ") + dlerror());
  }

  Words words(code);
  bool has_version = false;
  for (std::string word = words.next(); !word.empty(); word = words.next()) {
    if (word == ".version") {
      const std::string version = words.next();
      const size_t dot = version.find('.');
      const int ptx = dot == std::string::npos ? 0 : 10 * atoi(version.c_str()) + atoi(version.c_str() + dot + 1);
      has_version = ptx > 0;
      if (ptx > newest_ptx(settings().driver_version)) throw refuse(unsupported_ptx_version, "PTX " + version + " is too new for the driver");
    } else if (word == ".target") {
      const std::string target = words.next();
      if (target.compare(0, 3, "sm_") == 0 && atoi(target.c_str() + 3) > 10 * settings().major + settings().minor)
        throw refuse(invalid_ptx, "PTX for " + target + " can't run on a device of capability " + std::to_string(settings().major) + "." +
                                      std::to_string(settings().minor));
    } else if (word == ".entry") {
      const Entry entry = parse_entry(words);
      const auto kernel = known->find(entry.name);
      if (kernel == known->end()) throw refuse(invalid_ptx, "the PTX has kernel " + entry.name + ", which was not compiled for the host");
      if (entry.parameters != 1 || entry.bytes != kernel->second->bytes)
        throw refuse(invalid_ptx, "kernel " + entry.name + " has " + std::to_string(entry.parameters) + " parameters in the PTX, the last of " +
                                      std::to_string(entry.bytes) + " bytes; for the host it has one of " + std::to_string(kernel->second->bytes));
      if (entry.threads != 0 && entry.threads != kernel->second->threads)
        throw refuse(invalid_ptx, "kernel " + entry.name + " has blocks of " + std::to_string(entry.threads) + " threads in the PTX, and of " +
                                      std::to_string(kernel->second->threads) + " for the host");
      module->kernels.emplace(entry.name, kernel->second);
    }
  }
  if (!has_version) throw refuse(invalid_ptx, "an image has no .version: it is no PTX");
  return module;
}

}  // namespace emulator
