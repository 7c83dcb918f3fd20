//! An iteration allocates nothing: the workspace is made by the first ones.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use faer::Mat;
use snode_ode::{Activation, Ends, Euler, Grid, Initialisation, Network};
use snode_train::{Conjugacy, Cost, Discretisation, LineSearch, Ncg, NcgOptions, Space};

struct Counting;

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);

// SAFETY: forwards to the system allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn iterations_allocate_nothing() {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
    pool.install(|| {
        for space in [
            Space::L2,
            Space::H1 { length: 1.0, discretisation: Discretisation::Tridiagonal },
            Space::H1 { length: 1.0, discretisation: Discretisation::Midpoint },
        ] {
            let options = NcgOptions {
                space,
                conjugacy: Conjugacy::HagerZhang,
                line_search: LineSearch::Backtracking { halvings: 3 },
                ..NcgOptions::default()
            };
            let grid = Grid::new(3.0, 20, Ends::Open).unwrap();
            let mut network =
                Network::<f64>::initial(64, grid, Activation::Tanh, Initialisation::Spline, 1);
            let x = Mat::from_fn(64, 100, |i, j| ((i + j * 3) as f64).sin());
            let labels: Vec<usize> = (0..100).map(|j| j % 10).collect();
            let cost = Cost { mu4: 1e-3, ..Cost::cross_entropy(10) };
            let mut ncg = Ncg::new(Box::new(Euler::new()), cost, options, &network);
            for _ in 0..3 {
                ncg.iterate(&mut network, x.as_ref(), &labels).unwrap();
            }
            // A worker thread of the pool registers itself when it first steals, whenever that
            // happens; what an iteration itself allocated would be in every round.
            let rounds = (0..5).map(|_| {
                let before = ALLOCATIONS.load(Ordering::Relaxed);
                for _ in 0..4 {
                    ncg.iterate(&mut network, x.as_ref(), &labels).unwrap();
                }
                ALLOCATIONS.load(Ordering::Relaxed) - before
            });
            assert_eq!(rounds.min(), Some(0), "allocations in four iterations, {space:?}");
        }
    });
}
