/* Size of the first step for a method of order `order`: Hairer, Norsett, Wanner I, II.4, algorithm "starting step". */

static inline real first_step(const real *y, const real *f, double t1, double rtol, double atol, double order) {
    real d0 = ALL(0.0), d1 = ALL(0.0), d2 = ALL(0.0), u[N], g[N];
    for (int i = 0; i < N; i++) {
        real sc = atol + rtol * ABS(y[i]);
        d0 += (y[i] / sc) * (y[i] / sc);
        d1 += (f[i] / sc) * (f[i] / sc);
    }
    real h = 0.01 * SQRT(d0 / MAX(d1, ALL(1e-300)));
    h = MIN(MAX(h, ALL(1e-6)), ALL(t1));
    for (int i = 0; i < N; i++) u[i] = y[i] + h * f[i];
    RHS(u, g);
    for (int i = 0; i < N; i++) {
        real sc = atol + rtol * ABS(y[i]), e = (g[i] - f[i]) / sc;
        d2 += e * e;
    }
    real size = MAX(MAX(SQRT(d2 / N) / h, SQRT(d1 / N)), ALL(1e-15));
    return MIN(MIN(100.0 * h, POW(0.01 / size, 1.0 / order)), ALL(t1));
}
