//! The Sobolev space H¹(0,T) (S7, Corollary 4.2 of the paper).

use pulp::{Arch, NullaryFnOnce};
use snode_ode::{AlongDepth, Grid, Parameters, Real};

use super::{DepthOperator, GradientSpace, LANES};

/// H¹(0,T): v − ℓ² v″ = u with v′(0) = v′(T) = 0, entry by entry, by one of the discretisations.
#[derive(Debug)]
pub struct H1<T, O> {
    operator: O,
    memory: AlongDepth<T>,
}

impl<T: Real, O: DepthOperator<T>> H1<T, O> {
    /// The space for parameters on `grid`, with memory for the threads of the current pool.
    pub fn new(grid: &Grid, operator: O) -> Self {
        Self { operator, memory: AlongDepth::new(grid.nodes()) }
    }
}

impl<T: Real, O: DepthOperator<T>> GradientSpace<T> for H1<T, O> {
    fn represent(&mut self, gradient: &Parameters<T>, representative: &mut Parameters<T>) {
        let operator = &self.operator;
        if let Some(elimination) = operator.elimination()
            && representative.eliminate_on_device(elimination, gradient)
        {
            return;
        }
        self.memory.apply(gradient, representative, &|input, output| operator.apply(input, output));
    }
}

/// The factors of the closed form of (S7) for a length scale ℓ, in ratios that stay finite:
/// v(t_k) = `scale[k]` (P_k + Q_k) with P(t) = ∫₀ᵗ cosh(s/ℓ)/cosh(t/ℓ) u(s) ds and Q its mirror
/// image, Q(t) = ∫ₜᵀ cosh((T−s)/ℓ)/cosh((T−t)/ℓ) u(s) ds.
#[derive(Clone, Debug)]
pub(super) struct ClosedForm<T> {
    /// cosh((T−t_k)/ℓ) cosh(t_k/ℓ) / (ℓ sinh(T/ℓ)).
    pub scale: Vec<T>,
    /// ρ_k = cosh(t_k/ℓ)/cosh(t_{k+1}/ℓ).
    pub decay: Vec<T>,
    /// cosh(t_{k+½}/ℓ)/cosh(t_{k+1}/ℓ).
    pub half_decay: Vec<T>,
}

impl<T: Real> ClosedForm<T> {
    /// For the interval that the nodes span: \[0, T\] on a closed grid, \[0, T−h\] on an open one.
    pub(super) fn new(grid: &Grid, length: f64) -> Self {
        let nodes = grid.nodes();
        let end = grid.time(nodes - 1) / length;
        // cosh(a)/cosh(b) for 0 ≤ a ≤ b.
        let ratio =
            |a: f64, b: f64| (a - b).exp() * (1.0 + (-2.0 * a).exp()) / (1.0 + (-2.0 * b).exp());
        let scale = |t: f64| {
            let (left, right) = ((-2.0 * t).exp(), (-2.0 * (end - t)).exp());
            0.5 * (1.0 + left) * (1.0 + right) / (-(-2.0 * end).exp_m1()) / length
        };
        let half = grid.step() / (2.0 * length);
        let times: Vec<f64> = (0..nodes).map(|k| grid.time(k) / length).collect();
        let between = |f: &dyn Fn(f64, f64) -> f64| {
            times.windows(2).map(|t| T::from_f64(f(t[0], t[1]))).collect()
        };
        Self {
            scale: times.iter().map(|&t| T::from_f64(scale(t))).collect(),
            decay: between(&ratio),
            half_decay: between(&|a, b| ratio(a + half, b)),
        }
    }
}

/// A quadrature rule for the integrals of the closed form.
pub(super) trait Rule<T> {
    /// The rule's contribution to the integrals over one interval: from the node the integral comes
    /// from to the one it goes to, with the factors of `interval`. To be inlined, so that it is
    /// compiled for the machine's vector unit with the sweep.
    fn contribution(
        &self,
        form: &ClosedForm<T>,
        input: &[[T; LANES]],
        from: usize,
        to: usize,
        interval: usize,
    ) -> [T; LANES];
}

/// A sweep, compiled for the machine's vector unit.
struct Sweep<'a, T, R> {
    form: &'a ClosedForm<T>,
    rule: &'a R,
    input: &'a [[T; LANES]],
    output: &'a mut [[T; LANES]],
}

impl<T: Real> ClosedForm<T> {
    /// v in `output` for u = `input`, by a rule for the integrals.
    pub(super) fn integrate(
        &self,
        rule: &impl Rule<T>,
        input: &[[T; LANES]],
        output: &mut [[T; LANES]],
    ) {
        if input.len() == 1 {
            output.copy_from_slice(input);
            return;
        }
        Arch::new().dispatch(Sweep { form: self, rule, input, output });
    }
}

impl<T: Real, R: Rule<T>> NullaryFnOnce for Sweep<'_, T, R> {
    type Output = ();

    /// From the rule's contributions: P_{k+1} = ρ_k P_k + contribution(k, k+1, k) upwards, and
    /// downwards Q_k = ρ Q_{k+1} + contribution(k+1, k, mirror) with the factors of the mirrored
    /// interval, `mirror`, since the grid is symmetric.
    #[inline(always)]
    fn call(self) {
        let Self { form, rule, input, output } = self;
        let last = output.len() - 1;
        let mut sum = [T::ZERO; LANES];
        output[0] = sum;
        for k in 0..last {
            let part = rule.contribution(form, input, k, k + 1, k);
            for i in 0..LANES {
                sum[i] = form.decay[k].mul_add(sum[i], part[i]);
            }
            output[k + 1] = sum;
        }
        sum = [T::ZERO; LANES];
        for k in (0..=last).rev() {
            if k < last {
                let mirror = last - 1 - k;
                let part = rule.contribution(form, input, k + 1, k, mirror);
                for i in 0..LANES {
                    sum[i] = form.decay[mirror].mul_add(sum[i], part[i]);
                }
            }
            for i in 0..LANES {
                output[k][i] = form.scale[k] * (output[k][i] + sum[i]);
            }
        }
    }
}
