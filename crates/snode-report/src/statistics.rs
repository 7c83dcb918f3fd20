//! Mean and spread over runs, and how they are written.

use snode_analysis::Moments;

use snode_experiment::format;

/// Curves of several runs as one: at every x what the runs have there.
pub(super) fn across(curves: &[Vec<(f64, f64)>]) -> Vec<(f64, Moments)> {
    let mut places: Vec<f64> = curves.iter().flatten().map(|point| point.0).collect();
    places.sort_by(f64::total_cmp);
    places.dedup();
    let at = |x: f64| {
        let values = curves.iter().filter_map(|curve| {
            let point = curve.iter().find(|point| point.0 == x)?;
            point.1.is_finite().then_some(point.1)
        });
        (x, values.collect::<Moments>())
    };
    places.into_iter().map(at).filter(|(_, moments)| moments.count > 0).collect()
}

/// `97.12 ± 0.08`; without the spread for one run, `–` for none.
pub(super) fn mean_and_spread(moments: &Moments, decimals: usize) -> String {
    shown(moments, |value| format::fixed(value, decimals))
}

/// The same with three digits, in powers of ten where that is shorter.
pub(super) fn short(moments: &Moments) -> String {
    shown(moments, format::short)
}

fn shown(moments: &Moments, show: impl Fn(f64) -> String) -> String {
    match moments.count {
        0 => "–".into(),
        1 => show(moments.mean),
        _ => format!("{} ± {}", show(moments.mean), show(moments.standard_deviation())),
    }
}

/// The same moments of values that are `factor` times as large.
pub(super) fn scaled(moments: &Moments, factor: f64) -> Moments {
    Moments {
        count: moments.count,
        mean: factor * moments.mean,
        squares: factor * factor * moments.squares,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_are_joined_where_they_have_points() {
        let found = across(&[vec![(0.0, 1.0), (1.0, 3.0)], vec![(1.0, 5.0), (2.0, f64::NAN)]]);
        let found: Vec<_> = found.iter().map(|(x, m)| (*x, m.count, m.mean)).collect();
        assert_eq!(found, [(0.0, 1, 1.0), (1.0, 2, 4.0)]);
    }

    #[test]
    fn the_spread_is_shown_where_there_is_one() {
        let moments: Moments = [97.0, 98.0].into_iter().collect();
        assert_eq!(mean_and_spread(&moments, 2), "97.50 ± 0.71");
        assert_eq!(mean_and_spread(&Moments::default(), 2), "–");
        assert_eq!(short(&[0.012_34].into_iter().collect()), "0.0123");
    }
}
