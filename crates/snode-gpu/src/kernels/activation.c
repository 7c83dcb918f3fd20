/* σ and σ′, operation by operation those of `snode_ode::elementary` and its activations. The series and constants
   are written by the host, from the same tables. */
FUNCTION REAL reduce(REAL x, REAL *p)
{
    x = x < EXP_MIN ? EXP_MIN : x;
    const REAL rounded = FMA(x, LOG2_E, ROUNDING);
    const REAL k = rounded - ROUNDING;
    REAL r = FMA(-k, LN2_HIGH, x);
    r = FMA(-k, LN2_LOW, r);
    *p = FMA(r * r, EXPM1_SERIES(r), r);
    return REAL_OF((BITS)((BITS_OF(rounded) + (BITS)EXPONENT_BIAS) << MANTISSA_BITS));
}

FUNCTION REAL exp_nonpositive(const REAL x)
{
    REAL p;
    const REAL scale = reduce(x, &p);
    return FMA(scale, p, scale);
}

FUNCTION REAL exp_m1_nonpositive(const REAL x)
{
    REAL p;
    const REAL scale = reduce(x, &p);
    return FMA(scale, p, scale - ONE);
}

FUNCTION REAL ln_1p_unit(const REAL e)
{
    const REAL s = DIVIDE(e, ONE + ONE + e);
    const REAL s2 = s * s;
    const REAL a = FMA(s * s2, ARTANH_SERIES(s2), s);
    return a + a;
}

FUNCTION REAL activation(const REAL z, REAL *slope)
{
#if ACTIVATION == TANH
    REAL a = fabs(z);
    a = a > TANH_SATURATION ? TANH_SATURATION : a;
    const REAL q = exp_m1_nonpositive(-(a + a));
    const REAL t = DIVIDE(-q, ONE + ONE + q);
    const REAL value = z < ZERO ? -t : t;
    *slope = FMA(-value, value, ONE);
    return value;
#elif ACTIVATION == RELU
    *slope = z <= ZERO ? PARAMETER : ONE;
    return z <= ZERO ? PARAMETER * z : z;
#elif ACTIVATION == SIGMOID || ACTIVATION == SOFTPLUS
    const REAL e = exp_nonpositive(-fabs(z));
    const REAL large = DIVIDE(ONE, ONE + e);
    const REAL small = e * large;
#if ACTIVATION == SIGMOID
    *slope = small * large;
    return z < ZERO ? small : large;
#else
    *slope = z < ZERO ? small : large;
    return (z <= ZERO ? ZERO : z) + ln_1p_unit(e);
#endif
#elif ACTIVATION == ELU
    const REAL negative = z > ZERO ? ZERO : z;
    const REAL below = PARAMETER * exp_m1_nonpositive(negative);
    *slope = z > ZERO ? ONE : PARAMETER * exp_nonpositive(negative);
    return z > ZERO ? z : below;
#elif ACTIVATION == SMOOTHED_RELU
    const REAL rise = ONE - PARAMETER;
    REAL inside = z + HALF_WIDTH;
    inside = inside < ZERO ? ZERO : inside;
    REAL past = z - HALF_WIDTH;
    past = past <= ZERO ? ZERO : past;
    const REAL quadratic = inside - past;
    *slope = PARAMETER + rise * (quadratic * SLOPE_FACTOR);
    return PARAMETER * z + rise * (quadratic * quadratic * VALUE_FACTOR + past);
#else
    *slope = ONE;
    return z;
#endif
}
