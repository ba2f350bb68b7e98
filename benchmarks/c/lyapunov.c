/* Lyapunov spectra by hand: what a careful C program does, as the limit to compare with.
 *
 * State x[n] and tangents V[component][vector], so that the inner loop runs over vectors; RK4 of state and tangents with
 * the same stages; modified Gram-Schmidt by rows every q steps; one logarithm for many products.
 * gcc -O3 -march=native -ffp-contract=fast -shared -fPIC
 */
#include <math.h>
#include <string.h>
#include <stdlib.h>

static void gram_schmidt(double *restrict V, int n, int k, double *restrict s, double *restrict product)
{
    for (int j = 0; j < k; j++) {
        double square = 0.0;
        for (int m = 0; m < k; m++) s[m] = 0.0;
        for (int i = 0; i < n; i++) {
            const double *row = V + (size_t)i * k;
            const double q = row[j];
            for (int m = j; m < k; m++) s[m] += q * row[m];
        }
        square = s[j];
        const double length = sqrt(square), inverse = 1.0 / length;
        product[j] *= length;
        for (int m = j + 1; m < k; m++) s[m] /= square;
        for (int i = 0; i < n; i++) {
            double *row = V + (size_t)i * k;
            const double q = row[j];
            for (int m = j + 1; m < k; m++) row[m] -= q * s[m];
            row[j] = q * inverse;
        }
    }
}

static void flush(double *product, double *sums, int k)
{
    for (int j = 0; j < k; j++) {
        if (product[j] > 1e100 || product[j] < 1e-100) {
            sums[j] += log(product[j]);
            product[j] = 1.0;
        }
    }
}

void henon(double *x, double *sums, long blocks, int q, double a, double b)
{
    double v00 = 1, v01 = 0, v10 = 0, v11 = 1, p0 = 1, p1 = 1, u = x[0], w = x[1];
    for (long s = 0; s < blocks; s++) {
        for (int i = 0; i < q; i++) {
            const double c = -2.0 * a * u, t0 = c * v00 + v10, t1 = c * v01 + v11;
            v10 = b * v00; v11 = b * v01; v00 = t0; v01 = t1;
            const double t = 1.0 - a * u * u + w;
            w = b * u; u = t;
        }
        const double l0 = sqrt(v00 * v00 + v10 * v10);
        v00 /= l0; v10 /= l0;
        const double d = v00 * v01 + v10 * v11;
        v01 -= d * v00; v11 -= d * v10;
        const double l1 = sqrt(v01 * v01 + v11 * v11);
        v01 /= l1; v11 /= l1;
        p0 *= l0; p1 *= l1;
        if (p0 > 1e100 || p0 < 1e-100) { sums[0] += log(p0); p0 = 1; }
        if (p1 > 1e100 || p1 < 1e-100) { sums[1] += log(p1); p1 = 1; }
    }
    sums[0] += log(p0); sums[1] += log(p1);
    x[0] = u; x[1] = w;
}

#define K3 3
static inline void lorenz(const double *x, const double V[3][K3], double *d, double D[3][K3])
{
    const double s = 10.0, r = 28.0, b = 8.0 / 3.0;
    d[0] = s * (x[1] - x[0]);
    d[1] = x[0] * (r - x[2]) - x[1];
    d[2] = x[0] * x[1] - b * x[2];
    for (int m = 0; m < K3; m++) {
        D[0][m] = s * (V[1][m] - V[0][m]);
        D[1][m] = (r - x[2]) * V[0][m] - V[1][m] - x[0] * V[2][m];
        D[2][m] = x[1] * V[0][m] + x[0] * V[1][m] - b * V[2][m];
    }
}

void lorenz63(double *x, double *sums, long blocks, int q, double dt)
{
    double V[3][K3] = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}, product[3] = {1, 1, 1}, s[3];
    for (long n = 0; n < blocks; n++) {
        for (int i = 0; i < q; i++) {
            double k[4][3], L[4][3][K3], y[3], W[3][K3];
            lorenz(x, V, k[0], L[0]);
            for (int j = 1; j < 4; j++) {
                const double h = j == 3 ? dt : 0.5 * dt;
                for (int c = 0; c < 3; c++) {
                    y[c] = x[c] + h * k[j - 1][c];
                    for (int m = 0; m < K3; m++) W[c][m] = V[c][m] + h * L[j - 1][c][m];
                }
                lorenz(y, W, k[j], L[j]);
            }
            for (int c = 0; c < 3; c++) {
                x[c] += dt / 6.0 * (k[0][c] + 2.0 * k[1][c] + 2.0 * k[2][c] + k[3][c]);
                for (int m = 0; m < K3; m++)
                    V[c][m] += dt / 6.0 * (L[0][c][m] + 2.0 * L[1][c][m] + 2.0 * L[2][c][m] + L[3][c][m]);
            }
        }
        gram_schmidt(&V[0][0], 3, 3, s, product);
        flush(product, sums, 3);
    }
    for (int j = 0; j < 3; j++) sums[j] += log(product[j]);
}

typedef void (*slope)(const double *, const double *, double *, double *, int, int);

static void lorenz96(const double *x, const double *V, double *d, double *D, int n, int k)
{
    for (int i = 0; i < n; i++) {
        const int a = (i + 1) % n, b = (i + n - 2) % n, c = (i + n - 1) % n;
        const double f = x[c], g = x[a] - x[b];
        const double *Va = V + (size_t)a * k, *Vb = V + (size_t)b * k, *Vc = V + (size_t)c * k, *Vi = V + (size_t)i * k;
        double *Di = D + (size_t)i * k;
        d[i] = g * f - x[i] + 8.0;
        for (int m = 0; m < k; m++) Di[m] = (Va[m] - Vb[m]) * f + g * Vc[m] - Vi[m];
    }
}

static void fput(const double *x, const double *V, double *d, double *D, int n, int k)
{
    const int h = n / 2;
    for (int i = 0; i < h; i++) {
        const double left = x[i] - (i > 0 ? x[i - 1] : 0.0), right = (i + 1 < h ? x[i + 1] : 0.0) - x[i];
        const double a = 1.0 + 3.0 * left * left, b = 1.0 + 3.0 * right * right;
        d[i] = x[h + i];
        d[h + i] = right + right * right * right - left - left * left * left;
        memcpy(D + (size_t)i * k, V + (size_t)(h + i) * k, k * sizeof(double));
        const double *Vi = V + (size_t)i * k;
        double *Di = D + (size_t)(h + i) * k;
        if (i > 0 && i + 1 < h) {
            const double *Vl = Vi - k, *Vr = Vi + k;
            for (int m = 0; m < k; m++) Di[m] = b * (Vr[m] - Vi[m]) - a * (Vi[m] - Vl[m]);
        } else if (i > 0) {
            const double *Vl = Vi - k;
            for (int m = 0; m < k; m++) Di[m] = -b * Vi[m] - a * (Vi[m] - Vl[m]);
        } else {
            const double *Vr = Vi + k;
            for (int m = 0; m < k; m++) Di[m] = b * (Vr[m] - Vi[m]) - a * Vi[m];
        }
    }
}

static void rk4(slope f, double *x, double *V, double *sums, long blocks, int q, double dt, int n, int k)
{
    const size_t N = (size_t)n * k;
    double *room = malloc((5 * N + 5 * n + 2 * k) * sizeof(double));
    double *L[4], *W = room + 4 * N, *K[4], *y, *s, *product;
    for (int j = 0; j < 4; j++) L[j] = room + j * N;
    for (int j = 0; j < 4; j++) K[j] = room + 5 * N + j * n;
    y = room + 5 * N + 4 * n; s = y + n; product = s + k;
    for (int j = 0; j < k; j++) product[j] = 1.0;
    for (long b = 0; b < blocks; b++) {
        for (int i = 0; i < q; i++) {
            f(x, V, K[0], L[0], n, k);
            for (int j = 1; j < 4; j++) {
                const double h = j == 3 ? dt : 0.5 * dt;
                const double *from = L[j - 1];
                for (int c = 0; c < n; c++) y[c] = x[c] + h * K[j - 1][c];
                for (size_t m = 0; m < N; m++) W[m] = V[m] + h * from[m];
                f(y, W, K[j], L[j], n, k);
            }
            for (int c = 0; c < n; c++) x[c] += dt / 6.0 * (K[0][c] + 2.0 * K[1][c] + 2.0 * K[2][c] + K[3][c]);
            const double *a = L[0], *d = L[1], *e = L[2], *g = L[3];
            for (size_t m = 0; m < N; m++) V[m] += dt / 6.0 * (a[m] + 2.0 * d[m] + 2.0 * e[m] + g[m]);
        }
        gram_schmidt(V, n, k, s, product);
        flush(product, sums, k);
    }
    for (int j = 0; j < k; j++) sums[j] += log(product[j]);
    free(room);
}

void lorenz96_spectrum(double *x, double *V, double *sums, long blocks, int q, double dt, int n, int k)
{
    rk4(lorenz96, x, V, sums, blocks, q, dt, n, k);
}

void fput_spectrum(double *x, double *V, double *sums, long blocks, int q, double dt, int n, int k)
{
    rk4(fput, x, V, sums, blocks, q, dt, n, k);
}
