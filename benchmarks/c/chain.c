/* The limit for one overdamped chain with noise, every state kept: scalar C, generator state in registers.

   xoshiro256++ (Blackman, Vigna, ACM Trans. Math. Softw. 47 (2021) 36) feeds a ziggurat of 256 layers (Marsaglia, Tsang,
   J. Stat. Softw. 5 (2000) 8). BLOCKS moving blocks are known to the compiler. */

#include <math.h>
#include <stdint.h>

#define LAYERS 256
static double width[LAYERS + 1], height[LAYERS + 1];
static const double TAIL = 3.6541528853610088, AREA = 0.00492867323399;

static double bell(double x) { return exp(-0.5 * x * x); }

void prepare(void) {
    width[0] = AREA / bell(TAIL);
    width[1] = TAIL;
    for (int i = 2; i < LAYERS; i++) width[i] = sqrt(-2 * log(AREA / width[i - 1] + bell(width[i - 1])));
    width[LAYERS] = 0;
    for (int i = 0; i <= LAYERS; i++) height[i] = bell(width[i]);
}

typedef struct { uint64_t a, b, c, d; } words;

static inline uint64_t rotate(uint64_t x, int k) { return (x << k) | (x >> (64 - k)); }

static inline uint64_t next(words *s) {
    uint64_t result = rotate(s->a + s->d, 23) + s->a, t = s->b << 17;
    s->c ^= s->a; s->d ^= s->b; s->b ^= s->c; s->a ^= s->d; s->c ^= t; s->d = rotate(s->d, 45);
    return result;
}

static inline double uniform(words *s) { return ((next(s) >> 11) + 0.5) * 0x1p-53; }

static inline double normal(words *s) {
    for (;;) {
        uint64_t u = next(s);
        int i = u & 255;
        double signed_uniform = (double)((int64_t)u >> 11) * 0x1p-52, x = signed_uniform * width[i];
        if (fabs(x) < width[i + 1]) return x;
        if (i == 0) {
            double tail, y;
            do { tail = -log(uniform(s)) / TAIL; y = -log(uniform(s)); } while (y + y < tail * tail);
            return x < 0 ? -TAIL - tail : TAIL + tail;
        }
        if (height[i] + uniform(s) * (height[i + 1] - height[i]) < bell(x)) return x;
    }
}

/* states (steps + 1, BLOCKS + 2), the first one given */
void chain(double *states, long steps, double k, double mu_right, double mu_left, double eps, double dt, uint64_t seed) {
    words local = {seed, 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB}, s = local;
    for (int i = 0; i < 20; i++) next(&s);
    for (long n = 0; n < steps; n++) {
        const double *x = states + n * (BLOCKS + 2);
        double *new = states + (n + 1) * (BLOCKS + 2);
        new[0] = x[0];
        new[BLOCKS + 1] = x[BLOCKS + 1];
        for (int l = 1; l <= BLOCKS; l++) {
            double z = k * (x[l + 1] - 2 * x[l] + x[l - 1]) + eps * normal(&s);
            double clipped = z > mu_right ? mu_right : z < -mu_left ? -mu_left : z;
            new[l] = x[l] + dt * (z - clipped);
        }
    }
}
