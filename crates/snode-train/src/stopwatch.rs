use std::time::Instant;

/// A stopwatch of laps, for the [`Phases`](crate::Phases) of an iteration.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Begins the first lap.
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// Seconds since the last lap ended; begins the next one.
    pub fn lap(&mut self) -> f64 {
        let now = Instant::now();
        let seconds = (now - self.0).as_secs_f64();
        self.0 = now;
        seconds
    }
}
