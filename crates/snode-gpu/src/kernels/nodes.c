/* What goes node by node through the parameters. */

/* transposed_k = W_kᵀ, tile by tile; the biases are left alone. */
KERNEL(256)
void transpose(GLOBAL const REAL *RESTRICT parameters, GLOBAL REAL *RESTRICT transposed)
{
    SHARED REAL tile[16 * 17];
    const int tiles = (N + 15) / 16;
    const int row = BLOCK_X % tiles * 16, column = BLOCK_X / tiles * 16;
    const int a = THREAD % 16, b = THREAD / 16;
    const long node = OFFSET(BLOCK_Y, NODE);
    if (row + a < N && column + b < N) tile[b * 17 + a] = parameters[node + (column + b) * N + row + a];
    BARRIER();
    if (column + a < N && row + b < N) transposed[node + (row + b) * N + column + a] = tile[a * 17 + b];
}

/* (S6): the weights of node k become G_k X_kᵀ, its biases G_k 1. A block has a TILE×TILE part of a node, a thread 4×4
   numbers of it. The columns are added in their order, cut every `cut`. */
#define TILE 32
#define DEPTH 16
KERNEL(64)
void gradient(GLOBAL const REAL *RESTRICT weighted, GLOBAL const REAL *RESTRICT states, GLOBAL REAL *RESTRICT out,
              const int columns, const int cut, const REAL begin)
{
    SHARED REAL gs[DEPTH * TILE];
    SHARED REAL xs[DEPTH * TILE];
    const int tiles = (N + TILE - 1) / TILE;
    const int row = BLOCK_X % tiles * TILE, column = BLOCK_X / tiles * TILE;
    const int r = THREAD % 8 * 4, c = THREAD / 8 * 4;
    GLOBAL const REAL *g = weighted + OFFSET(BLOCK_Y, columns) * N;
    GLOBAL const REAL *x = states + OFFSET(BLOCK_Y, columns) * N;
    REAL sums[4][4], total[4][4], bias[4];
    _Pragma("unroll") for (int i = 0; i < 4; i++)
    {
        bias[i] = ZERO;
        _Pragma("unroll") for (int j = 0; j < 4; j++)
        {
            sums[i][j] = begin;
            total[i][j] = ZERO;
        }
    }
    for (int first = 0; first < columns; first += DEPTH) {
        BARRIER();
        for (int at = THREAD; at < DEPTH * TILE; at += 64) {
            const int d = at / TILE, i = at % TILE;
            gs[at] = first + d < columns && row + i < N ? g[OFFSET(first + d, N) + row + i] : ZERO;
            xs[at] = first + d < columns && column + i < N ? x[OFFSET(first + d, N) + column + i] : ZERO;
        }
        BARRIER();
        if (first > 0 && first % cut == 0)
            _Pragma("unroll") for (int i = 0; i < 4; i++) _Pragma("unroll") for (int j = 0; j < 4; j++)
            {
                total[i][j] = first == cut ? sums[i][j] : total[i][j] + sums[i][j];
                sums[i][j] = ZERO;
            }
        const int depth = columns - first < DEPTH ? columns - first : DEPTH;
        for (int d = 0; d < depth; d++) {
            REAL gr[4], xc[4];
            _Pragma("unroll") for (int i = 0; i < 4; i++)
            {
                gr[i] = gs[d * TILE + r + i];
                xc[i] = xs[d * TILE + c + i];
                bias[i] += gr[i];
            }
            _Pragma("unroll") for (int i = 0; i < 4; i++) _Pragma("unroll") for (int j = 0; j < 4; j++)
                sums[i][j] = FMA(gr[i], xc[j], sums[i][j]);
        }
    }
    GLOBAL REAL *node = out + OFFSET(BLOCK_Y, NODE);
    _Pragma("unroll") for (int i = 0; i < 4; i++) if (row + r + i < N)
    {
        _Pragma("unroll") for (int j = 0; j < 4; j++) if (column + c + j < N)
            node[(column + c + j) * N + row + r + i] = columns > cut ? total[i][j] + sums[i][j] : sums[i][j];
        if (column == 0 && c == 0) node[N * N + row + r + i] = bias[i];
    }
}
