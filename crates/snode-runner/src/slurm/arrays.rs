//! Arrays of jobs within the limits of Slurm.

/// An array of jobs: indices from 1 to `tasks`, which stand for the tasks of a submission behind the
/// first `offset`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Array {
    /// Tasks of the submission before this array.
    pub offset: usize,
    /// How many tasks the array has.
    pub tasks: usize,
    /// How many of them run at the same time, if that is limited.
    pub parallel: Option<usize>,
    /// The array of the submission, from 0, that has to end before.
    pub after: Option<usize>,
}

/// Divides tasks into arrays, no index of which reaches `max_array_size`, as Slurm wants it; at most
/// `parallel` tasks run at the same time.
///
/// Arrays that run side by side share `parallel` evenly. If there are more arrays than that, as many
/// chains are made, each of one task at a time.
pub fn arrays(tasks: usize, max_array_size: usize, parallel: Option<usize>) -> Vec<Array> {
    let largest = max_array_size.saturating_sub(1).max(1);
    let count = tasks.div_ceil(largest);
    let chains = parallel.map_or(count, |parallel| parallel.clamp(1, count.max(1)));
    let share = |index: usize, parallel: usize| {
        let until = |chain: usize| parallel * chain / chains;
        let chain = index % chains;
        (until(chain + 1) - until(chain)).max(1)
    };
    let array = |index: usize| {
        let offset = index * largest;
        Array {
            offset,
            tasks: largest.min(tasks - offset),
            parallel: parallel.map(|parallel| share(index, parallel)),
            after: index.checked_sub(chains),
        }
    };
    (0..count).map(array).collect()
}

/// Numbers as Slurm writes those of an array: `1-3,7`. They are in order.
pub fn ranges(numbers: &[usize]) -> String {
    let mut parts: Vec<(usize, usize)> = Vec::new();
    for &number in numbers {
        match parts.last_mut() {
            Some((_, last)) if number == *last + 1 => *last = number,
            _ => parts.push((number, number)),
        }
    }
    let part = |(first, last): &(usize, usize)| {
        if first == last { first.to_string() } else { format!("{first}-{last}") }
    };
    parts.iter().map(part).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_index_reaches_the_limit_and_no_task_is_left_out() {
        let twelve: Vec<_> = arrays(12, 6, None).iter().map(|a| (a.offset, a.tasks)).collect();
        assert_eq!(twelve, [(0, 5), (5, 5), (10, 2)]);
        for (tasks, limit) in [(0, 6), (1, 6), (5, 6), (6, 6), (1000, 1001), (1001, 1001), (7, 1)] {
            let arrays = arrays(tasks, limit, Some(3));
            let mut next = 0;
            for array in &arrays {
                assert_eq!(array.offset, next);
                assert!(array.tasks >= 1 && array.tasks < limit.max(2), "{array:?}");
                next += array.tasks;
            }
            assert_eq!(next, tasks);
        }
    }

    #[test]
    fn arrays_share_what_may_run_at_the_same_time() {
        let of = |parallel| {
            let arrays = arrays(15, 6, Some(parallel));
            let each: Vec<_> = arrays.iter().map(|array| array.parallel.unwrap()).collect();
            let after: Vec<_> = arrays.iter().map(|array| array.after).collect();
            (each, after)
        };
        assert_eq!(of(7), (vec![2, 2, 3], vec![None; 3]));
        assert_eq!(of(3), (vec![1; 3], vec![None; 3]));
        assert_eq!(of(2), (vec![1; 3], vec![None, None, Some(0)]));
        assert_eq!(of(1), (vec![1; 3], vec![None, Some(0), Some(1)]));
    }

    #[test]
    fn neighbours_are_written_as_ranges() {
        assert_eq!(ranges(&[1, 2, 3, 7, 9, 10]), "1-3,7,9-10");
        assert_eq!((ranges(&[4]), ranges(&[])), ("4".into(), String::new()));
    }
}
