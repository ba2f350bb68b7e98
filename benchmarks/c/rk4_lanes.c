/* The limit for an ensemble with fixed steps: the classical Runge-Kutta method, LANES members in one vector.

   GROUPS vectors take turns at each step: they do not depend on each other, so the processor overlaps their latencies. */

#include "rhs.h"

int rk4(long members, const double *y0, double t1, long steps, double *out) {
    const double dt = t1 / steps;
    for (long first = 0; first < members; first += LANES * GROUPS) {
        real state[GROUPS][N];
        for (int g = 0; g < GROUPS; g++)
            for (int l = 0; l < LANES; l++) {
                long m = first + g * LANES + l;
                for (int i = 0; i < N; i++) state[g][i][l] = y0[(m < members ? m : first) * N + i];
            }
        for (long step = 0; step < steps; step++)
            for (int g = 0; g < GROUPS; g++) {
                real *y = state[g], u[N], k1[N], k2[N], k3[N], k4[N];
                RHS(y, k1);
                for (int i = 0; i < N; i++) u[i] = y[i] + 0.5 * dt * k1[i];
                RHS(u, k2);
                for (int i = 0; i < N; i++) u[i] = y[i] + 0.5 * dt * k2[i];
                RHS(u, k3);
                for (int i = 0; i < N; i++) u[i] = y[i] + dt * k3[i];
                RHS(u, k4);
                for (int i = 0; i < N; i++) y[i] += dt / 6.0 * (k1[i] + 2.0 * (k2[i] + k3[i]) + k4[i]);
            }
        for (int g = 0; g < GROUPS; g++)
            for (int l = 0; l < LANES; l++) {
                long m = first + g * LANES + l;
                for (int i = 0; m < members && i < N; i++) out[m * N + i] = state[g][i][l];
            }
    }
    return 0;
}
