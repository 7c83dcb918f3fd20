//! Somebody else's program: a grid of experiments on images of its own, trained in this process, and a
//! report on them.

use std::path::Path;

use snode_data::idx::write_folder;
use snode_data::{Dataset, Images, Split};
use snode_experiment::ExperimentFile;
use snode_files::{Existing, Outputs};
use snode_report::{Collection, Formats, PAGES, report, write};
use snode_runner::records::SetFit;
use snode_runner::{Grid, GridEvent, GridOptions, InProcess, RunEvent, Selection, Share, run_grid};

/// Images of 4×4 pixels: of class 0 the left half is bright, of class 1 the right half.
fn halves(count: usize) -> Split {
    let pixel = |image: usize, place: usize| {
        let is_bright = (place % 4 < 2) == (image % 2 == 0);
        (if is_bright { 200 } else { 20 }) + ((image * 7 + place * 13) % 40) as u16
    };
    let pixels = (0..count).flat_map(|image| (0..16).map(move |place| pixel(image, place)));
    let images = Images::new(4, 4, 255, pixels.collect()).unwrap();
    Split::new(images, (0..count).map(|image| (image % 2) as u8).collect()).unwrap()
}

const GRID: &str = r#"
[data]
source = "halves"

[network]
horizon = 1.0
layers = 5

[cost]
loss = "cross-entropy"

[training]
batch_size = 20
epochs = 2

[analysis.smoothness]

[grid]
network.activation = ["tanh", "relu"]
training.space = ["l2", "h1"]
"#;

fn grid_in(folder: &Path) -> Grid {
    let dataset = Dataset::new("halves", 2, halves(200), halves(60)).unwrap();
    write_folder(&folder.join("halves"), &dataset).unwrap();
    let path = folder.join("halves.toml");
    std::fs::write(&path, GRID).unwrap();
    let file = ExperimentFile::read_any(&path, &[]).unwrap();
    Grid::of(file, &[], Some(&folder.join("results"))).unwrap()
}

#[test]
fn a_grid_is_trained_in_this_process_and_reported() {
    let folder = tempfile::tempdir().unwrap();
    let grid = grid_in(folder.path());
    assert_eq!(grid.cells.len(), 4);
    let options = GridOptions {
        fresh: false,
        fail_fast: false,
        share: Share::new(2, None, None),
        stop: Default::default(),
    };
    let (mut iterations, mut accuracies) = (0, Vec::new());
    let mut observer = |event: &GridEvent<'_>| {
        match event {
            GridEvent::Run { event: RunEvent::Iteration { .. }, .. } => iterations += 1,
            GridEvent::Run { cell, event: RunEvent::Analysis { name } } => {
                println!("{}: {name}", cell.text());
            }
            GridEvent::Done { end: Some(end), .. } => {
                if let SetFit::Classes { accuracy, .. } = end.history.sets["test"].fit {
                    accuracies.push(accuracy);
                }
            }
            event => println!("{event:?}"),
        }
        Ok(())
    };
    let outcome = run_grid(&grid, &Selection::all(), &options, &InProcess, &mut observer).unwrap();
    assert_eq!((outcome.counts.finished, outcome.failures), (4, Vec::new()));
    // Two epochs of ten batches, six iterations on each, in four cells.
    assert_eq!(iterations, 4 * 2 * 10 * 6);
    assert_eq!(accuracies.len(), 4);
    assert!(accuracies.iter().all(|&accuracy| accuracy > 0.8), "{accuracies:?}");

    // What is done is not done again.
    let mut again = |_: &GridEvent<'_>| Ok(());
    let second = run_grid(&grid, &Selection::all(), &options, &InProcess, &mut again).unwrap();
    assert_eq!((second.counts.before, second.counts.finished), (4, 0));

    let runs = folder.path().join("results");
    let report = report(Collection::read(&runs).unwrap(), false);
    assert_eq!(report.collection.runs().count(), 4);
    let pages = folder.path().join("report");
    write(&report, &pages, &Formats::default(), &Outputs::new(Existing::Keep, [&runs])).unwrap();
    let page = std::fs::read_to_string(pages.join(PAGES[0])).unwrap();
    assert!(page.contains("relu") && page.contains("100.00"), "{page}");
}

/// A cell whose training cannot go on fails alone, and says why.
#[test]
fn a_failure_is_a_result() {
    let folder = tempfile::tempdir().unwrap();
    let grid = grid_in(folder.path());
    // The images change after the grid was read.
    let dataset = Dataset::new("halves", 2, halves(160), halves(60)).unwrap();
    std::fs::remove_dir_all(folder.path().join("halves")).unwrap();
    write_folder(&folder.path().join("halves"), &dataset).unwrap();
    let options = GridOptions {
        fresh: false,
        fail_fast: true,
        share: Share::new(1, None, None),
        stop: Default::default(),
    };
    let mut observer = |_: &GridEvent<'_>| Ok(());
    let outcome = run_grid(&grid, &Selection::all(), &options, &InProcess, &mut observer).unwrap();
    assert_eq!((outcome.counts.finished, outcome.counts.failed), (0, 1));
    assert!(outcome.failures[0].contains("the images have changed"), "{:?}", outcome.failures);
}
