/* Elements picked by an index, and copies between layouts. Only bits move, so kernels are told apart by how many bytes an element has. */
#include "device.cuh"

struct __align__(16) Bytes16 { u64 low, high; };

/* Indices of int64 or int32. */
struct Index {
  const void* data;
  i32 wide;
  i32 pad;
};
DEVICE i64 index_at(const Index& index, i64 i) {
  return index.wide ? static_cast<const i64*>(index.data)[i] : i64(static_cast<const i32*>(index.data)[i]);
}

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
    /* negative ones are large as unsigned */
    if (u64(chosen) >= u64(args.size)) report_fault(args.faults, args.code, chosen);
    else static_cast<T*>(args.out)[at[0]] = static_cast<const T*>(args.source)[at[2] + chosen * args.step];
  }
}

KERNEL(gather_1, Gather, 256) { gather<u8>(args); }
KERNEL(gather_2, Gather, 256) { gather<u16>(args); }
KERNEL(gather_4, Gather, 256) { gather<u32>(args); }
KERNEL(gather_8, Gather, 256) { gather<u64>(args); }
KERNEL(gather_16, Gather, 256) { gather<Bytes16>(args); }

struct Copy {
  void* out;
  const void* in;
  Walk<2> walk;
};

template <typename T> DEVICE void copy(const Copy& args) {
  for (i64 i = thread_number(); i < args.walk.count; i += thread_count()) {
    i64 at[2];
    walk(args.walk, i, at);
    static_cast<T*>(args.out)[at[0]] = static_cast<const T*>(args.in)[at[1]];
  }
}

KERNEL(copy_1, Copy, 256) { copy<u8>(args); }
KERNEL(copy_2, Copy, 256) { copy<u16>(args); }
KERNEL(copy_4, Copy, 256) { copy<u32>(args); }
KERNEL(copy_8, Copy, 256) { copy<u64>(args); }
