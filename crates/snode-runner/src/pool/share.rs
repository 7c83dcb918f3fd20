//! How cells share the cores.

/// How cells share the cores.
#[derive(Clone, Copy, Debug)]
pub struct Share {
    cores: usize,
    jobs: Option<usize>,
    threads: Option<usize>,
}

impl Share {
    /// Of so many cores; with a number of jobs and of threads each if they are asked for.
    pub fn new(cores: usize, jobs: Option<usize>, threads: Option<usize>) -> Self {
        Self { cores: cores.max(1), jobs, threads }
    }

    /// How many threads the next cell gets, if it may begin now: beside cells with `used` threads,
    /// as the first of `waiting`.
    ///
    /// Products of jobs and threads beyond the cores are for who asks for both. Without a wish
    /// every cell has one thread as long as there are cells for all cores, since one thread is the
    /// most efficient; the last ones share what is free.
    pub fn threads(&self, used: &[usize], waiting: usize) -> Option<usize> {
        if waiting == 0 {
            return None;
        }
        let (jobs, threads) = match (self.jobs, self.threads) {
            (Some(jobs), Some(threads)) => (jobs, threads),
            (Some(jobs), None) => (jobs, (self.cores / jobs).max(1)),
            (None, Some(threads)) => ((self.cores / threads).max(1), threads),
            (None, None) => {
                let free = self.cores.saturating_sub(used.iter().sum());
                return (free > 0).then(|| (free / waiting).max(1));
            }
        };
        (used.len() < jobs).then_some(threads)
    }

    /// How many cells of `cells` are trained at the same time.
    pub fn jobs(&self, cells: usize) -> usize {
        let mut used = Vec::new();
        while let Some(threads) = self.threads(&used, cells - used.len().min(cells)) {
            used.push(threads);
        }
        used.len().max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cores_are_shared_and_not_exceeded() {
        let free = Share::new(4, None, None);
        assert_eq!(free.threads(&[], 9), Some(1));
        assert_eq!(free.threads(&[1, 1, 1, 1], 5), None);
        assert_eq!((free.threads(&[], 2), free.threads(&[2], 1)), (Some(2), Some(2)));
        assert_eq!((free.threads(&[], 3), free.threads(&[1, 1], 1)), (Some(1), Some(2)));
        assert_eq!((free.jobs(9), free.jobs(1), free.threads(&[], 0)), (4, 1, None));
        let jobs = Share::new(4, Some(2), None);
        assert_eq!((jobs.threads(&[], 9), jobs.threads(&[2, 2], 9)), (Some(2), None));
        let threads = Share::new(4, None, Some(3));
        assert_eq!((threads.threads(&[], 9), threads.threads(&[3], 9)), (Some(3), None));
        let both = Share::new(4, Some(4), Some(2));
        assert_eq!((both.threads(&[2, 2, 2], 9), both.jobs(9)), (Some(2), 4));
    }
}
