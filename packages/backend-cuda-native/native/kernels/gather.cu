/* Elements picked by an index. Only bits move, so kernels are told apart by how many bytes an element has. */
#include "index.cuh"

struct __align__(16) Bytes16 { u64 low, high; };

struct Gather {
  void* out;
  const void* source;
  Index index;
  /* out, index, and source without the axis */
  Walk<3> walk;
  i64 size;
  i64 step;
  Faults* faults;
  i32 code;
};

template <typename T> DEVICE void gather(const Gather& args) {
  for (i64 i = thread_number(); i < args.walk.count; i += thread_count()) {
    i64 at[3];
    walk(args.walk, i, at);
    const i64 chosen = index_at(args.index, at[1]);
    if (outside(chosen, args.size)) report_fault(args.faults, args.code, chosen);
    else static_cast<T*>(args.out)[at[0]] = static_cast<const T*>(args.source)[at[2] + chosen * args.step];
  }
}

KERNEL(gather_1, Gather, 256) { gather<u8>(args); }
KERNEL(gather_2, Gather, 256) { gather<u16>(args); }
KERNEL(gather_4, Gather, 256) { gather<u32>(args); }
KERNEL(gather_8, Gather, 256) { gather<u64>(args); }
KERNEL(gather_16, Gather, 256) { gather<Bytes16>(args); }
