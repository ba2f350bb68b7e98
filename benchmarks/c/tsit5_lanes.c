/* The limit for an ensemble with adaptive steps: Tsitouras's 5(4) pair, LANES members in one vector, each lane with its
   own time and step. An attempt is straight-line code and acceptance a select; a finished lane takes the next member.
   GROUPS vectors take turns, so that the processor overlaps their latencies.

   Step control: factor 0.9 err^(-1/5) in [0.2, 10], err the root mean square of the scaled error. */

#include <stdlib.h>

#include "rhs.h"
#include "first_step.h"
#include "coefficients.h"

#define STAGE(s)                                                           \
    for (int i = 0; i < N; i++) u[i] = y[i] + step * TSIT5_STAGE_##s(K, i); \
    RHS(u, K[s]);

static void first_steps(long members, const double *y0, double t1, double rtol, double atol, double *f0, double *dt0) {
    for (long first = 0; first < members; first += LANES) {
        real y[N], f[N];
        int live = members - first < LANES ? members - first : LANES;
        for (int i = 0; i < N; i++)
            for (int l = 0; l < LANES; l++) y[i][l] = y0[(first + (l < live ? l : 0)) * N + i];
        RHS(y, f);
        real dt = first_step(y, f, t1, rtol, atol, 5.0);
        for (int l = 0; l < live; l++) {
            dt0[first + l] = dt[l];
            for (int i = 0; i < N; i++) f0[(first + l) * N + i] = f[i][l];
        }
    }
}

typedef struct {
    real y[N], f[N], t, dt;
    long owner[LANES]; /* which member a lane works on; -1: none left, the lane repeats member 0 unrecorded */
} group;

static void refill(group *g, int l, long *next, long members, const double *y0, const double *f0, const double *dt0) {
    g->owner[l] = *next < members ? (*next)++ : -1;
    long m = g->owner[l] < 0 ? 0 : g->owner[l];
    for (int i = 0; i < N; i++) g->y[i][l] = y0[m * N + i], g->f[i][l] = f0[m * N + i];
    g->t[l] = 0.0, g->dt[l] = dt0[m];
}

/* One step of all lanes of a group; which of them have reached t1. */
static inline __attribute__((always_inline)) bits attempt(group *g, double t1, double rtol, double atol) {
    real y[N], u[N], K[7][N], rest = t1 - g->t, step = MIN(g->dt, rest), err = ALL(0.0);
    for (int i = 0; i < N; i++) y[i] = g->y[i], K[0][i] = g->f[i];
    STAGE(1) STAGE(2) STAGE(3) STAGE(4) STAGE(5) STAGE(6)
    for (int i = 0; i < N; i++) { /* u is the new state now, K[6] its derivative */
        real e = step * TSIT5_E(K, i) / (atol + rtol * MAX(ABS(y[i]), ABS(u[i])));
        err += e * e;
    }
    err = MAX(err / N, ALL(1e-20));
    bits accept = err <= ALL(1.0);
    real factor = MIN(MAX(0.9 * POW(err, -0.1), ALL(0.2)), ALL(10.0));
    g->t = SELECT(accept, g->t + step, g->t);
    g->dt = step * SELECT(accept, factor, MIN(factor, ALL(1.0)));
    for (int i = 0; i < N; i++) g->y[i] = SELECT(accept, u[i], y[i]), g->f[i] = SELECT(accept, K[6][i], K[0][i]);
    return accept & (step >= rest);
}

int tsit5(long members, const double *y0, double t1, double rtol, double atol, double *out) {
    double *f0 = malloc(sizeof(double) * members * (N + 1)), *dt0 = f0 + members * N;
    if (!f0) return -1;
    first_steps(members, y0, t1, rtol, atol, f0, dt0);
    group groups[GROUPS];
    long next = 0, left = members;
    for (int k = 0; k < GROUPS; k++)
        for (int l = 0; l < LANES; l++) refill(&groups[k], l, &next, members, y0, f0, dt0);
    while (left > 0)
        for (int k = 0; k < GROUPS; k++) {
            group *g = &groups[k];
            bits done = attempt(g, t1, rtol, atol);
            long long any = 0;
            for (int l = 0; l < LANES; l++) any |= done[l];
            for (int l = 0; any && l < LANES; l++) {
                if (!done[l]) continue;
                if (g->owner[l] >= 0) {
                    for (int i = 0; i < N; i++) out[g->owner[l] * N + i] = g->y[i][l];
                    left--;
                }
                refill(g, l, &next, members, y0, f0, dt0);
            }
        }
    free(f0);
    return 0;
}
