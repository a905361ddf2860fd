#include <limits>

#include "arithmetic.h"

namespace emulator {

double normal_quantile(double q) {
  if (!(q >= 0 && q <= 1)) return std::numeric_limits<double>::quiet_NaN();
  if (q == 0 || q == 1) return q == 0 ? -INFINITY : INFINITY;
  if (q > 0.5) return -normal_quantile(1 - q);
  /* Newton's method on the logarithm of the tail, which is concave: it comes from one side and stays */
  double x = q > 0.1 ? 0.0 : -sqrt(-2 * log(q));
  const double target = log(q);
  for (int i = 0; i < 60; i++) {
    const double tail = normcdf(x);
    const double step = (log(tail) - target) * tail * sqrt(2 * M_PI) * exp(0.5 * x * x);
    if (!(fabs(step) > 1e-16 * fabs(x)) || !(fabs(step) < INFINITY)) break;
    x -= step;
  }
  return x;
}

}  // namespace emulator

double erfinv(double x) {
  if (!(fabs(x) <= 1)) return std::numeric_limits<double>::quiet_NaN();
  if (fabs(x) > 0.5) return copysign(-M_SQRT1_2 * emulator::normal_quantile(0.5 * (1 - fabs(x))), x);
  if (x == 0) return x;
  double y = 0.5 * sqrt(M_PI) * x;
  for (int i = 0; i < 30; i++) {
    const double step = (erf(y) - x) * 0.5 * sqrt(M_PI) * exp(y * y);
    if (!(fabs(step) > 1e-16 * fabs(y))) break;
    y -= step;
  }
  return y;
}
