/* The walks through all layers. A block carries COLS columns from the first layer to the last; a thread has ROWS rows
   of them. Every sum is a chain of fused multiply-adds in the order of k, cut where the CPU's products are, so that
   the bits are those of `snode_ode::Euler`. Given by the host: N, COLS, THREADS, ROWS, UNROLL, LANES, REAL. */
#define ROW(i) (THREAD + (i)*THREADS)
#define IS_ROW(i) ((i) < ROWS - 1 || ROW(i) < N)
/* A row to read from, where there is none. */
#define NEAR_ROW(i) (ROW(i) < N ? ROW(i) : N - 1)
#define EACH_ROW(i) _Pragma("unroll") for (int i = 0; i < ROWS; i++)
#define EACH_AHEAD(u) _Pragma("unroll") for (int u = 0; u < UNROLL; u++)
#define EACH_COLUMN(c) _Pragma("unroll") for (int c = 0; c < COLS; c++)

/* Begins chains: with 0, or with −0 where the first term is a product and not a multiply-add. */
FUNCTION void clear(const REAL begin, REAL sums[ROWS][COLS])
{
    EACH_ROW(i) EACH_COLUMN(c) sums[i][c] = begin;
}

/* Begins to read the first UNROLL columns of a matrix from k on, if there are as many before `to`. */
FUNCTION void fetch(GLOBAL const REAL *RESTRICT matrix, const int k, const int to, REAL next[UNROLL][ROWS])
{
    if (k + UNROLL <= to)
        EACH_AHEAD(u) EACH_ROW(i) next[u][i] = matrix[(k + u) * N + NEAR_ROW(i)];
}

/* Continues chains: sums += matrix columns over from <= k < to. `next` has been fetched; what is read next is on its way
   while this is added. */
FUNCTION void chain(GLOBAL const REAL *RESTRICT matrix, SHARED_POINTER const REAL *RESTRICT columns, const int from,
                    const int to, REAL next[UNROLL][ROWS], REAL sums[ROWS][COLS])
{
    int k = from;
    for (; k + UNROLL <= to; k += UNROLL) {
        REAL now[UNROLL][ROWS];
        EACH_AHEAD(u) EACH_ROW(i) now[u][i] = next[u][i];
        fetch(matrix, k + UNROLL, to, next);
        EACH_AHEAD(u) EACH_ROW(i) EACH_COLUMN(c)
            sums[i][c] = FMA(now[u][i], columns[(k + u) * COLS + c], sums[i][c]);
    }
    for (; k < to; k++)
        EACH_ROW(i)
        {
            const REAL value = matrix[k * N + NEAR_ROW(i)];
            EACH_COLUMN(c) sums[i][c] = FMA(value, columns[k * COLS + c], sums[i][c]);
        }
}

/* The end of a chain that begins at k. */
#define END(k) (N < (k) + cut ? N : (k) + cut)

/* sums = matrix columns, or sums + matrix columns, as a product that is cut every `cut` terms. The first columns of the
   matrix have been fetched. */
FUNCTION void product(GLOBAL const REAL *RESTRICT matrix, SHARED_POINTER const REAL *RESTRICT columns, const int cut,
                      const REAL begin, const int add, REAL next[UNROLL][ROWS], REAL sums[ROWS][COLS])
{
#if N <= CUT
    if (!add) {
        clear(begin, sums);
        chain(matrix, columns, 0, N, next, sums);
        return;
    }
#endif
    for (int k = 0; k < N; k += cut) {
        REAL part[ROWS][COLS];
        clear(begin, part);
        if (k > 0) fetch(matrix, k, END(k), next);
        chain(matrix, columns, k, END(k), next, part);
        EACH_ROW(i) EACH_COLUMN(c) sums[i][c] = k > 0 || add ? sums[i][c] + part[i][c] : part[i][c];
    }
}

/* The block's columns of `from`, side by side for each row; zero where there is no column. */
FUNCTION void load(GLOBAL const REAL *RESTRICT from, const int columns, SHARED_POINTER REAL *RESTRICT to)
{
    const int first = BLOCK_X * COLS;
    EACH_ROW(i) if (IS_ROW(i)) EACH_COLUMN(c)
        to[ROW(i) * COLS + c] = first + c < columns ? from[OFFSET(first + c, N) + ROW(i)] : ZERO;
}

FUNCTION void store(SHARED_POINTER const REAL *RESTRICT from, const int columns, GLOBAL REAL *RESTRICT to)
{
    const int first = BLOCK_X * COLS;
    EACH_ROW(i) if (IS_ROW(i)) EACH_COLUMN(c)
        if (first + c < columns) to[OFFSET(first + c, N) + ROW(i)] = from[ROW(i) * COLS + c];
}

/* (S2): X_{k+1} = X_k + h σ(W_k X_k + b_k). Keeps X_k and σ′(Z_k) where they are wanted; `states` ends with X_L. */
KERNEL(THREADS)
void direct(GLOBAL const REAL *RESTRICT parameters, GLOBAL const REAL *RESTRICT inputs, GLOBAL REAL *RESTRICT states,
            GLOBAL REAL *RESTRICT slopes, const REAL h, const int columns, const int layers, const int keep, const int cut,
            const REAL begin)
{
    SHARED REAL x[N * COLS];
    const int first = BLOCK_X * COLS;
    REAL next[UNROLL][ROWS];
    fetch(parameters, 0, END(0), next);
    load(inputs, columns, x);
    BARRIER();
    for (int layer = 0; layer < layers; layer++) {
        GLOBAL const REAL *node = parameters + OFFSET(layer, NODE);
        REAL bias[ROWS], z[ROWS][COLS];
        EACH_ROW(i) bias[i] = node[N * N + NEAR_ROW(i)];
        product(node, x, cut, begin, 0, next, z);
        if (layer + 1 < layers) fetch(node + NODE, 0, END(0), next);
        BARRIER();
        EACH_ROW(i) if (IS_ROW(i))
        {
            EACH_COLUMN(c)
            {
                const REAL old = x[ROW(i) * COLS + c];
                REAL slope;
                const REAL value = activation(z[i][c] + bias[i], &slope);
                if (keep && first + c < columns) {
                    const long at = OFFSET(layer, columns) * N + OFFSET(first + c, N) + ROW(i);
                    WRITE_ONCE(states + at, old);
                    WRITE_ONCE(slopes + at, slope);
                }
                x[ROW(i) * COLS + c] = FMA(value, h, old);
            }
        }
        BARRIER();
    }
    store(x, columns, states + (keep ? OFFSET(layers, columns) * N : 0));
}

/* (S5): Λ_k = Λ_{k+1} + h W_kᵀ G_k with G_k = σ′(Z_k) ⊙ Λ_{k+1}, for columns j of data points j modulo `batch`. Keeps
   G_k where it is wanted. `transposed` has W_kᵀ where `parameters` has W_k. */
KERNEL(THREADS)
void adjoint(GLOBAL const REAL *RESTRICT transposed, GLOBAL const REAL *RESTRICT slopes,
             GLOBAL const REAL *RESTRICT terminals, GLOBAL REAL *RESTRICT weighted, GLOBAL REAL *RESTRICT out, const REAL h,
             const int batch, const int columns, const int layers, const int keep, const int once, const int cut,
             const REAL begin)
{
    SHARED REAL g[N * COLS];
    const int first = BLOCK_X * COLS;
    REAL lambda[ROWS][COLS];
    int column[COLS], point[COLS];
    EACH_COLUMN(c)
    {
        column[c] = first + c < columns ? first + c : columns - 1;
        point[c] = column[c] % batch;
    }
    EACH_ROW(i) EACH_COLUMN(c) lambda[i][c] = terminals[OFFSET(column[c], N) + NEAR_ROW(i)];
    REAL next[UNROLL][ROWS], slope[ROWS][COLS];
    for (int layer = layers - 1; layer >= 0; layer--) {
        GLOBAL const REAL *node = transposed + OFFSET(layer, NODE);
        EACH_ROW(i) EACH_COLUMN(c) slope[i][c] =
            READ_ONCE(slopes + OFFSET(layer, batch) * N + OFFSET(point[c], N) + NEAR_ROW(i));
        fetch(node, 0, END(0), next);
        BARRIER();
        EACH_ROW(i) if (IS_ROW(i)) EACH_COLUMN(c)
        {
            const REAL value = slope[i][c] * lambda[i][c];
            g[ROW(i) * COLS + c] = value;
            if (keep && first + c < columns)
                WRITE_ONCE(weighted + OFFSET(layer, columns) * N + OFFSET(column[c], N) + ROW(i), value);
        }
        BARRIER();
#if N == 1
        EACH_COLUMN(c) lambda[0][c] =
            columns == 1 ? FMA(node[0], g[c] * h, lambda[0][c]) : FMA(g[c], node[0] * h, lambda[0][c]);
#else
        for (int k = 0; k < N; k += cut) {
            REAL part[ROWS][COLS];
            clear(begin, part);
            if (k > 0) fetch(node, k, END(k), next);
            chain(node, g, k, END(k), next, part);
            /* A small product adds with one rounding, a large one with two. */
            EACH_ROW(i) EACH_COLUMN(c) lambda[i][c] =
                once ? FMA(h, part[i][c], lambda[i][c]) : lambda[i][c] + h * part[i][c];
        }
#endif
    }
    EACH_ROW(i) if (IS_ROW(i)) EACH_COLUMN(c)
        if (first + c < columns) out[OFFSET(column[c], N) + ROW(i)] = lambda[i][c];
}

/* Adds the second `width` of 2 `width` lanes to the first, where there are so many: at most 16. Written out, since a
   loop over widths leaves the lanes without registers. */
#define FOLD(width)                                                                                                     \
    if (width < LANES)                                                                                                  \
        _Pragma("unroll") for (int lane = 0; lane < width; lane++) lanes[lane] += lanes[(lane + width) % LANES];

/* The same for a single column, whose products are inner products in the lanes of the CPU's vector unit. */
KERNEL(THREADS)
void adjoint_of_column(GLOBAL const REAL *RESTRICT transposed, GLOBAL const REAL *RESTRICT slopes,
                       GLOBAL const REAL *RESTRICT terminals, GLOBAL REAL *RESTRICT weighted, GLOBAL REAL *RESTRICT out,
                       const REAL h, const int layers, const int keep)
{
    SHARED REAL g[N];
    REAL lambda[ROWS];
    EACH_ROW(i) lambda[i] = terminals[NEAR_ROW(i)];
    for (int layer = layers - 1; layer >= 0; layer--) {
        GLOBAL const REAL *node = transposed + OFFSET(layer, NODE);
        BARRIER();
        EACH_ROW(i) if (IS_ROW(i))
        {
            const REAL value = slopes[OFFSET(layer, N) + ROW(i)] * lambda[i];
            g[ROW(i)] = value;
            if (keep) weighted[OFFSET(layer, N) + ROW(i)] = value;
        }
        BARRIER();
        EACH_ROW(i)
        {
            REAL lanes[LANES];
            _Pragma("unroll") for (int lane = 0; lane < LANES; lane++)
            {
                REAL sums[4];
                _Pragma("unroll") for (int s = 0; s < 4; s++)
                {
                    sums[s] = ZERO;
                    _Pragma("unroll 1") for (int k = s * LANES + lane; k < N; k += 4 * LANES)
                        sums[s] = FMA(node[k * N + NEAR_ROW(i)], g[k], sums[s]);
                }
                lanes[lane] = (sums[0] + sums[1]) + (sums[2] + sums[3]);
            }
            FOLD(8) FOLD(4) FOLD(2) FOLD(1)
            lambda[i] = lambda[i] + h * lanes[0];
        }
    }
    EACH_ROW(i) if (IS_ROW(i)) out[ROW(i)] = lambda[i];
}

/* ω_k X_k for all layers at once, a layer and COLS columns a block: what (S3) adds, where it can be added up before. */
KERNEL(THREADS)
void layer_products(GLOBAL const REAL *RESTRICT perturbation, GLOBAL const REAL *RESTRICT states, GLOBAL REAL *RESTRICT out,
                    const int columns, const int cut, const REAL begin)
{
    SHARED REAL x[N * COLS];
    const int first = BLOCK_X * COLS;
    const long layer = OFFSET(BLOCK_Y, columns) * N;
    REAL next[UNROLL][ROWS], y[ROWS][COLS];
    fetch(perturbation + OFFSET(BLOCK_Y, NODE), 0, END(0), next);
    load(states + layer, columns, x);
    BARRIER();
    product(perturbation + OFFSET(BLOCK_Y, NODE), x, cut, begin, 0, next, y);
    EACH_ROW(i) if (IS_ROW(i)) EACH_COLUMN(c)
        if (first + c < columns) WRITE_ONCE(out + layer + OFFSET(first + c, N) + ROW(i), y[i][c]);
}

/* How a perturbation of the parameters comes into (S3). */
#define UNPERTURBED 0 /* Not at all. */
#define ADDED 1       /* Its product is added to W_k Ξ_k. */
#define CONTINUED 2   /* The sums of W_k Ξ_k go on with its terms. */
#define PREPARED 3    /* Its products are there: `states` has them. */

/* (S3): Ξ_{k+1} = Ξ_k + h σ′(Z_k) ⊙ (W_k Ξ_k + ω_k X_k + β_k), for columns j of data points j modulo `batch`. */
KERNEL(THREADS)
void sensitivity(GLOBAL const REAL *RESTRICT parameters, GLOBAL const REAL *RESTRICT perturbation,
                 GLOBAL const REAL *RESTRICT states, GLOBAL const REAL *RESTRICT slopes, GLOBAL const REAL *RESTRICT inputs,
                 GLOBAL REAL *RESTRICT out, const REAL h, const int batch, const int columns, const int layers,
                 const int how, const int cut, const REAL begin)
{
    SHARED REAL xi[N * COLS];
    SHARED REAL x[N * COLS];
    const int first = BLOCK_X * COLS;
    int point[COLS];
    EACH_COLUMN(c) point[c] = (first + c < columns ? first + c : columns - 1) % batch;
    REAL next[UNROLL][ROWS];
    fetch(parameters, 0, END(0), next);
    load(inputs, columns, xi);
    for (int layer = 0; layer < layers; layer++) {
        GLOBAL const REAL *node = parameters + OFFSET(layer, NODE);
        GLOBAL const REAL *change = perturbation + OFFSET(layer, NODE);
        const long all = OFFSET(layer, batch) * N;
        if (how == ADDED || how == CONTINUED)
            EACH_ROW(i) if (IS_ROW(i)) EACH_COLUMN(c)
                x[ROW(i) * COLS + c] = states[all + OFFSET(point[c], N) + ROW(i)];
        REAL beta[ROWS], slope[ROWS][COLS], prepared[ROWS][COLS];
        EACH_ROW(i)
        {
            beta[i] = how == UNPERTURBED ? ZERO : change[N * N + NEAR_ROW(i)];
            EACH_COLUMN(c)
            {
                const long at = all + OFFSET(point[c], N) + NEAR_ROW(i);
                slope[i][c] = READ_ONCE(slopes + at);
                if (how == PREPARED) prepared[i][c] = READ_ONCE(states + at);
            }
        }
        BARRIER();
        REAL y[ROWS][COLS];
        product(node, xi, cut, begin, 0, next, y);
        if (how == PREPARED) {
            EACH_ROW(i) EACH_COLUMN(c) y[i][c] += prepared[i][c];
        } else if (how != UNPERTURBED) {
            fetch(change, 0, END(0), next);
            if (how == ADDED)
                product(change, x, cut, begin, 1, next, y);
            else
                chain(change, x, 0, N, next, y);
        }
        if (layer + 1 < layers) fetch(node + NODE, 0, END(0), next);
        BARRIER();
        EACH_ROW(i) if (IS_ROW(i)) EACH_COLUMN(c)
            xi[ROW(i) * COLS + c] = FMA(slope[i][c] * h, y[i][c] + beta[i], xi[ROW(i) * COLS + c]);
    }
    BARRIER();
    store(xi, columns, out);
}
