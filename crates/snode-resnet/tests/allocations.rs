//! A step allocates nothing: the workspace is made by the first ones.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use faer::Mat;
use snode_ode::{Activation, Endpoint, Grid, Initialisation, Network};
use snode_resnet::{Adam, Momentum, Optimiser, Plain, RmsProp, Schedule, Sgd, SgdOptions};
use snode_train::Cost;

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
fn steps_allocate_nothing() {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
    pool.install(|| {
        for optimiser in [
            Optimiser::Plain(Plain),
            Optimiser::Momentum(Momentum::default()),
            Optimiser::RmsProp(RmsProp { momentum: 0.5, centred: true, ..RmsProp::default() }),
            Optimiser::Adam(Adam::default()),
        ] {
            let schedule = Schedule::Cosine { batches: 50, factor: 0.1 };
            let options =
                SgdOptions { optimiser, schedule, weight_decay: 1e-3, ..SgdOptions::default() };
            let grid = Grid::new(3.0, 20, Endpoint::Excluded).unwrap();
            let mut network =
                Network::<f64>::initial(64, grid, Activation::Tanh, Initialisation::Spline, 1);
            let x = Mat::from_fn(64, 100, |i, j| ((i + j * 3) as f64).sin());
            let labels: Vec<usize> = (0..100).map(|j| j % 10).collect();
            let cost = Cost { mu4: 1e-3, ..Cost::cross_entropy(10) };
            let mut sgd = Sgd::new(cost, options, &network).unwrap();
            for _ in 0..3 {
                sgd.step(&mut network, x.as_ref(), &labels).unwrap();
            }
            // A worker thread of the pool registers itself when it first steals, whenever that
            // happens; what a step itself allocated would be in every round.
            let rounds = (0..5).map(|_| {
                let before = ALLOCATIONS.load(Ordering::Relaxed);
                for _ in 0..4 {
                    sgd.step(&mut network, x.as_ref(), &labels).unwrap();
                }
                ALLOCATIONS.load(Ordering::Relaxed) - before
            });
            assert_eq!(rounds.min(), Some(0), "allocations in four steps, {optimiser:?}");
        }
    });
}
