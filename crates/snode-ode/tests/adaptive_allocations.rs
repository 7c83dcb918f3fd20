//! An adaptive solve allocates a handful of small things when it begins, and nothing for any of its
//! steps or right-hand sides: state-sized memory comes from the scheme's pool.

#![cfg(feature = "adaptive")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use faer::Mat;
use snode_ode::{
    Activation, Adaptive, AdaptiveOptions, Endpoint, Grid, Initialisation, Method, Network,
    Parameters, Perturbation, Problem, Scheme, initialise,
};

struct Counting;

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);
static BYTES: AtomicUsize = AtomicUsize::new(0);

fn count(bytes: usize) {
    ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
    BYTES.fetch_add(bytes, Ordering::Relaxed);
}

// SAFETY: forwards to the system allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Allocations and bytes of `work`.
fn allocated(work: impl FnOnce()) -> (usize, usize) {
    let before = (ALLOCATIONS.load(Ordering::Relaxed), BYTES.load(Ordering::Relaxed));
    work();
    (ALLOCATIONS.load(Ordering::Relaxed) - before.0, BYTES.load(Ordering::Relaxed) - before.1)
}

#[test]
fn steps_and_right_hand_sides_allocate_nothing() {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
    pool.install(count_solves);
}

fn count_solves() {
    let (width, batch) = (60, 100);
    let grid = Grid::new(3.0, 30, Endpoint::Included).unwrap();
    let network = Network::<f64>::initial(width, grid, Activation::Tanh, Initialisation::Spline, 1);
    let x0 = Mat::from_fn(width, batch, |i, j| (i as f64 - j as f64).sin());
    let direction = initialise::<f64>(Initialisation::Spline, width, &grid, 2);
    let mut gradient = Parameters::zeros(width, grid.nodes());
    let state = width * batch * size_of::<f64>();
    for method in [Method::Tsit5, Method::Dopri5, Method::Bs3] {
        let mut found = Vec::new();
        for tolerance in [1e-2, 1e-7] {
            let options = AdaptiveOptions { method, ..AdaptiveOptions::default() };
            let mut scheme = Adaptive::new(options.tolerance(tolerance)).unwrap();
            let mut all = |scheme: &mut Adaptive<f64>| {
                let mut trajectory = scheme.direct(&network, x0.as_ref()).unwrap();
                trajectory.adjoint(x0.as_ref(), Some(&mut gradient)).unwrap();
                let along = Perturbation { parameters: Some(&direction), input: None };
                trajectory.sensitivity(along).unwrap();
                trajectory.statistics(Problem::Direct).right_hand_sides
            };
            all(&mut scheme);
            let mut right_hand_sides = 0;
            let (allocations, bytes) = allocated(|| right_hand_sides = all(&mut scheme));
            assert!(bytes < state, "{method}: {bytes} bytes, a state has {state}");
            found.push((allocations, right_hand_sides));
        }
        let [(few, short), (many, long)] = found[..] else { unreachable!() };
        assert!(long > 2 * short, "{method}: {short} and {long} right-hand sides");
        assert_eq!(few, many, "{method}: allocations of {short} and {long} right-hand sides");
    }
}
