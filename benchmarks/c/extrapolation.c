/* Reference solutions in quadruple precision: Gragg's modified midpoint rule, extrapolated over 2, 4, .. 2 * COLUMNS
   substeps (Hairer, Norsett, Wanner I, II.9), step size from the difference of the last two columns. */

#define QUAD
#include "rhs.h"

#define COLUMNS 14

static void midpoint(const real *y, const real *f, real dt, int substeps, real *out) {
    real a[N], b[N], g[N], h = dt / substeps;
    for (int i = 0; i < N; i++) a[i] = y[i], b[i] = y[i] + h * f[i];
    for (int k = 1; k < substeps; k++) {
        RHS(b, g);
        for (int i = 0; i < N; i++) {
            real c = a[i] + 2.0 * h * g[i];
            a[i] = b[i], b[i] = c;
        }
    }
    for (int i = 0; i < N; i++) out[i] = b[i];
}

/* state and tolerance as doubles; the result as head + tail. Returns the number of accepted steps, or -1. */
int extrapolate(const double *y0, double t1, double tol, double *head, double *tail) {
    real y[N], f[N], T[COLUMNS][N], t = 0, dt = t1 / 1000.0;
    int accepted = 0;
    for (int i = 0; i < N; i++) y[i] = y0[i];
    for (int attempt = 0; t < t1; attempt++) {
        if (attempt > 1000000) return -1;
        int last = t + dt >= t1;
        if (last) dt = t1 - t;
        RHS(y, f);
        real err = 0;
        for (int j = 0; j < COLUMNS; j++) {
            real before[N], above[N];
            midpoint(y, f, dt, 2 * (j + 1), above);
            for (int k = 0; k <= j; k++) /* Aitken-Neville in dt^2: T[k] is column k of the row above */
                for (int i = 0; i < N; i++) {
                    real here = above[i];
                    if (k) {
                        real ratio = (real)(j + 1) / (j + 1 - k);
                        here = above[i] + (above[i] - before[i]) / (ratio * ratio - 1);
                    }
                    before[i] = T[k][i];
                    T[k][i] = above[i] = here;
                }
        }
        for (int i = 0; i < N; i++) {
            real e = fabsq(T[COLUMNS - 1][i] - T[COLUMNS - 2][i]) / (1 + fabsq(y[i]));
            err = e > err ? e : err;
        }
        real factor = 0.7 * powq(tol / (err > 1e-40Q ? err : 1e-40Q), 1.0Q / (2 * COLUMNS - 1));
        if (err <= tol) {
            t = last ? t1 : t + dt;
            for (int i = 0; i < N; i++) y[i] = T[COLUMNS - 1][i];
            accepted++;
        }
        dt *= factor > 3 ? 3 : factor < 0.1Q ? 0.1Q : factor;
    }
    for (int i = 0; i < N; i++) head[i] = y[i], tail[i] = y[i] - head[i];
    return accepted;
}
