/* BAOAB in a double well, and the second-order chain with damping and common-rate noise, as a C programmer would write
   them: xoshiro256++ and a ziggurat of 128 layers (Marsaglia, Tsang, J. Stat. Softw. 5 (2000) 8), one member at a time. */
#include <math.h>
#include <stdint.h>

static double edge[129], ratio[128];
static int ready;

static void prepare(void) {
  const double r = 3.442619855899, area = 9.91256303526217e-3;
  double f = exp(-0.5 * r * r);
  edge[0] = area / f; edge[1] = r; edge[128] = 0;
  for (int i = 2; i < 128; ++i) { edge[i] = sqrt(-2 * log(area / edge[i - 1] + f)); f = exp(-0.5 * edge[i] * edge[i]); }
  for (int i = 0; i < 128; ++i) ratio[i] = edge[i + 1] / edge[i];
  ready = 1;
}

typedef struct { uint64_t a, b, c, d; } rng;
static inline uint64_t turn(uint64_t x, int k) { return (x << k) | (x >> (64 - k)); }
static inline uint64_t next(rng *s) {
  uint64_t out = turn(s->a + s->d, 23) + s->a, t = s->b << 17;
  s->c ^= s->a; s->d ^= s->b; s->b ^= s->c; s->a ^= s->d; s->c ^= t; s->d = turn(s->d, 45);
  return out;
}
static inline double uniform(rng *s) { return (next(s) >> 11) * 0x1p-53; }

static inline double normal(rng *s) {
  for (;;) {
    uint64_t bits = next(s);
    int i = bits & 127;
    double u = 2 * ((bits >> 11) * 0x1p-53) - 1;
    if (fabs(u) < ratio[i]) return u * edge[i];
    if (i == 0) {
      double x, y;
      do { x = -log(uniform(s) + 1e-300) / 3.442619855899; y = -log(uniform(s) + 1e-300); } while (2 * y < x * x);
      return u > 0 ? 3.442619855899 + x : -3.442619855899 - x;
    }
    double x = u * edge[i], f0 = exp(-0.5 * (edge[i] * edge[i] - x * x)), f1 = exp(-0.5 * (edge[i + 1] * edge[i + 1] - x * x));
    if (f1 + uniform(s) * (f0 - f1) < 1) return x;
  }
}

static rng seeded(uint64_t seed) {
  rng s = {seed * 0x9e3779b97f4a7c15u + 1, seed ^ 0xbf58476d1ce4e5b9u, 0x94d049bb133111ebu, seed + 7};
  for (int i = 0; i < 16; ++i) next(&s);
  return s;
}

void baoab(double *y, long members, long steps, double dt, double gamma, double kT) {
  if (!ready) prepare();
  double c = exp(-gamma * dt), s = sqrt(kT * (1 - c * c)), half = 0.5 * dt;
  for (long m = 0; m < members; ++m) {
    rng g = seeded(m);
    double q = y[2 * m], v = y[2 * m + 1], f = q - q * q * q;
    for (long n = 0; n < steps; ++n) {
      v += half * f; q += half * v; v = c * v + s * normal(&g); q += half * v; f = q - q * q * q; v += half * f;
    }
    y[2 * m] = q; y[2 * m + 1] = v;
  }
}

void chain(double *y, long members, long steps, double dt, double gamma, double k, double sigma) {
  if (!ready) prepare();
  const int n = 7;
  double c = exp(-gamma * dt), s = sigma * sqrt((1 - c * c) / (2 * gamma)), half = 0.5 * dt;
  for (long m = 0; m < members; ++m) {
    rng g = seeded(m);
    double q[9], v[9], *at = y + 14 * m;
    q[0] = 0; q[8] = 1;
    for (int i = 1; i <= n; ++i) { q[i] = at[i - 1]; v[i] = at[n + i - 1]; }
    for (long t = 0; t < steps; ++t) {
      for (int i = 1; i <= n; ++i) v[i] += half * k * (q[i + 1] - 2 * q[i] + q[i - 1]);
      for (int i = 1; i <= n; ++i) { q[i] += half * v[i]; v[i] = c * v[i] + s * normal(&g); q[i] += half * v[i]; }
      for (int i = 1; i <= n; ++i) v[i] += half * k * (q[i + 1] - 2 * q[i] + q[i - 1]);
    }
    for (int i = 1; i <= n; ++i) { at[i - 1] = q[i]; at[n + i - 1] = v[i]; }
  }
}
