//! Attacks a model of one's own: softmax regression on MNIST, z = A x + b.
//!
//! `cargo run --release -p snode-attack --example own_model`

use faer::{Mat, MatMut, MatRef};
use snode_attack::{
    Attack, AttackError, AttackOptions, DeepFool, Linearisable, MovingTarget, Norm,
    ProjectedGradient, attack, predict,
};
use snode_data::{Encoding, mnist};

/// z = A x + b.
struct Regression {
    a: Mat<f64>,
    b: Vec<f64>,
}

/// All that an attack asks for. The derivative of an affine map is the same everywhere, so there is
/// nothing to keep of the points where it was linearised.
impl Linearisable<f64> for Regression {
    fn inputs(&self) -> usize {
        self.a.ncols()
    }

    fn classes(&self) -> usize {
        self.a.nrows()
    }

    fn linearise(&mut self, x: MatRef<'_, f64>, mut z: MatMut<'_, f64>) -> Result<(), AttackError> {
        let product = &self.a * x;
        for j in 0..z.ncols() {
            for i in 0..z.nrows() {
                z[(i, j)] = product[(i, j)] + self.b[i];
            }
        }
        Ok(())
    }

    fn jvp(&mut self, v: MatRef<'_, f64>, mut out: MatMut<'_, f64>) -> Result<(), AttackError> {
        out.copy_from(&self.a * v);
        Ok(())
    }

    fn vjp(&mut self, w: MatRef<'_, f64>, mut out: MatMut<'_, f64>) -> Result<(), AttackError> {
        out.copy_from(self.a.transpose() * w);
        Ok(())
    }
}

/// Gradient descent on the cross-entropy.
fn train(model: &mut Regression, x: MatRef<'_, f64>, labels: &[usize]) -> Result<(), AttackError> {
    let (classes, count) = (model.classes(), x.ncols());
    let mut z = Mat::zeros(classes, count);
    for _ in 0..150 {
        model.linearise(x, z.as_mut())?;
        for j in 0..count {
            let total: f64 = (0..classes).map(|i| z[(i, j)].exp()).sum();
            for i in 0..classes {
                let label = f64::from(u8::from(labels[j] == i));
                z[(i, j)] = (z[(i, j)].exp() / total - label) / count as f64;
            }
        }
        model.a -= faer::Scale(0.5) * (&z * x.transpose());
        for i in 0..classes {
            model.b[i] -= 0.5 * (0..count).map(|j| z[(i, j)]).sum::<f64>();
        }
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Images in [−1, 0], one a column.
    let (training, test) = mnist::load()?.into_splits();
    let encoded = |split: &snode_data::Split, count: usize| -> Result<_, snode_data::Error> {
        let indices: Vec<usize> = (0..count).collect();
        let values: Vec<f64> = Encoding::new(0.0, -1.0)?.encode(split.images(), &indices)?;
        let labels: Vec<usize> = split.labels()[..count].iter().map(|&l| usize::from(l)).collect();
        let x = MatRef::from_column_major_slice(&values, split.images().width(), count).to_owned();
        Ok((x, labels))
    };
    let (x, labels) = encoded(&training, 5000)?;
    let mut model = Regression { a: Mat::zeros(10, x.nrows()), b: vec![0.0; 10] };
    train(&mut model, x.as_ref(), &labels)?;

    let (x, labels) = encoded(&test, 500)?;
    let right = predict(&mut model, x.as_ref(), 500)?;
    let right = right.iter().zip(&labels).filter(|(p, l)| p == l).count();
    println!("{right} of {} test images are classified rightly", labels.len());

    let options = AttackOptions { refinements: 20, ..AttackOptions::default() };
    let methods: [&dyn Attack<f64>; 3] =
        [&MovingTarget::default(), &DeepFool::default(), &ProjectedGradient::default()];
    for method in methods {
        let results = attack(&mut model, method, x.as_ref(), &labels, &options)?;
        let summary = results.summary();
        println!(
            "{:<14} fools {:5.1} %, ‖δ‖₂ {:.3} on average; accuracy within ‖δ‖₂ ≤ 0.2: {:.1} %",
            method.name(),
            100.0 * summary.susceptible(),
            summary.mean_norm2,
            100.0 * results.robust_accuracy(Norm::Two, 0.2),
        );
    }
    Ok(())
}
