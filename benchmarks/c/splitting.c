/* The limit for fixed symplectic steps: leapfrog steps of lengths w_0 dt .. w_{m-1} dt in turn, one force each.

   STEPS weights in WEIGHTS, a list of numbers; kicks that meet are one. SEEN states are kept on the way. */

#include "rhs.h"

#define D (N / 2)
static const double w[STEPS] = {WEIGHTS};

int splitting(const double *y0, double dt, long steps, long seen, double *out) {
    double y[N], f[N], kick[STEPS + 1];
    for (int i = 0; i < N; i++) y[i] = y0[i];
    for (int k = 0; k <= STEPS; k++) kick[k] = 0.5 * dt * ((k ? w[k - 1] : 0.0) + (k < STEPS ? w[k] : 0.0));
    RHS(y, f);
    for (long part = 0; part < seen; part++) {
        for (long step = steps * part / seen; step < steps * (part + 1) / seen; step++) {
            for (int i = 0; i < D; i++) y[D + i] += kick[0] * f[D + i];
            for (int k = 0; k < STEPS; k++) {
                for (int i = 0; i < D; i++) y[i] += w[k] * dt * y[D + i];
                RHS(y, f);
                for (int i = 0; i < D; i++) y[D + i] += kick[k + 1] * f[D + i];
            }
        }
        for (int i = 0; i < N; i++) out[part * N + i] = y[i];
    }
    return 0;
}
