/* The limit for one trajectory: Dormand and Prince's 8(5,3) pair, the right-hand side inlined, final state only.

   Step control of Hairer, Norsett, Wanner I, II.5 (10.15)-(10.17) and II.4 (4.13): err = dt e5^2 / sqrt(e5^2 + e3^2 / 100),
   factor 0.9 err^(-1/8) in [1/3, 6], no growth after a rejection. The stage sums STAGE_1 .. STAGE_12, E3 and E5 of
   "coefficients.h" are written out by harness/limits.py. */

#include "rhs.h"
#include "first_step.h"
#include "coefficients.h"

#define STAGE(s)                                                          \
    for (int i = 0; i < N; i++) u[i] = y[i] + dt * DOP853_STAGE_##s(K, i); \
    RHS(u, K[s]);

int dop853(const double *y0, double t1, double rtol, double atol, double *out) {
    double y[N], u[N], K[13][N], t = 0.0;
    int attempts = 0, rejected = 0;
    for (int i = 0; i < N; i++) y[i] = y0[i];
    RHS(y, K[0]);
    double dt = first_step(y, K[0], t1, rtol, atol, 8.0);
    while (t < t1) {
        if (attempts++ > 1000000) return -1;
        if (t + 1.01 * dt >= t1) dt = t1 - t;
        STAGE(1) STAGE(2) STAGE(3) STAGE(4) STAGE(5) STAGE(6) STAGE(7) STAGE(8) STAGE(9) STAGE(10) STAGE(11) STAGE(12)
        double e3 = 0.0, e5 = 0.0; /* u is the new state now, K[12] its derivative */
        for (int i = 0; i < N; i++) {
            double weight = 1.0 / (atol + rtol * fmax(fabs(y[i]), fabs(u[i])));
            double a = weight * DOP853_E3(K, i), b = weight * DOP853_E5(K, i);
            e3 += a * a;
            e5 += b * b;
        }
        double size = e5 + 0.01 * e3;
        double err = dt * e5 / sqrt(N * (size > 0.0 ? size : 1.0));
        double factor = fmin(6.0, fmax(1.0 / 3.0, 0.9 * pow(fmax(err, 1e-30), -0.125)));
        if (err < 1.0) {
            t += dt;
            for (int i = 0; i < N; i++) y[i] = u[i], K[0][i] = K[12][i];
            dt *= rejected ? fmin(factor, 1.0) : factor;
            rejected = 0;
        } else {
            dt *= fmin(factor, 1.0);
            rejected = 1;
        }
    }
    for (int i = 0; i < N; i++) out[i] = y[i];
    return attempts;
}
