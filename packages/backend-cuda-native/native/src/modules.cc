/* Device: modules and what is checked before the driver reads one. */
#include <algorithm>
#include <array>
#include <cstring>

#include "device.h"
#include "errors.h"

namespace tenfold {
namespace {

template <typename T> T read_at(const std::uint8_t* image, std::size_t at) {
  T value;
  std::memcpy(&value, image + at, sizeof value);
  return value;
}

/* Whether a table of `count` entries lies within the image. */
bool holds(std::size_t bytes, std::uint64_t at, std::uint64_t size, std::uint64_t count = 1) {
  return at <= bytes && (size == 0 || count <= (bytes - at) / size);
}

/* Whether all that a 64-bit ELF file names lies within it: the driver reads a cubin without knowing its size. */
bool is_whole_elf(const std::uint8_t* image, std::size_t bytes) {
  constexpr std::size_t header = 64, section = 64, segment = 56;
  if (bytes < header || image[4] != 2) return false;
  const auto segments_at = read_at<std::uint64_t>(image, 32), sections_at = read_at<std::uint64_t>(image, 40);
  const auto segment_size = read_at<std::uint16_t>(image, 54), segments = read_at<std::uint16_t>(image, 56);
  const auto section_size = read_at<std::uint16_t>(image, 58), sections = read_at<std::uint16_t>(image, 60);
  if (segments > 0 && (segment_size != segment || !holds(bytes, segments_at, segment, segments))) return false;
  if (sections == 0 || section_size != section || !holds(bytes, sections_at, section, sections)) return false;
  constexpr std::uint32_t without_bytes = 8;
  for (std::size_t i = 0; i < sections; i++) {
    const std::size_t at = sections_at + i * section;
    if (read_at<std::uint32_t>(image, at + 4) == without_bytes) continue;
    if (!holds(bytes, read_at<std::uint64_t>(image, at + 24), 1, read_at<std::uint64_t>(image, at + 32))) return false;
  }
  return true;
}

void check_image(const std::string& name, const std::uint8_t* image, std::size_t bytes) {
  constexpr std::array<std::uint8_t, 4> elf{0x7f, 'E', 'L', 'F'};
  if (bytes >= elf.size() && std::equal(elf.begin(), elf.end(), image)) {
    if (!is_whole_elf(image, bytes)) wrong_argument("the module ", name, " is a cubin of which a part is missing");
    return;
  }
  if (bytes == 0 || image[bytes - 1] != 0) wrong_argument("the module ", name, " is neither a cubin nor a PTX text that ends in a zero byte");
  const std::string_view ptx(reinterpret_cast<const char*>(image), bytes - 1);
  if (ptx.find('\0') != std::string_view::npos || ptx.find(".version") == std::string_view::npos) wrong_argument("the module ", name, " is neither a cubin nor a PTX text");
}

/* Numbers of CUjit_option */
constexpr int error_log = 5, error_log_bytes = 6;

}  // namespace

std::uint64_t Device::load_module(const std::string& name, const std::uint8_t* image, std::size_t bytes) {
  enter();
  check_image(name, image, bytes);
  std::array<char, 8192> log{};
  std::array<int, 2> options{error_log, error_log_bytes};
  std::array<void*, 2> values{log.data(), reinterpret_cast<void*>(log.size() - 1)};
  Module module = nullptr;
  const Result r = table().load_module(&module, image, static_cast<unsigned>(options.size()), options.data(), values.data());
  if (r != result::ok) {
    Failure cause = failure(r, "cuModuleLoadDataEx");
    if (cause.code != Code::cuda) throw cause;
    const std::string said = log[0] == '\0' ? std::string() : text("\n", log.data());
    throw Failure(Code::cuda, text("the module ", name, " can't be loaded: ", cause.what(), said), cause.cuda);
  }
  return modules_.add({module, name});
}

}  // namespace tenfold
