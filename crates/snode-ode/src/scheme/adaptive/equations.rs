//! Right-hand sides as diffsol sees them.

use std::cell::{Cell, RefCell};
use std::marker::PhantomData;
use std::sync::Arc;

use diffsol::{
    ConstantOp, FaerContext, FaerMat, FaerVec, Matrix, NonLinearOp, NonLinearOpJacobian,
    OdeEquations, OdeEquationsRef, Op, ParameterisedOp, UnitCallable, Vector, VectorCommon,
};

use super::batch::{Batch, BatchContext};
use super::columns::Columns;
use super::rhs::RightHandSide;
use super::seen::{Numbers, Seen};
use crate::kernels::How;
use crate::{Real, kernels};

/// A vector of diffsol's that holds a batch of `T`s.
pub(super) trait State<T>: Vector<T = f64> {
    /// One with any numbers in it.
    fn unwritten(len: usize, context: &Self::C) -> Self;

    /// Its numbers, converted into `scratch` if they are of another type.
    fn read<'a>(&'a self, scratch: &'a mut Vec<T>) -> &'a [T];

    /// Sets its `len` numbers to what `write` writes, and says whether they are finite if it has
    /// looked.
    fn write(
        &mut self,
        len: usize,
        scratch: &mut Vec<T>,
        write: impl FnOnce(&mut [T]),
    ) -> Option<bool>;
}

impl<T: Real> State<T> for Batch<T> {
    fn unwritten(len: usize, context: &BatchContext<T>) -> Self {
        Batch::unwritten(len, context)
    }
    fn read<'a>(&'a self, _: &'a mut Vec<T>) -> &'a [T] {
        self.as_slice()
    }
    /// The error norm looks at everything anyway.
    fn write(&mut self, _: usize, _: &mut Vec<T>, write: impl FnOnce(&mut [T])) -> Option<bool> {
        write(self.as_mut_slice());
        None
    }
}

/// Implicit methods compute in double precision whatever the network is in.
impl<T: Real> State<T> for FaerVec<f64> {
    fn unwritten(len: usize, context: &FaerContext) -> Self {
        Self::zeros(len, *context)
    }
    fn read<'a>(&'a self, scratch: &'a mut Vec<T>) -> &'a [T] {
        scratch.clear();
        let columns = self.inner().col_iter();
        scratch.extend(columns.flat_map(|column| column.iter().map(|v| T::from_f64(*v))));
        scratch
    }
    fn write(
        &mut self,
        len: usize,
        scratch: &mut Vec<T>,
        write: impl FnOnce(&mut [T]),
    ) -> Option<bool> {
        scratch.resize(len, T::ZERO);
        write(scratch);
        let mut values = scratch.iter();
        for column in self.inner_mut().col_iter_mut() {
            for (to, from) in column.iter_mut().zip(values.by_ref()) {
                *to = from.to_f64();
            }
        }
        Some(kernels::all_finite(scratch))
    }
}

/// A right-hand side with an initial state, in vectors `V` and matrices `M`.
pub(super) struct Equations<'a, T, M: Matrix, R> {
    rhs: RefCell<&'a mut R>,
    initial: &'a [T],
    states: usize,
    context: M::C,
    scratch: RefCell<[Vec<T>; 2]>,
    calls: Cell<usize>,
    /// What the last numbers looked at were.
    seen: Arc<Seen>,
    matrices: PhantomData<M>,
}

impl<'a, T: Real, R> Equations<'a, T, Columns<T>, R> {
    /// The whole batch as one state: for explicit methods.
    pub(super) fn whole(rhs: &'a mut R, initial: &'a [T], context: BatchContext<T>) -> Self {
        let seen = context.seen();
        Self::new(rhs, initial, initial.len(), context, seen)
    }
}

impl<'a, T: Real, R> Equations<'a, T, FaerMat<f64>, R> {
    /// A state of n numbers for each data point: for implicit methods.
    pub(super) fn by_point(rhs: &'a mut R, initial: &'a [T], n: usize) -> Self {
        let points = (initial.len() / n).max(1);
        Self::new(rhs, initial, n, FaerContext::with_nbatch(points), Arc::default())
    }
}

impl<'a, T: Real, M: Matrix, R> Equations<'a, T, M, R> {
    fn new(
        rhs: &'a mut R,
        initial: &'a [T],
        states: usize,
        context: M::C,
        seen: Arc<Seen>,
    ) -> Self {
        Self {
            rhs: RefCell::new(rhs),
            initial,
            states,
            context,
            scratch: RefCell::default(),
            calls: Cell::new(0),
            seen,
            matrices: PhantomData,
        }
    }

    pub(super) fn context(&self) -> &M::C {
        &self.context
    }

    /// What the last error or right-hand side was.
    pub(super) fn seen(&self) -> &Seen {
        &self.seen
    }

    /// How many right-hand sides have been computed.
    pub(super) fn calls(&self) -> usize {
        self.calls.get()
    }
}

/// The right-hand side of [`Equations`].
pub(super) struct Rhs<'b, 'a, T, M: Matrix, R>(&'b Equations<'a, T, M, R>);
/// The initial state of [`Equations`].
pub(super) struct Initial<'b, 'a, T, M: Matrix, R>(&'b Equations<'a, T, M, R>);

macro_rules! op {
    ($name:ident<$($life:lifetime),*>, $equations:ident => $path:expr) => {
        impl<T: Real, M: Matrix<T = f64>, R> Op for $name<$($life,)* T, M, R>
        where
            M::V: State<T>,
        {
            type T = f64;
            type V = M::V;
            type M = M;
            type C = M::C;
            fn context(&self) -> &M::C {
                let $equations = self;
                &$path.context
            }
            fn nstates(&self) -> usize {
                let $equations = self;
                $path.states
            }
            fn nout(&self) -> usize {
                self.nstates()
            }
            fn nparams(&self) -> usize {
                0
            }
        }
    };
}

op!(Equations<'_>, equations => equations);
op!(Rhs<'_, '_>, rhs => rhs.0);
op!(Initial<'_, '_>, initial => initial.0);

impl<T: Real, M: Matrix<T = f64>, R: RightHandSide<T>> NonLinearOp for Rhs<'_, '_, T, M, R>
where
    M::V: State<T>,
{
    fn call_inplace(&self, x: &M::V, t: f64, y: &mut M::V) {
        let equations = self.0;
        equations.calls.set(equations.calls.get() + 1);
        let mut rhs = equations.rhs.borrow_mut();
        let [from, to] = &mut *equations.scratch.borrow_mut();
        let x = x.read(from);
        let finite = y.write(equations.initial.len(), to, |y| rhs.evaluate(t, x, y));
        if let Some(finite) = finite {
            equations.seen.set(if finite { Numbers::Finite } else { Numbers::NotFinite });
        }
    }

    fn call(&self, x: &M::V, t: f64) -> M::V {
        let mut y = M::V::unwritten(self.0.states, &self.0.context);
        self.call_inplace(x, t, &mut y);
        y
    }
}

impl<T: Real, M: Matrix<T = f64>, R> ConstantOp for Initial<'_, '_, T, M, R>
where
    M::V: State<T>,
{
    fn call_inplace(&self, _: f64, y: &mut M::V) {
        let [scratch, _] = &mut *self.0.scratch.borrow_mut();
        let initial = self.0.initial;
        y.write(initial.len(), scratch, |y| y.copy_from_slice(initial));
    }

    fn call(&self, t: f64) -> M::V {
        let mut y = M::V::unwritten(self.0.states, &self.0.context);
        self.call_inplace(t, &mut y);
        y
    }
}

impl<T: Real, R: RightHandSide<T>> NonLinearOpJacobian for Rhs<'_, '_, T, FaerMat<f64>, R> {
    fn jac_mul_inplace(&self, x: &FaerVec<f64>, t: f64, v: &FaerVec<f64>, y: &mut FaerVec<f64>) {
        let mut rhs = self.0.rhs.borrow_mut();
        let [from, to] = &mut *self.0.scratch.borrow_mut();
        let jacobian = rhs.jacobian(t, x.read(from));
        let slopes = jacobian.slopes;
        let mut copy = Vec::new();
        v.read(&mut copy);
        let scale = |values: &mut [T]| {
            values.iter_mut().zip(slopes).for_each(|(v, s)| *v *= *s);
        };
        let (map, node, how) = (jacobian.map, jacobian.node, How::replace());
        let mut workspace = vec![T::ZERO; map.workspace_len()];
        y.write(slopes.len(), to, |y| {
            if jacobian.transposed {
                scale(&mut copy);
                map.apply_transposed(node, &copy, y, how, &mut workspace);
            } else {
                map.apply(node, &copy, y, how, &mut workspace);
                scale(y);
            }
        });
    }

    fn jacobian_inplace(&self, x: &FaerVec<f64>, t: f64, out: &mut FaerMat<f64>) {
        let mut rhs = self.0.rhs.borrow_mut();
        let [from, _] = &mut *self.0.scratch.borrow_mut();
        let jacobian = rhs.jacobian(t, x.read(from));
        let (n, matrix) = (jacobian.map.width(), jacobian.map.matrix(jacobian.node));
        let out = out.inner_mut();
        for (point, s) in jacobian.slopes.chunks_exact(n).enumerate() {
            for j in 0..n {
                let column = out.as_mut().col_mut(point * n + j);
                for (i, entry) in column.iter_mut().enumerate() {
                    let value = if jacobian.transposed {
                        matrix[(j, i)] * s[j]
                    } else {
                        matrix[(i, j)] * s[i]
                    };
                    *entry = value.to_f64();
                }
            }
        }
    }
}

impl<'b, 'a, T: Real, M: Matrix<T = f64>, R: RightHandSide<T>> OdeEquationsRef<'b>
    for Equations<'a, T, M, R>
where
    M::V: State<T>,
{
    type Rhs = Rhs<'b, 'a, T, M, R>;
    type Init = Initial<'b, 'a, T, M, R>;
    type Mass = ParameterisedOp<'b, UnitCallable<M>>;
    type Root = ParameterisedOp<'b, UnitCallable<M>>;
    type Out = ParameterisedOp<'b, UnitCallable<M>>;
    type Reset = ParameterisedOp<'b, UnitCallable<M>>;
}

impl<'a, T: Real, M: Matrix<T = f64>, R: RightHandSide<T>> OdeEquations for Equations<'a, T, M, R>
where
    M::V: State<T>,
{
    fn rhs(&self) -> Rhs<'_, 'a, T, M, R> {
        Rhs(self)
    }
    fn init(&self) -> Initial<'_, 'a, T, M, R> {
        Initial(self)
    }
    fn mass(&self) -> Option<<Self as OdeEquationsRef<'_>>::Mass> {
        None
    }
    fn set_params(&mut self, _: &M::V) {}
    fn get_params(&self, _: &mut M::V) {}
}
