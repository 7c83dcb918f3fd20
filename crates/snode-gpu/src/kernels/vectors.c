/* Parameters as vectors. */

/* out = keep last + add x; `last` or `x` may be `out`. */
KERNEL(256)
void combine(GLOBAL REAL *out, GLOBAL const REAL *last, GLOBAL const REAL *x, const REAL keep, const REAL add,
             const long count)
{
    for (long i = OFFSET(BLOCK_X, 256) + THREAD; i < count; i += OFFSET(BLOCKS_X, 256))
        out[i] = FMA(x[i], add, keep * last[i]);
}

/* The 64 partial sums of the inner product of each node's numbers: what the CPU keeps in its vector registers. */
KERNEL(64)
void node_products(GLOBAL const REAL *RESTRICT a, GLOBAL const REAL *RESTRICT b, GLOBAL REAL *RESTRICT sums)
{
    GLOBAL const REAL *left = a + OFFSET(BLOCK_X, NODE);
    GLOBAL const REAL *right = b + OFFSET(BLOCK_X, NODE);
    REAL sum = ZERO;
    for (int i = THREAD; i < NODE; i += 64) sum = FMA(left[i], right[i], sum);
    sums[BLOCK_X * 64 + THREAD] = sum;
}

/* Two sweeps in depth for every entry: v_k = weight_k u_k + coupling_k v_{k−1} upwards, v_k += coupling_k v_{k+1}
   downwards. The weights of all nodes stand before their couplings. */
KERNEL(64)
void eliminate(GLOBAL const REAL *RESTRICT u, GLOBAL REAL *RESTRICT v, GLOBAL const REAL *RESTRICT factors,
               const int nodes)
{
    GLOBAL const REAL *weight = factors;
    GLOBAL const REAL *coupling = factors + nodes;
    const int entry = BLOCK_X * 64 + THREAD;
    if (entry < NODE) {
        REAL carry = ZERO;
        for (int k = 0; k < nodes; k++) {
            carry = FMA(weight[k], u[OFFSET(k, NODE) + entry], coupling[k] * carry);
            v[OFFSET(k, NODE) + entry] = carry;
        }
        carry = ZERO;
        for (int k = nodes - 1; k >= 0; k--) {
            carry = FMA(coupling[k], carry, v[OFFSET(k, NODE) + entry]);
            v[OFFSET(k, NODE) + entry] = carry;
        }
    }
}
