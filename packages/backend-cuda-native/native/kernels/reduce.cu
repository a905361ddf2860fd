/* Folds of elements as they are, and of what interpreted programs give. */
#include "reduce.cuh"

KERNEL(reduce_f32, ReduceArgs<2>, reduce_threads) { reduce<float, PlainElement<float, 2>>(args); }
KERNEL(reduce_f64, ReduceArgs<2>, reduce_threads) { reduce<double, PlainElement<double, 2>>(args); }
KERNEL(reduce_i64, ReduceArgs<2>, reduce_threads) { reduce<i64, PlainElement<i64, 2>>(args); }

KERNEL(reduce_small_f32, ReduceArgs<4>, reduce_threads) { reduce<float, InterpretedElement<float, 4, 16>>(args); }
KERNEL(reduce_small_f64, ReduceArgs<4>, reduce_threads) { reduce<double, InterpretedElement<double, 4, 16>>(args); }
KERNEL(reduce_small_i64, ReduceArgs<4>, reduce_threads) { reduce<i64, InterpretedElement<i64, 4, 16>>(args); }
