/* Calls the emulated driver as a program would: `program <scenario> …` prints numbers, which driver.test.ts knows by formula. */
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <random>
#include <vector>

#include "../arithmetic.h"

using Address = unsigned long long;
using i64 = long long;
struct Opaque;
using Handle = Opaque*;

extern "C" {
int cuInit(unsigned);
int cuDeviceGetCount(int*);
int cuDevicePrimaryCtxRetain(Handle*, int);
int cuDevicePrimaryCtxRelease_v2(int);
int cuCtxSetCurrent(Handle);
int cuCtxSynchronize();
int cuMemAlloc_v2(Address*, size_t);
int cuMemFree_v2(Address);
int cuMemGetInfo_v2(size_t*, size_t*);
int cuMemHostAlloc(void**, size_t, unsigned);
int cuMemcpyHtoD_v2(Address, const void*, size_t);
int cuMemcpyDtoH_v2(void*, Address, size_t);
int cuMemcpyHtoDAsync_v2(Address, const void*, size_t, Handle);
int cuMemcpyDtoHAsync_v2(void*, Address, size_t, Handle);
int cuMemcpyDtoDAsync_v2(Address, Address, size_t, Handle);
int cuModuleLoadData(Handle*, const void*);
int cuModuleGetFunction(Handle*, Handle, const char*);
int cuLaunchKernel(Handle, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, Handle, void**, void**);
int cuStreamCreate(Handle*, unsigned);
int cuStreamQuery(Handle);
int cuStreamSynchronize(Handle);
int cuStreamWaitEvent(Handle, Handle, unsigned);
int cuLaunchHostFunc(Handle, void (*)(void*), void*);
int cuEventCreate(Handle*, unsigned);
int cuEventRecord(Handle, Handle);
int cuEventQuery(Handle);
int cuStreamBeginCapture_v2(Handle, int);
int cuStreamEndCapture(Handle, Handle*);
int cuGraphInstantiateWithFlags(Handle*, Handle, unsigned long long);
int cuGraphLaunch(Handle, Handle);
int nvrtcCreateProgram(Handle*, const char*, const char*, int, const char* const*, const char* const*);
int nvrtcCompileProgram(Handle, int, const char* const*);
int nvrtcGetPTXSize(Handle, size_t*);
int nvrtcGetPTX(Handle, char*);
int nvrtcGetProgramLogSize(Handle, size_t*);
int nvrtcGetProgramLog(Handle, char*);
int cublasLtCreate(Handle*);
int cublasLtMatmulDescCreate(Handle*, int, int);
int cublasLtMatmulDescSetAttribute(Handle, int, const void*, size_t);
int cublasLtMatrixLayoutCreate(Handle*, int, uint64_t, uint64_t, int64_t);
int cublasLtMatrixLayoutSetAttribute(Handle, int, const void*, size_t);
int cublasLtMatmul(Handle, Handle, const void*, const void*, Handle, const void*, Handle, const void*, const void*, Handle, void*, Handle, const void*, void*, size_t,
                   Handle);
}

namespace {

constexpr int non_blocking = 1;
constexpr const char* header = ".version 7.0\n.target sm_75\n.address_size 64\n";

/* A kernel as nvcc would declare it. */
std::string entry(const std::string& name, size_t bytes) {
  return ".visible .entry " + name + "(\n\t.param .align 8 .b8 " + name + "_param_0[" + std::to_string(bytes) + "]\n)\n{\n\tret;\n}\n";
}

void must(int result, const char* what) {
  if (result == 0) return;
  printf("%s: %d\n", what, result);
  exit(1);
}
#define MUST(call) must(call, #call)

Handle open() {
  Handle context = nullptr;
  MUST(cuDevicePrimaryCtxRetain(&context, 0));
  MUST(cuCtxSetCurrent(context));
  return context;
}

Handle function(const std::string& name, size_t bytes) {
  Handle module = nullptr, found = nullptr;
  MUST(cuModuleLoadData(&module, (header + entry(name, bytes)).c_str()));
  MUST(cuModuleGetFunction(&found, module, name.c_str()));
  return found;
}

template <typename Args> int launch(Handle kernel, unsigned blocks, unsigned threads, Args args, Handle stream = nullptr) {
  void* parameters[] = {&args};
  return cuLaunchKernel(kernel, blocks, 1, 1, threads, 1, 1, 0, stream, parameters, nullptr);
}

Address reserve(size_t bytes) {
  Address address = 0;
  MUST(cuMemAlloc_v2(&address, bytes));
  return address;
}
template <typename T> Address upload(const std::vector<T>& values) {
  const Address address = reserve(values.size() * sizeof(T));
  MUST(cuMemcpyHtoD_v2(address, values.data(), values.size() * sizeof(T)));
  return address;
}
template <typename T> std::vector<T> download(Address address, size_t count) {
  std::vector<T> values(count);
  MUST(cuMemcpyDtoH_v2(values.data(), address, count * sizeof(T)));
  return values;
}
void print(const std::vector<i64>& values) {
  for (const i64 value : values) printf("%lld ", value);
}
void print(const std::vector<float>& values) {
  for (const float value : values) printf("%.9g ", double(value));
}
Handle stream() {
  Handle made = nullptr;
  MUST(cuStreamCreate(&made, non_blocking));
  return made;
}

struct Sum {
  Address in, out;
  i64 count;
};
struct Fill {
  Address out;
  i64 count, factor;
};
struct One {
  Address out;
  i64 count;
};
struct Piece {
  Address a, b, out;
};

using Words = std::vector<std::string>;
using Scenario = std::function<void(const Words&)>;

const std::map<std::string, Scenario> scenarios = {
    /* the sum of 0 … n - 1, by as many blocks as asked */
    {"sum",
     [](const Words& words) {
       const size_t count = std::stoul(words[0]), blocks = std::stoul(words[1]);
       open();
       std::vector<i64> numbers(count);
       for (size_t i = 0; i < count; i++) numbers[i] = i64(i);
       const Address in = upload(numbers), out = reserve(blocks * sizeof(i64));
       MUST(launch(function("test_sum", sizeof(Sum)), unsigned(blocks), 256, Sum{in, out, i64(count)}));
       i64 total = 0;
       for (const i64 part : download<i64>(out, blocks)) total += part;
       print(std::vector<i64>{total});
     }},
    /* what a kernel of one block writes */
    {"one",
     [](const Words& words) {
       const size_t threads = std::stoul(words[1]), each = std::stoul(words[2]);
       open();
       const Address out = reserve(threads * each * sizeof(i64));
       MUST(launch(function(words[0], sizeof(One)), 1, unsigned(threads), One{out, 5}));
       print(download<i64>(out, threads * each));
     }},
    /* a kernel that fails: what waiting returns, a call after it, and a call in a new context */
    {"fail",
     [](const Words& words) {
       open();
       const Address out = reserve(4096);
       const Handle own = stream();
       const int queued = launch(function(words[0], sizeof(One)), 1, unsigned(std::stoul(words[1])), One{out, 4096 / 8}, own);
       const int waited = cuStreamSynchronize(own);
       Address more = 0;
       const int after = cuMemAlloc_v2(&more, 8);
       cuDevicePrimaryCtxRelease_v2(0);
       open();
       print(std::vector<i64>{queued, waited, after, cuMemAlloc_v2(&more, 8)});
     }},
    {"copy-out-of-range",
     [](const Words&) {
       open();
       const std::vector<char> bytes(101);
       const Address out = reserve(100);
       const int fits = cuMemcpyHtoD_v2(out + 1, bytes.data(), 99), over = cuMemcpyHtoD_v2(out + 1, bytes.data(), 100);
       print(std::vector<i64>{fits, over, cuCtxSynchronize()});
     }},
    /* page-locked memory is read when the copy runs, other memory when it is queued */
    {"late",
     [](const Words&) {
       open();
       const Handle own = stream();
       void* locked = nullptr;
       MUST(cuMemHostAlloc(&locked, 8, 0));
       const Address a = reserve(8), b = reserve(8);
       i64 plain = 1;
       memcpy(locked, &plain, 8);
       MUST(cuMemcpyHtoDAsync_v2(a, locked, 8, own));
       MUST(cuMemcpyHtoDAsync_v2(b, &plain, 8, own));
       const int early = cuStreamQuery(own);
       MUST(cuStreamSynchronize(own));
       const i64 first = download<i64>(a, 1)[0];
       MUST(cuMemcpyHtoDAsync_v2(a, locked, 8, own));
       MUST(cuMemcpyHtoDAsync_v2(b, &plain, 8, own));
       plain = 2;
       memcpy(locked, &plain, 8);
       MUST(cuStreamSynchronize(own));
       print(std::vector<i64>{early, cuStreamQuery(own), first, download<i64>(a, 1)[0], download<i64>(b, 1)[0]});
     }},
    {"free-early",
     [](const Words&) {
       open();
       const Handle own = stream();
       const Address out = reserve(800);
       MUST(launch(function("test_fill", sizeof(Fill)), 1, 64, Fill{out, 100, 3}, own));
       MUST(cuMemFree_v2(out));
       print(std::vector<i64>{cuStreamSynchronize(own)});
     }},
    /* a stream that waits for another's event sees its work; one that does not, does not */
    {"events",
     [](const Words& words) {
       open();
       const Handle first = stream(), second = stream();
       Handle event = nullptr;
       MUST(cuEventCreate(&event, 0));
       const Address a = upload(std::vector<i64>(10, -1)), b = upload(std::vector<i64>(10, -2));
       MUST(launch(function("test_fill", sizeof(Fill)), 1, 64, Fill{a, 10, 7}, first));
       MUST(cuEventRecord(event, first));
       if (words[0] == "wait") MUST(cuStreamWaitEvent(second, event, 0));
       MUST(cuMemcpyDtoDAsync_v2(b, a, 80, second));
       MUST(cuStreamSynchronize(second));
       const int done = cuEventQuery(event);
       print(download<i64>(b, 10));
       print(std::vector<i64>{done, cuEventQuery(event)});
     }},
    /* a captured fill and copy run when the graph is launched, each time anew */
    {"graph",
     [](const Words&) {
       open();
       const Handle own = stream(), fill = function("test_fill", sizeof(Fill));
       const Address a = upload(std::vector<i64>(4, -1)), b = upload(std::vector<i64>(4, -2));
       Handle graph = nullptr, executable = nullptr;
       MUST(cuStreamBeginCapture_v2(own, 1));
       MUST(launch(fill, 1, 32, Fill{a, 4, 9}, own));
       MUST(cuMemcpyDtoDAsync_v2(b, a, 32, own));
       MUST(cuStreamEndCapture(own, &graph));
       MUST(cuStreamSynchronize(own));
       const auto before = download<i64>(b, 4);
       MUST(cuGraphInstantiateWithFlags(&executable, graph, 0));
       MUST(cuGraphLaunch(executable, own));
       MUST(cuStreamSynchronize(own));
       const auto once = download<i64>(b, 4);
       MUST(launch(fill, 1, 32, Fill{b, 4, 1}, own));
       MUST(cuGraphLaunch(executable, own));
       MUST(cuStreamSynchronize(own));
       print(before);
       print(once);
       print(download<i64>(b, 4));
     }},
    /* waiting is not for a stream that is captured, and spoils it */
    {"spoiled-capture",
     [](const Words&) {
       open();
       const Handle own = stream();
       Handle graph = nullptr;
       MUST(cuStreamBeginCapture_v2(own, 0));
       Address more = 0;
       const int allocated = cuMemAlloc_v2(&more, 8);
       print(std::vector<i64>{allocated, cuStreamEndCapture(own, &graph), cuStreamSynchronize(own)});
     }},
    /* a function of the host is called when the work before it is done, and may not call the driver */
    {"host-call",
     [](const Words&) {
       open();
       struct Seen {
         const i64* written;
         i64 value, refused;
       } seen = {nullptr, 0, 0};
       const Handle own = stream();
       const Address out = reserve(8 * 8);
       void* locked = nullptr;
       MUST(cuMemHostAlloc(&locked, 8 * 8, 0));
       seen.written = static_cast<const i64*>(locked);
       MUST(launch(function("test_fill", sizeof(Fill)), 1, 32, Fill{out, 8, 6}, own));
       MUST(cuMemcpyDtoHAsync_v2(locked, out, 8 * 8, own));
       MUST(cuLaunchHostFunc(own, [](void* data) {
         Seen& s = *static_cast<Seen*>(data);
         s.value = s.written[7];
         s.refused = cuCtxSynchronize();
       }, &seen));
       MUST(cuStreamSynchronize(own));
       print(std::vector<i64>{seen.value, seen.refused});
     }},
    /* images that don't fit */
    {"images",
     [](const Words&) {
       open();
       const auto load = [](const std::string& image) {
         Handle module = nullptr;
         return cuModuleLoadData(&module, image.c_str());
       };
       print(std::vector<i64>{load(header + entry("test_fill", sizeof(Fill))), load(header + entry("test_fill", sizeof(Fill) - 8)), load(header + entry("test_none", 8)),
                              load(".version 9.9\n.target sm_75\n" + entry("test_fill", sizeof(Fill))), load("\x7f" "ELF and so on"), load("nothing of the kind"),
                              load(std::string("/* .entry other( */\n") + header + "// .entry another(\n" + entry("test_fill", sizeof(Fill)))});
     }},
    /* how often the emulator's conversions differ from the compiler's own, over all halves and many floats */
    {"halves",
     [](const Words&) {
       const auto compiled = [](float x) { return emulator::bits_as<uint16_t>(static_cast<_Float16>(x)); };
       i64 wider = 0, narrower = 0;
       for (unsigned bits = 0; bits < 65536; bits++) {
         const float x = float(emulator::bits_as<_Float16>(uint16_t(bits))), y = emulator::half_to_float(uint16_t(bits));
         wider += x != x ? y == y : emulator::bits_as<uint32_t>(x) != emulator::bits_as<uint32_t>(y);
       }
       std::mt19937 random(7);
       for (unsigned i = 0; i < 4000000; i++) {
         /* every second float lies halfway between two halves, or right beside it */
         const uint32_t drawn = uint32_t(random());
         const float x = emulator::bits_as<float>(i % 2 == 0 ? drawn : (drawn & 0xffffe000u) + 0x1000u + i / 2 % 3 - 1);
         if (x == x) narrower += emulator::float_to_half(x) != compiled(x);
       }
       narrower += (emulator::float_to_half(NAN) & 0x7fff) <= 0x7c00;
       print(std::vector<i64>{wider, narrower});
     }},
    /* functions that libm has not, by what undoes them: the worst relative errors, in units of 1e-15 */
    {"functions",
     [](const Words&) {
       double inverse = 0, tail = 0, quantile = 0;
       for (int i = 1; i < 2000; i++) {
         const double x = i / 2000.0, small = pow(2.0, -i / 8.0);
         inverse = fmax(inverse, fabs(erf(erfinv(x)) - x) / x);
         inverse = fmax(inverse, fabs(erf(erfinv(small)) - small) / small);
         quantile = fmax(quantile, fabs(normcdf(normcdfinv(x)) - x) / x);
         /* far out, x² times the error of x is the error of what comes back */
         const double far = erfcinv(small);
         tail = fmax(tail, fabs(erfc(far) - small) / small / (1 + far * far));
       }
       const auto units = [](double error) { return i64(error * 1e15); };
       print(std::vector<i64>{units(inverse), units(tail), units(quantile), sinpi(1e9) == 0 && cospi(0.5) == 0 && sinpi(-1.5) == 1});
     }},
    {"bits",
     [](const Words&) {
       print(std::vector<i64>{__clz(0), __clz(1), __clzll(1), __ffs(0), __ffs(8), i64(__brev(1)), i64(__umulhi(0xffffffffu, 0xffffffffu)),
                              i64(__umul64hi(1ull << 63, 6)), i64(__byte_perm(0x33221100, 0x77665544, 0x7250)), __float2int_rz(1e10f), __float2int_rz(-1e10f),
                              __float2int_rz(NAN), i64(__float2uint_rz(-1.5f)), __float2int_rn(2.5f), i64(__funnelshift_l(0x80000000u, 1, 1)), max(-1, 2),
                              i64(max(-1, 2u)), i64(min(1.5, 2))});
     }},
    /* what `count` allocations, then `launches` launches return, and how many devices there are */
    {"asked",
     [](const Words& words) {
       const int started = cuInit(0);
       int devices = -1;
       cuDeviceGetCount(&devices);
       std::vector<i64> results = {started, devices};
       if (started == 0) {
         open();
         const Address out = reserve(64);
         for (unsigned i = 0; i < std::stoul(words[0]); i++) {
           Address more = 0;
           results.push_back(cuMemAlloc_v2(&more, std::stoul(words[2])));
         }
         const Handle fill = function("test_fill", sizeof(Fill)), own = stream();
         for (unsigned i = 0; i < std::stoul(words[1]); i++) {
           const int queued = launch(fill, 1, 32, Fill{out, 8, 1}, own);
           const int waited = cuStreamSynchronize(own);
           results.push_back(queued != 0 ? queued : waited);
         }
       }
       print(results);
     }},
    /* 2 a b + 1 of 16 × 16 matrices of halves: a(i, j) = (i + 2 j) mod 8, b(i, j) = (3 i + j) mod 8 */
    {"tensor-core",
     [](const Words&) {
       open();
       /* halves of 0 … 7 */
       const uint16_t halves[8] = {0, 0x3c00, 0x4000, 0x4200, 0x4400, 0x4500, 0x4600, 0x4700};
       std::vector<uint16_t> a(256), b(256);
       for (size_t i = 0; i < 16; i++)
         for (size_t j = 0; j < 16; j++) {
           a[i * 16 + j] = halves[(i + 2 * j) % 8];
           b[j * 16 + i] = halves[(3 * i + j) % 8];
         }
       const Address out = reserve(1024);
       MUST(launch(function("test_tensor_core", sizeof(Piece)), 1, 32, Piece{upload(a), upload(b), out}));
       print(download<float>(out, 256));
     }},
    /* relu(a bᵀ + bias) twice: a is m × k, b is n × k, column-major; a(i, l) = i - l + e, b(j, l) = j + l - 3, bias(i) = i */
    {"product",
     [](const Words& words) {
       const uint64_t m = std::stoul(words[0]), n = std::stoul(words[1]), k = std::stoul(words[2]), batch = 2;
       open();
       std::vector<float> a, b, bias;
       for (uint64_t e = 0; e < batch; e++)
         for (uint64_t l = 0; l < k; l++)
           for (uint64_t i = 0; i < m; i++) a.push_back(float(i) - float(l) + float(e));
       for (uint64_t l = 0; l < k; l++)
         for (uint64_t j = 0; j < n; j++) b.push_back(float(j + l) - 3);
       for (uint64_t i = 0; i < m; i++) bias.push_back(float(i));
       const Address at_a = upload(a), at_b = upload(b), at_bias = upload(bias), at_d = reserve(batch * m * n * 4);
       Handle library = nullptr, product = nullptr, layouts[3];
       MUST(cublasLtCreate(&library));
       MUST(cublasLtMatmulDescCreate(&product, 68, 0));
       const int32_t transposed = 1, count = int32_t(batch);
       const uint32_t epilogue = 6;
       MUST(cublasLtMatmulDescSetAttribute(product, 4, &transposed, sizeof transposed));
       MUST(cublasLtMatmulDescSetAttribute(product, 7, &epilogue, sizeof epilogue));
       MUST(cublasLtMatmulDescSetAttribute(product, 8, &at_bias, sizeof at_bias));
       const uint64_t shapes[3][2] = {{m, k}, {n, k}, {m, n}};
       const int64_t strides[3] = {int64_t(m * k), 0, int64_t(m * n)};
       for (int i = 0; i < 3; i++) {
         MUST(cublasLtMatrixLayoutCreate(&layouts[i], 0, shapes[i][0], shapes[i][1], int64_t(shapes[i][0])));
         MUST(cublasLtMatrixLayoutSetAttribute(layouts[i], 5, &count, sizeof count));
         MUST(cublasLtMatrixLayoutSetAttribute(layouts[i], 6, &strides[i], sizeof strides[i]));
       }
       const float one = 1, zero = 0;
       const auto at = [](Address address) { return reinterpret_cast<void*>(uintptr_t(address)); };
       MUST(cublasLtMatmul(library, product, &one, at(at_a), layouts[0], at(at_b), layouts[1], &zero, at(at_d), layouts[2], at(at_d), layouts[2], nullptr, nullptr, 0,
                           nullptr));
       print(download<float>(at_d, batch * m * n));
     }},
    /* compiles a kernel that squares, runs it; then one that is wrong */
    {"compile",
     [](const Words&) {
       open();
       const char* source =
           "#include \"emulator.h\"\n"
           "struct Args { long long* out; long long count; };\n"
           "KERNEL(square, Args, 64) { for (unsigned i = threadIdx.x; i < args.count; i += blockDim.x) args.out[i] = FACTOR * i * i; }\n";
       const char* options[] = {"-DFACTOR=3", "--gpu-architecture=compute_75"};
       Handle program = nullptr, module = nullptr, square = nullptr;
       MUST(nvrtcCreateProgram(&program, source, "square.cu", 0, nullptr, nullptr));
       const int compiled = nvrtcCompileProgram(program, 2, options);
       size_t size = 0;
       if (compiled != 0) {
         MUST(nvrtcGetProgramLogSize(program, &size));
         std::string log(size, ' ');
         MUST(nvrtcGetProgramLog(program, log.data()));
         printf("%s\n", log.c_str());
         exit(1);
       }
       MUST(nvrtcGetPTXSize(program, &size));
       std::string ptx(size, ' ');
       MUST(nvrtcGetPTX(program, ptx.data()));
       MUST(cuModuleLoadData(&module, ptx.data()));
       MUST(cuModuleGetFunction(&square, module, "square"));
       const Address out = reserve(100 * 8);
       MUST(launch(square, 1, 64, One{out, 100}));
       print(download<i64>(out, 100));
       const char* unknown[] = {"--no-such-option"};
       print(std::vector<i64>{nvrtcCompileProgram(program, 1, unknown)});
       MUST(nvrtcCreateProgram(&program, "#include \"emulator.h\"\nint x = nothing;\n", "wrong.cu", 0, nullptr, nullptr));
       print(std::vector<i64>{nvrtcCompileProgram(program, 0, nullptr)});
       MUST(nvrtcGetProgramLogSize(program, &size));
       std::string log(size, ' ');
       MUST(nvrtcGetProgramLog(program, log.data()));
       printf("%s\n", log.find("wrong.cu:2") != std::string::npos ? "1" : log.c_str());
     }},
};

}  // namespace

int main(int count, char** words) {
  const auto scenario = scenarios.find(count > 1 ? words[1] : "");
  if (scenario == scenarios.end()) return 2;
  if (scenario->first != "asked") MUST(cuInit(0));
  scenario->second(Words(words + 2, words + count));
}
