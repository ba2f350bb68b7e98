/* The limit for an ensemble with adaptive steps: Tsitouras's 5(4) pair, LANES members in one vector, each lane with its
   own time and step. An attempt is straight-line code and acceptance a select; a finished lane takes the next member.

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

int tsit5(long members, const double *y0, double t1, double rtol, double atol, double *out) {
    double *f0 = malloc(sizeof(double) * members * (N + 1)), *dt0 = f0 + members * N;
    if (!f0) return -1;
    first_steps(members, y0, t1, rtol, atol, f0, dt0);
    real y[N], u[N], K[7][N], t = ALL(t1), dt = ALL(1.0);
    long owner[LANES], next = 0, left = members;
    for (int i = 0; i < N; i++) y[i] = K[0][i] = ALL(0.0);
    for (int l = 0; l < LANES; l++) {
        long m = next < members ? next++ : 0; /* a lane without a member repeats the first one, unrecorded */
        owner[l] = l < members ? m : -1;
        for (int i = 0; i < N; i++) y[i][l] = y0[m * N + i], K[0][i][l] = f0[m * N + i];
        t[l] = 0.0, dt[l] = dt0[m];
    }
    while (left > 0) {
        real rest = t1 - t, step = MIN(dt, rest), err = ALL(0.0);
        STAGE(1) STAGE(2) STAGE(3) STAGE(4) STAGE(5) STAGE(6)
        for (int i = 0; i < N; i++) { /* u is the new state now, K[6] its derivative */
            real e = step * TSIT5_E(K, i) / (atol + rtol * MAX(ABS(y[i]), ABS(u[i])));
            err += e * e;
        }
        err = MAX(err / N, ALL(1e-20));
        bits accept = err <= ALL(1.0), last = accept & (step >= rest);
        real factor = MIN(MAX(0.9 * POW(err, -0.1), ALL(0.2)), ALL(10.0));
        t = SELECT(accept, t + step, t);
        dt = step * SELECT(accept, factor, MIN(factor, ALL(1.0)));
        for (int i = 0; i < N; i++) y[i] = SELECT(accept, u[i], y[i]), K[0][i] = SELECT(accept, K[6][i], K[0][i]);
        long long any = 0;
        for (int l = 0; l < LANES; l++) any |= last[l];
        if (!any) continue;
        for (int l = 0; l < LANES; l++) {
            if (!last[l]) continue;
            if (owner[l] >= 0) {
                for (int i = 0; i < N; i++) out[owner[l] * N + i] = y[i][l];
                left--;
            }
            owner[l] = next < members ? next++ : -1;
            long m = owner[l] < 0 ? 0 : owner[l];
            for (int i = 0; i < N; i++) y[i][l] = y0[m * N + i], K[0][i][l] = f0[m * N + i];
            t[l] = 0.0, dt[l] = dt0[m];
        }
    }
    free(f0);
    return 0;
}
