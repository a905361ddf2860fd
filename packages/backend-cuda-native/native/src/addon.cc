/* What JavaScript calls: reads its values, and hands them to Device. */
#include <napi.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "device.h"
#include "driver.h"
#include "errors.h"
#include "libraries.h"
#include "values.h"

namespace tenfold {
namespace {

/* What one environment of Node (its main thread, or a worker) holds. */
struct AddonData {
  Napi::FunctionReference device;
  Napi::FunctionReference array_buffer;
  /* What `probe` found last */
  std::shared_ptr<Driver> driver;
  std::shared_ptr<Libraries> libraries;
  /* Set while `open` makes a device; nothing else can. */
  const std::pair<int, bool>* opening = nullptr;
};

Napi::Error to_error(Napi::Env env, const Failure& failure) {
  static const char* const codes[] = {"ARGUMENT", "MEMORY", "LOST", "CUDA"};
  Napi::Error error = Napi::Error::New(env, failure.what());
  error.Set("code", Napi::String::New(env, codes[static_cast<int>(failure.code)]));
  if (!failure.cuda.empty()) error.Set("cuda", Napi::String::New(env, failure.cuda));
  if (failure.shortage) {
    const Shortage& s = *failure.shortage;
    error.Set("asked", Napi::Number::New(env, static_cast<double>(s.asked)));
    error.Set("held", Napi::Number::New(env, static_cast<double>(s.held)));
    error.Set("cached", Napi::Number::New(env, static_cast<double>(s.cached)));
    error.Set("free", Napi::Number::New(env, static_cast<double>(s.free)));
  }
  return error;
}

/* Runs `body`; what it throws leaves as an exception of JavaScript. */
template <typename Body> auto guarded(Napi::Env env, Body body) {
  try {
    return body();
  } catch (const Failure& failure) {
    throw to_error(env, failure);
  } catch (const Napi::Error&) {
    throw;
  } catch (const std::exception& error) {
    throw to_error(env, Failure(Code::cuda, text("the addon failed: ", error.what())));
  }
}

/* Made by JavaScript's own constructor, which raises if there is no room; Node-API's ends the process. */
Napi::ArrayBuffer array_buffer(Napi::Env env, std::size_t bytes) {
  try {
    return env.GetInstanceData<AddonData>()->array_buffer.New({Napi::Number::New(env, static_cast<double>(bytes))}).As<Napi::ArrayBuffer>();
  } catch (const Napi::Error&) {
    throw Failure(Code::memory, text("no memory in this process to read ", bytes, " bytes into"));
  }
}

/* A promise of JavaScript that waits for the device, and the memory that the bytes go into. */
struct PendingRead : Read {
  explicit PendingRead(Napi::Env env) : deferred(Napi::Promise::Deferred::New(env)) {}
  Napi::Promise::Deferred deferred;
  Napi::Reference<Napi::ArrayBuffer> buffer;
};

Matrix read_matrix(const Napi::Object& product, const char* name) {
  const Napi::Object from = object(product.Get(name), name);
  Matrix m;
  m.handle = whole(from.Get("handle"), "a matrix's `handle`");
  m.offset = whole(from.Get("offset"), "a matrix's `offset`");
  m.rows = whole(from.Get("rows"), "a matrix's `rows`");
  m.columns = whole(from.Get("columns"), "a matrix's `columns`");
  m.leading = whole(from.Get("leading"), "a matrix's `leading`");
  m.batch_stride = whole(from.Get("batchStride"), "a matrix's `batchStride`");
  m.transposed = flag(from.Get("transposed"), "a matrix's `transposed`");
  return m;
}

template <typename T, std::size_t count> T choose(const Napi::Value& value, const char* name, const std::array<std::pair<const char*, T>, count>& choices) {
  const std::string word = words(value, name);
  for (const auto& [known, choice] : choices)
    if (word == known) return choice;
  wrong_argument(name, " can't be '", word, "'");
}

Product read_product(const Napi::Value& value) {
  static constexpr std::array<std::pair<const char*, Element>, 4> types{{{"f32", Element::f32}, {"f64", Element::f64}, {"f16", Element::f16}, {"bf16", Element::bf16}}};
  static constexpr std::array<std::pair<const char*, unsigned>, 6> epilogues{
      {{"none", 1u}, {"relu", 2u}, {"bias", 4u}, {"relu-bias", 6u}, {"gelu", 32u}, {"gelu-bias", 36u}}};
  constexpr unsigned with_bias = 4;
  const Napi::Object from = object(value, "the product");
  Product product;
  product.type = choose(from.Get("type"), "`type`", types);
  product.tf32 = flag(from.Get("tf32"), "`tf32`");
  product.batch = whole(from.Get("batch"), "`batch`");
  product.a = read_matrix(from, "a");
  product.b = read_matrix(from, "b");
  product.d = read_matrix(from, "d");
  product.epilogue = choose(from.Get("epilogue"), "`epilogue`", epilogues);
  const Napi::Value bias = from.Get("bias");
  product.has_bias = (product.epilogue & with_bias) != 0;
  if (product.has_bias == bias.IsUndefined()) wrong_argument("`bias` goes with the epilogues that name it, and with no other");
  if (product.has_bias) {
    product.bias = whole(object(bias, "`bias`").Get("handle"), "the bias's `handle`");
    product.bias_offset = whole(bias.As<Napi::Object>().Get("offset"), "the bias's `offset`");
  }
  return product;
}

class NativeDevice : public Napi::ObjectWrap<NativeDevice> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(env, "NativeDevice",
                       {method<&NativeDevice::load_module>("loadModule"), method<&NativeDevice::kernel>("kernel"),
                        method<&NativeDevice::launch>("launch"), method<&NativeDevice::allocate>("allocate"),
                        method<&NativeDevice::release>("release"), method<&NativeDevice::upload>("upload"),
                        method<&NativeDevice::download>("download"), method<&NativeDevice::download_sync>("downloadSync"),
                        method<&NativeDevice::copy>("copy"), method<&NativeDevice::fill>("fill"),
                        method<&NativeDevice::synchronize>("synchronize"), method<&NativeDevice::synchronize_sync>("synchronizeSync"),
                        method<&NativeDevice::memory>("memory"), method<&NativeDevice::empty_cache>("emptyCache"),
                        method<&NativeDevice::create_stream>("createStream"), method<&NativeDevice::destroy_stream>("destroyStream"),
                        method<&NativeDevice::set_stream>("setStream"), method<&NativeDevice::create_event>("createEvent"),
                        method<&NativeDevice::destroy_event>("destroyEvent"), method<&NativeDevice::record_event>("recordEvent"),
                        method<&NativeDevice::wait_event>("waitEvent"), method<&NativeDevice::query_event>("queryEvent"),
                        method<&NativeDevice::synchronize_event>("synchronizeEvent"), method<&NativeDevice::elapsed>("elapsed"),
                        method<&NativeDevice::begin_capture>("beginCapture"), method<&NativeDevice::end_capture>("endCapture"),
                        method<&NativeDevice::abandon_capture>("abandonCapture"), method<&NativeDevice::replay>("replay"),
                        method<&NativeDevice::destroy_graph>("destroyGraph"), method<&NativeDevice::multiply>("multiply"),
                        method<&NativeDevice::compile>("compile"), method<&NativeDevice::close>("close"),
                        getter<&NativeDevice::argument_bytes>("argumentBytes"), getter<&NativeDevice::pointers>("pointers"),
                        getter<&NativeDevice::has_cublas_lt>("hasCublasLt"), getter<&NativeDevice::has_nvrtc>("hasNvrtc"),
                        getter<&NativeDevice::lost>("lost")});
  }

  explicit NativeDevice(const Napi::CallbackInfo& info) : ObjectWrap(info) {
    guarded(info.Env(), [&] {
      AddonData& data = *info.Env().GetInstanceData<AddonData>();
      if (data.opening == nullptr) wrong_argument("a device is opened with open()");
      const auto [index, blocking] = *data.opening;
      device_ = std::make_unique<Device>(data.driver, data.libraries, index, blocking, [this] { napi_call_threadsafe_function(notifier_, nullptr, napi_tsfn_nonblocking); });
    });
    arguments_ = Napi::Persistent(Napi::ArrayBuffer::New(info.Env(), argument_bytes_most));
    pointer_bytes_ = Napi::Persistent(Napi::ArrayBuffer::New(info.Env(), pointers_most * 3 * sizeof(double)));
    pointers_ = Napi::Persistent(Napi::Float64Array::New(info.Env(), pointers_most * 3, pointer_bytes_.Value(), 0).As<Napi::Object>());
    const napi_value name = Napi::String::New(info.Env(), "tenfold-cuda-reads");
    if (napi_create_threadsafe_function(info.Env(), nullptr, nullptr, name, 0, 1, nullptr, nullptr, this, settle, &notifier_) != napi_ok)
      throw Napi::Error::New(info.Env());
    napi_unref_threadsafe_function(info.Env(), notifier_);
    /* behind the function, so that it is called before the environment takes that away */
    napi_add_env_cleanup_hook(info.Env(), end, this);
    hooked_ = true;
  }

  ~NativeDevice() override {
    if (hooked_) napi_remove_env_cleanup_hook(Env(), end, this);
    finish(false);
  }

 private:
  template <Napi::Value (NativeDevice::*body)(const Napi::CallbackInfo&)> Napi::Value call(const Napi::CallbackInfo& info) {
    return guarded(info.Env(), [&] {
      if (!device_) throw Failure(Code::lost, "the device was closed");
      return (this->*body)(info);
    });
  }
  template <Napi::Value (NativeDevice::*body)(const Napi::CallbackInfo&)> static Napi::ClassPropertyDescriptor<NativeDevice> method(const char* name) {
    return InstanceMethod<&NativeDevice::call<body>>(name);
  }
  template <Napi::Value (NativeDevice::*body)(const Napi::CallbackInfo&)> static Napi::ClassPropertyDescriptor<NativeDevice> getter(const char* name) {
    return InstanceAccessor<&NativeDevice::call<body>>(name);
  }

  static Napi::Value number(const Napi::CallbackInfo& info, std::uint64_t value) { return Napi::Number::New(info.Env(), static_cast<double>(value)); }

  Napi::Value load_module(const Napi::CallbackInfo& info) {
    const std::string name = words(info[0], "the name of the module");
    const Bytes image = bytes_of(info[1], "the image of the module");
    return number(info, device_->load_module(name, image.data, image.size));
  }
  Napi::Value kernel(const Napi::CallbackInfo& info) {
    const std::uint64_t module = whole(info[0], "the module");
    const std::string name = words(info[1], "the name of the kernel");
    return number(info, device_->kernel(module, name, whole(info[2], "the size of the arguments"), static_cast<unsigned>(whole(info[3], "the threads of a block", 1024))));
  }
  Napi::Value launch(const Napi::CallbackInfo& info) {
    constexpr double unsigned_most = 4294967295.0;
    const std::uint64_t kernel = whole(info[0], "the kernel");
    const auto x = static_cast<unsigned>(whole(info[1], "the grid's x", unsigned_most)), y = static_cast<unsigned>(whole(info[2], "the grid's y", unsigned_most)),
               z = static_cast<unsigned>(whole(info[3], "the grid's z", unsigned_most)), threads = static_cast<unsigned>(whole(info[4], "the threads of a block", unsigned_most));
    const std::uint64_t count = whole(info[5], "the number of pointers", pointers_most);
    /* JavaScript can detach a buffer whenever it likes: where it lies, and how long it is, is asked each time */
    void* arguments = nullptr;
    void* pointers = nullptr;
    std::size_t argument_bytes = 0, pointer_bytes = 0;
    napi_get_arraybuffer_info(info.Env(), arguments_.Value(), &arguments, &argument_bytes);
    if (count > 0) {
      napi_get_arraybuffer_info(info.Env(), pointer_bytes_.Value(), &pointers, &pointer_bytes);
      if (pointer_bytes < count * 3 * sizeof(double)) wrong_argument("`pointers` was detached");
    }
    device_->launch(kernel, x, y, z, threads, static_cast<const std::uint8_t*>(arguments), argument_bytes, static_cast<const double*>(pointers), count);
    return info.Env().Undefined();
  }
  Napi::Value allocate(const Napi::CallbackInfo& info) { return number(info, device_->allocate(whole(info[0], "the size of the buffer"))); }
  Napi::Value release(const Napi::CallbackInfo& info) {
    device_->release(whole(info[0], "the buffer"));
    return info.Env().Undefined();
  }
  Napi::Value upload(const Napi::CallbackInfo& info) {
    const std::uint64_t handle = whole(info[0], "the buffer"), offset = whole(info[1], "the offset");
    const Bytes from = bytes_of(info[2], "the data");
    device_->upload(handle, offset, from.data, from.size);
    return info.Env().Undefined();
  }
  Napi::Value download(const Napi::CallbackInfo& info) {
    return promise(info, [&](std::unique_ptr<PendingRead> read) {
      const std::uint64_t handle = whole(info[0], "the buffer"), offset = whole(info[1], "the offset"), bytes = whole(info[2], "the bytes");
      device_->check_read(handle, offset, bytes);
      Napi::ArrayBuffer buffer = array_buffer(info.Env(), bytes);
      read->buffer = Napi::Persistent(buffer);
      read->target = static_cast<std::uint8_t*>(buffer.Data());
      device_->download(handle, offset, bytes, std::move(read));
    });
  }
  Napi::Value download_sync(const Napi::CallbackInfo& info) {
    const std::uint64_t handle = whole(info[0], "the buffer"), offset = whole(info[1], "the offset"), bytes = whole(info[2], "the bytes");
    device_->check_read(handle, offset, bytes);
    Napi::ArrayBuffer buffer = array_buffer(info.Env(), bytes);
    device_->download_sync(handle, offset, bytes, static_cast<std::uint8_t*>(buffer.Data()));
    return buffer;
  }
  Napi::Value copy(const Napi::CallbackInfo& info) {
    const std::uint64_t from = whole(info[0], "the source"), from_offset = whole(info[1], "the source's offset"), to = whole(info[2], "the target"),
                        to_offset = whole(info[3], "the target's offset");
    device_->copy(from, from_offset, to, to_offset, whole(info[4], "the bytes"));
    return info.Env().Undefined();
  }
  Napi::Value fill(const Napi::CallbackInfo& info) {
    const std::uint64_t handle = whole(info[0], "the buffer"), offset = whole(info[1], "the offset"), bytes = whole(info[2], "the bytes");
    device_->fill(handle, offset, bytes, static_cast<unsigned char>(whole(info[3], "the byte", 255)));
    return info.Env().Undefined();
  }
  Napi::Value synchronize(const Napi::CallbackInfo& info) {
    return promise(info, [&](std::unique_ptr<PendingRead> read) { device_->synchronize(std::move(read)); });
  }
  Napi::Value synchronize_sync(const Napi::CallbackInfo& info) {
    device_->synchronize_sync();
    return info.Env().Undefined();
  }
  Napi::Value memory(const Napi::CallbackInfo& info) {
    const MemoryFacts facts = device_->memory();
    Napi::Object result = Napi::Object::New(info.Env());
    result.Set("used", number(info, facts.usage.used));
    result.Set("reserved", number(info, facts.usage.reserved));
    result.Set("peakUsed", number(info, facts.usage.peak_used));
    result.Set("peakReserved", number(info, facts.usage.peak_reserved));
    result.Set("buffers", number(info, facts.buffers));
    result.Set("free", number(info, facts.free));
    result.Set("total", number(info, facts.total));
    return result;
  }
  Napi::Value empty_cache(const Napi::CallbackInfo& info) {
    device_->empty_cache();
    return info.Env().Undefined();
  }

  Napi::Value create_stream(const Napi::CallbackInfo& info) { return number(info, device_->create_stream()); }
  Napi::Value destroy_stream(const Napi::CallbackInfo& info) {
    device_->destroy_stream(whole(info[0], "the stream"));
    return info.Env().Undefined();
  }
  Napi::Value set_stream(const Napi::CallbackInfo& info) {
    device_->set_stream(whole(info[0], "the stream"));
    return info.Env().Undefined();
  }
  Napi::Value create_event(const Napi::CallbackInfo& info) { return number(info, device_->create_event()); }
  Napi::Value destroy_event(const Napi::CallbackInfo& info) {
    device_->destroy_event(whole(info[0], "the event"));
    return info.Env().Undefined();
  }
  Napi::Value record_event(const Napi::CallbackInfo& info) {
    device_->record_event(whole(info[0], "the event"));
    return info.Env().Undefined();
  }
  Napi::Value wait_event(const Napi::CallbackInfo& info) {
    device_->wait_event(whole(info[0], "the event"));
    return info.Env().Undefined();
  }
  Napi::Value query_event(const Napi::CallbackInfo& info) { return Napi::Boolean::New(info.Env(), device_->query_event(whole(info[0], "the event"))); }
  Napi::Value synchronize_event(const Napi::CallbackInfo& info) {
    device_->synchronize_event(whole(info[0], "the event"));
    return info.Env().Undefined();
  }
  Napi::Value elapsed(const Napi::CallbackInfo& info) {
    const std::uint64_t from = whole(info[0], "the first event"), to = whole(info[1], "the second event");
    return Napi::Number::New(info.Env(), device_->elapsed(from, to));
  }

  Napi::Value begin_capture(const Napi::CallbackInfo& info) {
    device_->begin_capture();
    return info.Env().Undefined();
  }
  Napi::Value end_capture(const Napi::CallbackInfo& info) { return number(info, device_->end_capture()); }
  Napi::Value abandon_capture(const Napi::CallbackInfo& info) {
    device_->abandon_capture();
    return info.Env().Undefined();
  }
  Napi::Value replay(const Napi::CallbackInfo& info) {
    device_->replay(whole(info[0], "the graph"));
    return info.Env().Undefined();
  }
  Napi::Value destroy_graph(const Napi::CallbackInfo& info) {
    device_->destroy_graph(whole(info[0], "the graph"));
    return info.Env().Undefined();
  }

  Napi::Value has_cublas_lt(const Napi::CallbackInfo& info) { return Napi::Boolean::New(info.Env(), device_->has_cublas_lt()); }
  Napi::Value has_nvrtc(const Napi::CallbackInfo& info) { return Napi::Boolean::New(info.Env(), device_->has_nvrtc()); }
  Napi::Value multiply(const Napi::CallbackInfo& info) {
    const std::string reason = device_->multiply(read_product(info[0]));
    if (reason.empty()) return Napi::Boolean::New(info.Env(), true);
    return Napi::String::New(info.Env(), reason);
  }
  Napi::Value compile(const Napi::CallbackInfo& info) {
    const std::string source = words(info[0], "the source");
    const std::string ptx = device_->compile(source, all_words(info[1], "the options"));
    Napi::Uint8Array bytes = Napi::Uint8Array::New(info.Env(), ptx.size());
    std::copy(ptx.begin(), ptx.end(), bytes.Data());
    return bytes;
  }

  Napi::Value argument_bytes(const Napi::CallbackInfo&) { return arguments_.Value(); }
  Napi::Value pointers(const Napi::CallbackInfo&) { return pointers_.Value(); }
  Napi::Value lost(const Napi::CallbackInfo& info) {
    if (!device_->lost()) return info.Env().Null();
    return Napi::String::New(info.Env(), *device_->lost());
  }
  Napi::Value close(const Napi::CallbackInfo& info) {
    if (device_->closed()) throw Failure(Code::lost, "the device was closed");
    settle_all(device_->close(true));
    return info.Env().Undefined();
  }

  /* A promise that settles when the device has come so far; what goes wrong before rejects it. */
  template <typename Start> Napi::Value promise(const Napi::CallbackInfo& info, Start start) {
    auto read = std::make_unique<PendingRead>(info.Env());
    const Napi::Promise::Deferred deferred = read->deferred;
    try {
      guarded(info.Env(), [&] { start(std::move(read)); });
      if (pending_++ == 0) {
        napi_ref_threadsafe_function(info.Env(), notifier_);
        Ref();
      }
    } catch (const Napi::Error& error) {
      deferred.Reject(error.Value());
    }
    return deferred.Promise();
  }

  static void settle(napi_env env, napi_value, void* context, void*) {
    /* without an environment, the device may be gone too */
    if (env == nullptr) return;
    auto* self = static_cast<NativeDevice*>(context);
    try {
      const Napi::HandleScope scope(env);
      self->settle_all(self->device_->settle_reads());
    } catch (const Napi::Error&) {
      /* a worker that is being ended runs no JavaScript any more */
    }
  }

  void settle_one(PendingRead& read) {
    if (read.result != result::ok) return read.deferred.Reject(to_error(Env(), device_->failure(read.result, "cuEventSynchronize")).Value());
    read.deferred.Resolve(read.buffer.IsEmpty() ? Env().Undefined() : read.buffer.Value());
  }

  void settle_all(std::vector<std::unique_ptr<Read>> reads) {
    for (auto& read : reads) {
      try {
        settle_one(static_cast<PendingRead&>(*read));
      } catch (const Napi::Error&) {
        /* as in settle: the others are still counted */
      }
    }
    if (reads.empty() || (pending_ -= reads.size()) > 0) return;
    napi_unref_threadsafe_function(Env(), notifier_);
    Unref();
  }

  static void end(void* self) {
    static_cast<NativeDevice*>(self)->hooked_ = false;
    static_cast<NativeDevice*>(self)->finish(false);
  }

  /* Gives everything back; no promise settles any more. */
  void finish(bool finish_reads) {
    if (device_) device_->close(finish_reads);
    if (notifier_ != nullptr) napi_release_threadsafe_function(std::exchange(notifier_, nullptr), napi_tsfn_abort);
  }

  std::unique_ptr<Device> device_;
  Napi::Reference<Napi::ArrayBuffer> arguments_, pointer_bytes_;
  Napi::ObjectReference pointers_;
  napi_threadsafe_function notifier_ = nullptr;
  bool hooked_ = false;
  std::size_t pending_ = 0;
};

Napi::Value text_or_null(Napi::Env env, const std::string& text) { return text.empty() ? env.Null() : Napi::Value(Napi::String::New(env, text)); }

Napi::Object found_object(Napi::Env env, const Found& found) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("path", text_or_null(env, found.reason.empty() ? found.path : std::string()));
  object.Set("version", text_or_null(env, found.version));
  object.Set("reason", text_or_null(env, found.reason));
  return object;
}

Napi::Object device_object(Napi::Env env, const DeviceFacts& facts) {
  Napi::Object device = Napi::Object::New(env);
  const auto number = [&](const char* name, double value) { device.Set(name, Napi::Number::New(env, value)); };
  device.Set("name", Napi::String::New(env, facts.name));
  number("memory", static_cast<double>(facts.memory));
  Napi::Array capability = Napi::Array::New(env, 2);
  capability.Set(0u, Napi::Number::New(env, facts.major));
  capability.Set(1u, Napi::Number::New(env, facts.minor));
  device.Set("computeCapability", capability);
  number("multiprocessors", facts.multiprocessors);
  number("cacheBytes", static_cast<double>(facts.cache_bytes));
  number("sharedBytes", static_cast<double>(facts.shared_bytes));
  number("bandwidth", facts.bandwidth);
  return device;
}

Napi::Value probe(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return guarded(env, [&] {
    AddonData& data = *env.GetInstanceData<AddonData>();
    Found driver;
    data.driver = nullptr;
    data.libraries = std::make_shared<Libraries>();
    const auto no_libraries = [&](const std::string& reason) {
      for (Found* library : {&data.libraries->cublas_lt, &data.libraries->cudnn, &data.libraries->nvrtc}) library->reason = reason;
    };
    try {
      const Napi::Object options = object(info[0], "the options");
      const Napi::Value path = options.Get("driver"), folders = options.Get("libraries");
      const std::string asked = path.IsUndefined() ? std::string() : words(path, "`driver`");
      const std::vector<std::string> where = folders.IsUndefined() ? std::vector<std::string>() : all_words(folders, "`libraries`");
      data.driver = Driver::open(asked, driver.reason, driver.path, driver.version);
      /* they are of hundreds of megabytes, and of no use without a driver */
      if (data.driver) data.libraries = find_libraries(where, data.driver->version());
      else no_libraries("not looked for: there is no driver");
    } catch (const Napi::Error&) {
      throw;
    } catch (const std::exception& error) {
      data.driver = nullptr;
      driver.reason = error.what();
      no_libraries(driver.reason);
    }
    std::string reason = driver.reason;
    Napi::Array devices = Napi::Array::New(env);
    if (data.driver) {
      std::uint32_t index = 0;
      for (const DeviceFacts& facts : data.driver->devices()) devices.Set(index++, device_object(env, facts));
      if (index == 0) reason = "the NVIDIA driver finds no device";
    }
    Napi::Object libraries = Napi::Object::New(env);
    libraries.Set("cublasLt", found_object(env, data.libraries->cublas_lt));
    libraries.Set("cudnn", found_object(env, data.libraries->cudnn));
    libraries.Set("nvrtc", found_object(env, data.libraries->nvrtc));
    Napi::Object result = Napi::Object::New(env);
    result.Set("driver", found_object(env, driver));
    result.Set("libraries", libraries);
    result.Set("devices", devices);
    result.Set("reason", text_or_null(env, reason));
    return result;
  });
}

Napi::Value open(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const auto index = static_cast<int>(whole(info[0], "the number of the device", 2147483647));
    const Napi::Value blocking = object(info[1], "the options").Get("blocking");
    AddonData& data = *info.Env().GetInstanceData<AddonData>();
    if (!data.driver) wrong_argument("probe() has found no driver: there is no device to open");
    const std::pair<int, bool> opening{index, blocking.IsUndefined() ? false : flag(blocking, "`blocking`")};
    data.opening = &opening;
    try {
      const Napi::Object device = data.device.New({});
      data.opening = nullptr;
      return device;
    } catch (...) {
      data.opening = nullptr;
      throw;
    }
  });
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
  auto data = std::make_unique<AddonData>();
  data->device = Napi::Persistent(NativeDevice::define(env));
  data->array_buffer = Napi::Persistent(env.Global().Get("ArrayBuffer").As<Napi::Function>());
  env.SetInstanceData(data.release());
  exports.Set("probe", Napi::Function::New<probe>(env, "probe"));
  exports.Set("open", Napi::Function::New<open>(env, "open"));
  return exports;
}

NODE_API_MODULE(cuda, init)

}  // namespace
}  // namespace tenfold
