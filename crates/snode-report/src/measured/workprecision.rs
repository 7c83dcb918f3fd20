//! Work against precision: the table, and figures of error against time and right-hand sides.

use serde_json::{Value, json};
use snode_experiment::format::{count, fixed};
use snode_figures::{Axis, Line, Panel, png, svg};
use snode_runner::workprecision::{QUANTITIES, WorkPoint, WorkPrecision, orders};

use crate::csv_table::Csv;
use crate::error::Result;

/// The files of [`work_files`].
#[derive(Clone, Debug)]
pub struct WorkFiles {
    /// A row for each quantity at each point.
    pub csv: Vec<u8>,
    /// Error against time, and against right-hand sides.
    pub svg: String,
    /// The same as a picture.
    pub png: Vec<u8>,
}

/// How much larger the picture is than the figure.
const MAGNIFICATION: f32 = 2.0;

/// The table and the figure.
///
/// # Errors
/// If the figure cannot be drawn.
pub fn work_files(found: &WorkPrecision) -> Result<WorkFiles> {
    let mut csv = Csv::new([
        "scheme",
        "tolerance",
        "steps",
        "quantity",
        "error",
        "seconds",
        "right_hand_sides",
        "order",
        "images",
    ]);
    let orders = orders(&found.points);
    let shown = |value: Option<f64>| value.map_or_else(String::new, |value| value.to_string());
    for point in &found.points {
        for (quantity, name) in QUANTITIES.into_iter().enumerate() {
            let order = orders.iter().find(|(scheme, _)| *scheme == point.scheme);
            csv.row([
                point.scheme.text().to_owned(),
                shown(point.tolerance),
                point.steps.map_or_else(String::new, |steps| steps.to_string()),
                name.to_owned(),
                point.errors[quantity].to_string(),
                point.seconds[quantity].to_string(),
                point.right_hand_sides[quantity].to_string(),
                shown(order.and_then(|(_, orders)| orders[quantity])),
                found.images.to_string(),
            ]);
        }
    }
    let svg = svg(&panels(found), 2)?;
    let png = png(&svg, MAGNIFICATION)?;
    Ok(WorkFiles { csv: csv.bytes()?, svg, png })
}

/// For each quantity a panel against time and one against right-hand sides.
fn panels(found: &WorkPrecision) -> Vec<Panel> {
    let quantities = 0..QUANTITIES.len();
    let of_quantity = |quantity: usize| {
        let calls = |point: &WorkPoint| point.right_hand_sides[quantity] as f64;
        [
            panel(found, quantity, "seconds", |point| point.seconds[quantity]),
            panel(found, quantity, "right-hand sides", calls),
        ]
    };
    quantities.flat_map(of_quantity).collect()
}

/// The error of a quantity against the work it takes.
fn panel(
    found: &WorkPrecision,
    quantity: usize,
    label: &str,
    work: impl Fn(&WorkPoint) -> f64,
) -> Panel {
    let orders = orders(&found.points);
    let title = format!("{}, {}", QUANTITIES[quantity], count(found.images, "image"));
    let error = Axis::logarithmic("relative error");
    let mut panel = Panel::new(title, Axis::logarithmic(label), error);
    let mut schemes = Vec::new();
    for point in &found.points {
        if !schemes.contains(&point.scheme) {
            schemes.push(point.scheme);
        }
    }
    for scheme in schemes {
        let order = orders.iter().find(|(known, _)| *known == scheme);
        let name = match order.and_then(|(_, orders)| orders[quantity]) {
            Some(order) => format!("{}, order {order:.1}", scheme.text()),
            None => scheme.text().to_owned(),
        };
        let points = found.points.iter().filter(|point| point.scheme == scheme);
        let points = points.map(|point| (work(point), point.errors[quantity]));
        panel.lines.push(Line::new(name, points));
    }
    panel
}

/// The rows of a table for people, the first two with what its columns are.
pub fn work_rows(found: &WorkPrecision) -> Vec<Vec<String>> {
    let mut first = ["scheme", "steps", "tolerance"].map(str::to_owned).to_vec();
    let mut second = vec![String::new(); 3];
    for name in QUANTITIES {
        first.extend([name, "", ""].map(str::to_owned));
        second.extend(["error", "[ms]", "[RHS]"].map(str::to_owned));
    }
    let none = || "–".to_owned();
    let row = |point: &WorkPoint| {
        let mut row = vec![
            point.scheme.text().to_owned(),
            point.steps.map_or_else(none, |steps| steps.to_string()),
            point.tolerance.map_or_else(none, |tolerance| format!("{tolerance:e}")),
        ];
        for quantity in 0..QUANTITIES.len() {
            row.push(format!("{:.1e}", point.errors[quantity]));
            row.push(fixed(1e3 * point.seconds[quantity], 1));
            row.push(point.right_hand_sides[quantity].to_string());
        }
        row
    };
    [first, second].into_iter().chain(found.points.iter().map(row)).collect()
}

/// The same of the observed orders of the fixed-step schemes.
pub fn order_rows(found: &WorkPrecision) -> Vec<Vec<String>> {
    let first = ["order"].into_iter().chain(QUANTITIES).map(str::to_owned).collect();
    let rows = orders(&found.points).into_iter().map(|(scheme, orders)| {
        let shown = |order: Option<f64>| order.map_or_else(|| "–".into(), |p| format!("{p:.2}"));
        [vec![scheme.text().to_owned()], orders.map(shown).to_vec()].concat()
    });
    std::iter::once(first).chain(rows).collect()
}

/// What `snode workprecision --json` prints of a run.
pub fn work_json(run: &str, found: &WorkPrecision) -> Value {
    let by_name = |values: [Value; 3]| {
        let pairs = QUANTITIES.into_iter().map(str::to_owned).zip(values);
        Value::Object(pairs.collect())
    };
    let points: Vec<Value> = found
        .points
        .iter()
        .map(|point| {
            json!({
                "scheme": point.scheme.text(),
                "tolerance": point.tolerance,
                "steps": point.steps,
                "errors": by_name(point.errors.map(Value::from)),
                "seconds": by_name(point.seconds.map(Value::from)),
                "right_hand_sides": by_name(point.right_hand_sides.map(Value::from)),
            })
        })
        .collect();
    let orders: Vec<Value> = orders(&found.points)
        .into_iter()
        .map(|(scheme, orders)| {
            json!({ "scheme": scheme.text(), "orders": by_name(orders.map(Value::from)) })
        })
        .collect();
    json!({
        "run": run,
        "images": found.images,
        "layers": found.layers,
        "points": points,
        "orders": orders,
    })
}
