/* Numbers that JavaScript holds for things of a device. */
#pragma once

#include <cstdint>
#include <vector>

#include "errors.h"

namespace tenfold {

enum class Kind : std::uint64_t { buffer = 1, module, kernel, stream, event, graph };

inline const char* kind_name(Kind kind) {
  static const char* const names[] = {"", "buffer", "module", "kernel", "stream", "event", "graph"};
  return names[static_cast<std::uint64_t>(kind)];
}

/*
 * Values under numbers that are never given twice in a process: kind (3 bits), device (10), generation (20) and slot (20) make a safe integer.
 * A slot whose generations are used up is left empty.
 */
template <typename T> class Slots {
 public:
  Slots(Kind kind, std::uint64_t device) : base_((static_cast<std::uint64_t>(kind) << 50) | (device << 40)), kind_(kind) {}

  std::uint64_t add(T value) {
    if (free_.empty()) {
      if (slots_.size() > slot_mask) wrong_argument("a device holds at most ", slot_mask + 1, " ", kind_name(kind_), "s at a time");
      slots_.push_back({});
      free_.push_back(slots_.size() - 1);
    }
    const std::uint64_t slot = free_.back();
    free_.pop_back();
    Slot& s = slots_[slot];
    s.value = std::move(value);
    s.key = base_ | (s.generation << 20) | slot;
    count_++;
    return s.key;
  }

  T* find(std::uint64_t key) {
    const std::uint64_t slot = key & slot_mask;
    return slot < slots_.size() && slots_[slot].key == key && key != 0 ? &slots_[slot].value : nullptr;
  }

  T& at(std::uint64_t key) {
    T* value = find(key);
    if (value == nullptr) refuse(key);
    return *value;
  }

  T take(std::uint64_t key) {
    T value = std::move(at(key));
    const std::uint64_t slot = key & slot_mask;
    Slot& s = slots_[slot];
    s.key = 0;
    s.value = T{};
    count_--;
    if (++s.generation <= generation_mask) free_.push_back(slot);
    return value;
  }

  std::uint64_t count() const { return count_; }

  template <typename Visit> void each(Visit visit) {
    for (Slot& s : slots_)
      if (s.key != 0) visit(s.value);
  }

 private:
  static constexpr std::uint64_t slot_mask = (1 << 20) - 1, generation_mask = (1 << 20) - 1;
  struct Slot {
    std::uint64_t key = 0, generation = 0;
    T value{};
  };

  [[noreturn]] void refuse(std::uint64_t key) const {
    const std::uint64_t kind = key >> 50;
    if ((key & ~((std::uint64_t{1} << 40) - 1)) == base_) wrong_argument("the ", kind_name(kind_), " ", key, " was released");
    if (kind == static_cast<std::uint64_t>(kind_)) wrong_argument("the ", kind_name(kind_), " ", key, " is another device's");
    if (kind >= 1 && kind <= static_cast<std::uint64_t>(Kind::graph))
      wrong_argument(key, " is the number of a ", kind_name(static_cast<Kind>(kind)), ", not of a ", kind_name(kind_));
    wrong_argument(key, " is not the number of a ", kind_name(kind_));
  }

  std::uint64_t base_;
  Kind kind_;
  std::vector<Slot> slots_;
  std::vector<std::uint64_t> free_;
  std::uint64_t count_ = 0;
};

}  // namespace tenfold
