/* The systems of harness/drifts.py for a `real` that is one double, a vector of LANES doubles, or __float128.
   PROBLEM names the right-hand side, N its size; both are set by the compiler's command line. */

#if defined(QUAD)
#include <quadmath.h>
typedef __float128 real;
#define SQRT sqrtq
#elif defined(LANES)
#include <math.h>
typedef double real __attribute__((vector_size(8 * LANES)));
typedef long long bits __attribute__((vector_size(8 * LANES)));

static inline real SELECT(bits mask, real a, real b) { return (real)((mask & (bits)a) | (~mask & (bits)b)); }

static inline real SQRT(real x) {
    real r;
#pragma omp simd
    for (int l = 0; l < LANES; l++) r[l] = sqrt(x[l]);
    return r;
}
static inline real SIN(real x) {
    double a[LANES] __attribute__((aligned(8 * LANES))), r[LANES] __attribute__((aligned(8 * LANES)));
    *(real *)a = x;
#pragma omp simd
    for (int l = 0; l < LANES; l++) r[l] = sin(a[l]);
    return *(real *)r;
}
static inline real POW(real x, double e) { /* step control: single precision is enough */
    float r[LANES];
#pragma omp simd
    for (int l = 0; l < LANES; l++) r[l] = powf((float)x[l], (float)e);
    real p;
    for (int l = 0; l < LANES; l++) p[l] = r[l];
    return p;
}
#define ALL(c) ((c) - (real){0})
static inline real MIN(real a, real b) { return SELECT(a < b, a, b); }
static inline real MAX(real a, real b) { return SELECT(a < b, b, a); }
#define ABS(x) MAX(x, -(x))
#define CLIP(x, low, high) MIN(MAX(x, ALL(low)), ALL(high))
#else
#include <math.h>
typedef double real;
#define SQRT sqrt
#define SIN sin
#define POW pow
#define ALL(c) (c)
#define MIN fmin
#define MAX fmax
#define ABS fabs
#define CLIP(x, low, high) fmin(fmax(x, low), high)
#endif

#define GLUE(a, b) a##b
#define RHS_OF(name) GLUE(rhs_, name)
#define RHS RHS_OF(PROBLEM)

static inline __attribute__((always_inline)) void rhs_lorenz63(const real *y, real *dy) {
    dy[0] = 10.0 * (y[1] - y[0]);
    dy[1] = y[0] * (28.0 - y[2]) - y[1];
    dy[2] = y[0] * y[1] - 2.6666666666666665 * y[2];
}

static inline __attribute__((always_inline)) void rhs_henon_heiles(const real *y, real *dy) {
    dy[0] = y[2];
    dy[1] = y[3];
    dy[2] = -y[0] - 2.0 * y[0] * y[1];
    dy[3] = -y[1] - y[0] * y[0] + y[1] * y[1];
}

static inline __attribute__((always_inline)) void rhs_arenstorf(const real *y, real *dy) {
    const double mu = 0.012277471, nu = 1.0 - mu;
    real left = y[0] + mu, right = y[0] - nu;
    real near = left * left + y[1] * y[1], far = right * right + y[1] * y[1];
    real a = nu / (near * SQRT(near)), b = mu / (far * SQRT(far));
    dy[0] = y[2];
    dy[1] = y[3];
    dy[2] = y[0] + 2.0 * y[3] - a * left - b * right;
    dy[3] = y[1] - 2.0 * y[2] - (a + b) * y[1];
}

static inline __attribute__((always_inline)) void rhs_kepler(const real *y, real *dy) {
    real r2 = y[0] * y[0] + y[1] * y[1], w = -1.0 / (r2 * SQRT(r2));
    dy[0] = y[2];
    dy[1] = y[3];
    dy[2] = w * y[0];
    dy[3] = w * y[1];
}

static inline __attribute__((always_inline)) void rhs_pleiades(const real *y, real *dy) {
    for (int i = 0; i < 7; i++) {
        dy[i] = y[14 + i];
        dy[7 + i] = y[21 + i];
        dy[14 + i] = dy[21 + i] = (real){0};
    }
    for (int i = 0; i < 7; i++)
        for (int j = i + 1; j < 7; j++) {
            real dx = y[j] - y[i], dz = y[7 + j] - y[7 + i], r2 = dx * dx + dz * dz;
            real w = 1.0 / (r2 * SQRT(r2));
            dy[14 + i] += (j + 1.0) * w * dx;
            dy[21 + i] += (j + 1.0) * w * dz;
            dy[14 + j] -= (i + 1.0) * w * dx;
            dy[21 + j] -= (i + 1.0) * w * dz;
        }
}

static inline __attribute__((always_inline)) void rhs_lorenz96(const real *y, real *dy) {
    dy[0] = (y[1] - y[38]) * y[39] - y[0] + 8.0;
    dy[1] = (y[2] - y[39]) * y[0] - y[1] + 8.0;
    for (int i = 2; i < 39; i++) dy[i] = (y[i + 1] - y[i - 2]) * y[i - 1] - y[i] + 8.0;
    dy[39] = (y[0] - y[37]) * y[38] - y[39] + 8.0;
}

static inline __attribute__((always_inline)) void rhs_van_der_pol(const real *y, real *dy) {
    dy[0] = y[1];
    dy[1] = (1.0 - y[0] * y[0]) * y[1] - y[0];
}

#ifndef QUAD /* no sine and no clip in quadruple precision: these two have no reference trajectories */
static inline __attribute__((always_inline)) void rhs_friction_chain(const real *y, real *dy) {
    for (int i = 0; i < 7; i++) {
        real left = i ? y[i - 1] : (real){0}, right = i < 6 ? y[i + 1] : ALL(1.0);
        real z = right - 2.0 * y[i] + left;
        dy[i] = z - CLIP(z, -0.15, 0.1);
    }
}

static inline __attribute__((always_inline)) void rhs_kuramoto(const real *y, real *dy) {
    real s[12]; /* the sine of a bond, once for both of its ends */
    for (int i = 0; i < 12; i++) s[i] = SIN(y[(i + 1) % 12] - y[i]);
    for (int i = 0; i < 12; i++) dy[i] = 0.5 + 0.1 * i + s[i] - s[(i + 11) % 12];
}
#endif
