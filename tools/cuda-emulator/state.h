/* What the driver keeps: contexts, streams and their work, events, graphs, modules. All of it is read and written under one lock. */
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "kernel.h"
#include "memory.h"
#include "results.h"

namespace emulator {

struct Context;
struct Stream;
struct Event;

/* A piece of a stream's work. It may run more than once if a graph holds it. */
using Work = std::function<Result()>;

/* A capture that is under way in one stream or several. */
struct Capture {
  Stream* origin;
  int mode;
  std::thread::id thread;
  bool valid = true;
  std::vector<Work> work;
  std::set<Stream*> streams;
};

struct Stream {
  Context* context;
  bool blocking;
  std::deque<Work> queue;
  /* Operations that were queued, and that ran. */
  uint64_t queued = 0, done = 0;
  std::shared_ptr<Capture> capture;
  /* In a capture: work of this stream, and what of it the origin waits for. */
  size_t captured = 0, joined = 0;
  /* Another thread is in a function of the host that this stream calls. */
  bool calls_host = false;
};

struct Event {
  Context* context;
  bool timed;
  /* The record that counts: `stream` has done it when it has done `ticket` operations. */
  std::shared_ptr<Stream> stream;
  uint64_t ticket = 0;
  std::chrono::steady_clock::time_point time;
  std::shared_ptr<Capture> capture;
  Stream* captured_in = nullptr;
  size_t captured_work = 0;
};

struct Graph {
  std::vector<Work> work;
};

struct Module {
  Context* context;
  std::map<std::string, const Kernel*> kernels;
};

struct Function {
  Module* module;
  const Kernel* kernel;
};

struct Context {
  int device;
  int retained = 0;
  /* Once a kernel has failed, every call returns why. */
  Result sticky = ok;
  std::shared_ptr<Stream> null_stream;
  std::map<Stream*, std::shared_ptr<Stream>> streams;
  std::map<Event*, std::shared_ptr<Event>> events;
  std::map<Graph*, std::unique_ptr<Graph>> graphs, executables;
  std::map<Module*, std::unique_ptr<Module>> modules;
  std::map<Function*, std::unique_ptr<Function>> functions;
};

/* The context of a handle's object, or a failure if there is none. */
Context& current_context();

/* streams.cc */
void queue(Stream& stream, Work work);
void run_until(Stream& stream, uint64_t ticket);
void run_all(Context& context);
bool is_done(const Event& event);
/* Calls a function of the host, without the driver's lock; meanwhile the stream stands. */
void call_host(Stream& stream, const std::function<void()>& call);
/* Refuses what may not be called while a stream of this thread is captured, and spoils the capture. */
void refuse_in_capture();
std::shared_ptr<Stream> find_stream(Context& context, Stream* handle);
int exchange_mode(int mode);
void begin_capture(Stream& stream, int mode);
std::unique_ptr<Graph> end_capture(Stream& stream);
void record(Event& event, const std::shared_ptr<Stream>& stream);
void wait_for(const std::shared_ptr<Stream>& stream, Event& event);
/* Gives up what is queued or captured. */
void drop_work(Context& context);

/* modules.cc */
std::unique_ptr<Module> load_module(Context& context, const void* image);

void complain(const std::string& message);

}  // namespace emulator
