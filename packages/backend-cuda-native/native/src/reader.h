/* Waits for the device on a thread of its own, so that JavaScript does not. */
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "driver.h"
#include "pinned.h"

namespace tenfold {

/* Something that is waited for: bytes that arrive in pinned memory and belong into `target`, or events alone. */
struct Read {
  virtual ~Read() = default;
  std::vector<Event> events;
  Pinned pinned;
  std::uint8_t* target = nullptr;
  std::size_t bytes = 0;
  Result result = 0;
  /* How far each stream has come when the events have happened. */
  std::vector<std::pair<std::shared_ptr<Lane>, std::uint64_t>> reached;
};

/* Reads are waited for in the order in which they were queued. */
class Reader {
 public:
  /* `notify` is called on the thread when a read is done. */
  Reader(const Driver& driver, Context context, std::function<void()> notify);
  ~Reader() { stop(false); }

  void queue(std::unique_ptr<Read> read);
  std::vector<std::unique_ptr<Read>> take_done();
  /* Ends the thread: after all that is queued, or after what it waits for now. */
  void stop(bool finish);
  /* What was never waited for. */
  std::deque<std::unique_ptr<Read>> take_queued();

 private:
  void run();
  void await(Read& read) const;

  const Driver& driver_;
  Context context_;
  std::function<void()> notify_;
  std::mutex guard_;
  std::condition_variable changed_;
  std::deque<std::unique_ptr<Read>> queued_;
  std::vector<std::unique_ptr<Read>> done_;
  bool stopping_ = false, finish_ = false;
  std::thread thread_;
};

}  // namespace tenfold
