/* The limit for an ensemble with fixed steps: the classical Runge-Kutta method, LANES members in one vector. */

#include "rhs.h"

int rk4(long members, const double *y0, double t1, long steps, double *out) {
    const double dt = t1 / steps;
    for (long first = 0; first < members; first += LANES) {
        real y[N], u[N], k1[N], k2[N], k3[N], k4[N];
        int live = members - first < LANES ? members - first : LANES;
        for (int i = 0; i < N; i++)
            for (int l = 0; l < LANES; l++) y[i][l] = y0[(first + (l < live ? l : 0)) * N + i];
        for (long step = 0; step < steps; step++) {
            RHS(y, k1);
            for (int i = 0; i < N; i++) u[i] = y[i] + 0.5 * dt * k1[i];
            RHS(u, k2);
            for (int i = 0; i < N; i++) u[i] = y[i] + 0.5 * dt * k2[i];
            RHS(u, k3);
            for (int i = 0; i < N; i++) u[i] = y[i] + dt * k3[i];
            RHS(u, k4);
            for (int i = 0; i < N; i++) y[i] += dt / 6.0 * (k1[i] + 2.0 * (k2[i] + k3[i]) + k4[i]);
        }
        for (int i = 0; i < N; i++)
            for (int l = 0; l < live; l++) out[(first + l) * N + i] = y[i][l];
    }
    return 0;
}
