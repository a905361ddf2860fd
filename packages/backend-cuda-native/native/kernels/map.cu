/* Programs interpreted: a few operands and registers, many of them, and with loads at computed places. */
#include "map.cuh"

KERNEL(map_small, MapArgs<4>, map_threads) { map_interpreted<16>(args.walk, args.program, nullptr); }
KERNEL(map_wide, MapArgs<16>, map_threads) { map_interpreted<32>(args.walk, args.program, nullptr); }
KERNEL(map_deep, MapArgs<16>, map_threads) { map_interpreted<256>(args.walk, args.program, nullptr); }
KERNEL(map_loads, LoadMapArgs<16>, map_threads) { map_interpreted<64>(args.walk, args.program, args.loads); }
KERNEL(map_loads_deep, LoadMapArgs<16>, map_threads) { map_interpreted<256>(args.walk, args.program, args.loads); }
