#include "settings.h"

#include <unistd.h>

#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>

namespace emulator {

Counts counts;
uint64_t settings_generation = 0;

namespace {

uint64_t whole(const std::string& text) { return strtoull(text.c_str(), nullptr, 10); }

size_t bytes(const std::string& text) {
  char* end = nullptr;
  const uint64_t number = strtoull(text.c_str(), &end, 10);
  const int shift = *end == 'K' ? 10 : *end == 'M' ? 20 : *end == 'G' ? 30 : 0;
  return size_t(number) << shift;
}

Order order(const std::string& text) { return text == "backward" ? Order::backward : text == "shuffled" ? Order::shuffled : Order::forward; }

using Set = std::function<void(Settings&, const std::string&)>;
const std::map<std::string, Set>& setters() {
  static const std::map<std::string, Set> table = {
      {"driver-version", [](Settings& s, const std::string& v) { s.driver_version = int(whole(v)); }},
      {"devices", [](Settings& s, const std::string& v) { s.devices = int(whole(v)); }},
      {"init", [](Settings& s, const std::string& v) { s.init = int(whole(v)); }},
      {"capability", [](Settings& s, const std::string& v) { sscanf(v.c_str(), "%d.%d", &s.major, &s.minor); }},
      {"memory", [](Settings& s, const std::string& v) { s.memory = bytes(v); }},
      {"no-capture", [](Settings& s, const std::string&) { s.capture = false; }},
      {"eager", [](Settings& s, const std::string&) { s.lazy = false; }},
      {"batch", [](Settings& s, const std::string& v) { s.batch = size_t(whole(v)); }},
      {"blocks", [](Settings& s, const std::string& v) { s.blocks = order(v); }},
      {"threads", [](Settings& s, const std::string& v) { s.threads = order(v); }},
      {"oom-at", [](Settings& s, const std::string& v) { s.oom_at = whole(v); }},
      {"launch-fail-at", [](Settings& s, const std::string& v) { s.launch_fail_at = whole(v); }},
      {"illegal-at", [](Settings& s, const std::string& v) { s.illegal_at = whole(v); }},
      {"lost-at", [](Settings& s, const std::string& v) { s.lost_at = whole(v); }},
      {"lost-error", [](Settings& s, const std::string& v) { s.lost_error = int(whole(v)); }},
      {"missing", [](Settings& s, const std::string& v) { s.missing.insert(v); }},
  };
  return table;
}

Settings parse(const std::string& text) {
  Settings result;
  std::string part;
  const auto set = [&] {
    if (part.empty()) return;
    const size_t equals = part.find('=');
    const auto setter = setters().find(part.substr(0, equals));
    if (setter == setters().end()) fprintf(stderr, "cuda-emulator: TENFOLD_EMULATOR has no setting '%s'\n", part.c_str());
    else setter->second(result, equals == std::string::npos ? "" : part.substr(equals + 1));
    part.clear();
  };
  for (const char c : text) {
    if (c == ',' || isspace(static_cast<unsigned char>(c))) set();
    else part += c;
  }
  set();
  return result;
}

/* `@path` names a file that holds the settings. */
std::string asked() {
  const char* value = getenv("TENFOLD_EMULATOR");
  if (value == nullptr) return "";
  if (value[0] != '@') return value;
  std::ifstream file(value + 1);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

const Settings& settings() {
  static std::string last;
  static Settings current;
  static bool known = false;
  /* the environment changes under the feet of whoever reads it on another thread than the main one, where JavaScript writes it */
  if (known && gettid() != getpid()) return current;
  known = true;
  std::string now = asked();
  if (now != last) {
    current = parse(now);
    last = std::move(now);
    counts = {};
    settings_generation++;
  }
  return current;
}

}  // namespace emulator
