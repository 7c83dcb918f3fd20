//! An iteration allocates nothing: the workspace is made by the first ones.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use faer::Mat;
use snode_ode::{
    Activation, Endpoint, Euler, Grid, Initialisation, Interpolation, Network, Perturbation,
    RungeKutta, Scheme,
};
use snode_train::{
    Averaged, Averaging, Conjugacy, Cost, Discretisation, HuberLoss, LineSearch, Method, Ncg,
    NcgOptions, Objective, Preconditioner, Space, SquaredLoss,
};

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

type Make = fn() -> Box<dyn Scheme<f64>>;

const SCHEMES: [(Make, Endpoint); 3] = [
    (|| Box::new(Euler::new()), Endpoint::Excluded),
    (|| Box::new(RungeKutta::midpoint(Interpolation::Hermite)), Endpoint::Included),
    (|| Box::new(RungeKutta::classical(Interpolation::Hermite)), Endpoint::Included),
];

/// Fails if `work` allocates every time it is done.
fn assert_nothing_allocated(what: &str, mut work: impl FnMut()) {
    // A worker thread of the pool registers itself when it first steals, whenever that happens;
    // what the work itself allocated would be in every round.
    let rounds = (0..5).map(|_| {
        let before = ALLOCATIONS.load(Ordering::Relaxed);
        work();
        ALLOCATIONS.load(Ordering::Relaxed) - before
    });
    assert_eq!(rounds.min(), Some(0), "allocations, {what}");
}

/// One test for all, as the allocations of tests side by side would be counted together.
#[test]
fn iterations_and_solves_allocate_nothing() {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
    pool.install(|| {
        for (scheme, ends) in SCHEMES {
            iterations_allocate_nothing(scheme, ends);
            iterations_of_regressions_allocate_nothing(scheme, ends);
            batches_allocate_nothing(scheme, ends);
            solves_allocate_nothing(scheme, ends);
        }
    });
}

fn network(ends: Endpoint) -> Network<f64> {
    let grid = Grid::new(3.0, 20, ends).unwrap();
    Network::initial(64, grid, Activation::Tanh, Initialisation::Spline, 1)
}

fn batch() -> Mat<f64> {
    Mat::from_fn(64, 100, |i, j| ((i + j * 3) as f64).sin())
}

fn iterations_allocate_nothing(scheme: Make, ends: Endpoint) {
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
        let (mut network, x) = (network(ends), batch());
        let labels: Vec<usize> = (0..100).map(|j| j % 10).collect();
        let cost = Cost { mu4: 1e-3, ..Cost::cross_entropy(10) };
        let mut ncg = Ncg::new(scheme(), cost, options, &network).unwrap();
        let what = format!("iterations of {} in {space:?}", ncg.scheme().name());
        for _ in 0..3 {
            ncg.iterate(&mut network, x.as_ref(), &labels).unwrap();
        }
        assert_nothing_allocated(&what, || {
            for _ in 0..4 {
                ncg.iterate(&mut network, x.as_ref(), &labels).unwrap();
            }
        });
    }
}

fn iterations_of_regressions_allocate_nothing(scheme: Make, ends: Endpoint) {
    let losses: [Objective<f64>; 2] =
        [SquaredLoss { components: 3 }.into(), HuberLoss { components: 3, delta: 0.1 }.into()];
    for objective in losses {
        let (mut network, x) = (network(ends), batch());
        let targets = Mat::from_fn(3, 100, |i, j| ((2 * i + j) as f64).cos());
        let what = format!("iterations for {:?}", objective.loss());
        let mut ncg = Ncg::new(scheme(), objective, NcgOptions::default(), &network).unwrap();
        for _ in 0..3 {
            ncg.iterate(&mut network, x.as_ref(), targets.as_ref()).unwrap();
        }
        assert_nothing_allocated(&what, || {
            for _ in 0..4 {
                ncg.iterate(&mut network, x.as_ref(), targets.as_ref()).unwrap();
            }
        });
    }
}

/// Whole batches, with what goes on through them; the Kronecker factors where they are not updated.
fn batches_allocate_nothing(scheme: Make, ends: Endpoint) {
    for preconditioner in [
        Preconditioner::Diagonal { decay: 0.9, damping: 0.1 },
        Preconditioner::Kronecker { decay: 0.9, damping: 0.1, every: 1000 },
    ] {
        let (mut network, x) = (network(ends), batch());
        let labels: Vec<usize> = (0..100).map(|j| j % 10).collect();
        let options = NcgOptions { preconditioner, ..NcgOptions::default() };
        let ncg = Ncg::new(scheme(), Cost::cross_entropy(10), options, &network).unwrap();
        let averaging = Averaging::Exponential { decay: 0.9 };
        let mut method = Averaged::new(ncg, averaging, &network).unwrap();
        let mut train = || {
            method.iterate(&mut network, x.as_ref(), (&labels).into()).unwrap();
            method.finish_batch(&network);
        };
        for _ in 0..3 {
            train();
        }
        assert_nothing_allocated(&format!("batches with {preconditioner:?}"), train);
    }
}

fn solves_allocate_nothing(scheme: Make, ends: Endpoint) {
    let mut scheme = scheme();
    let (network, x) = (network(ends), batch());
    let direction = network.parameters().clone();
    let mut gradient = network.parameters().clone();
    let mut solve = |x: &Mat<f64>| {
        let mut trajectory = scheme.direct(&network, x.as_ref()).unwrap();
        trajectory.adjoint(x.as_ref(), Some(&mut gradient)).unwrap();
        trajectory.adjoint(x.as_ref(), None).unwrap();
        let along = Perturbation { parameters: Some(&direction), input: Some(x.as_ref()) };
        trajectory.sensitivity(along).unwrap();
    };
    let smaller = Mat::from_fn(64, 30, |i, j| x[(i, j)]);
    for _ in 0..2 {
        solve(&x);
    }
    assert_nothing_allocated("solves", || {
        solve(&smaller);
        solve(&x);
    });
}
