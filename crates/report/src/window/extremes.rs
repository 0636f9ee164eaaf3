//! Least and greatest of any range of values.

/// Values of a block, which are looked at one by one. Only the extremes of whole blocks are in the
/// table: it takes a fraction of the memory that a table of all values would.
const BLOCK: usize = 32;

/// A sparse table over blocks of values: entry `i` of level `k` has the extremes of blocks
/// `i..i + 2^k`.
#[derive(Debug)]
pub(super) struct Extremes(Vec<Vec<(f64, f64)>>);

impl Extremes {
    pub(super) fn new(values: &[f64]) -> Self {
        let blocks: Vec<_> = values.chunks_exact(BLOCK).map(of_all).collect();
        let mut levels = vec![blocks];
        loop {
            let below = levels.last().expect("there is a first level");
            let step = 1 << (levels.len() - 1);
            if below.len() <= step {
                return Self(levels);
            }
            let pairs = below.iter().zip(&below[step..]);
            levels.push(pairs.map(|(a, b)| join(*a, *b)).collect());
        }
    }

    /// Least and greatest of `values[first..after]`, which is not empty; `values` are those that
    /// the table was made of.
    pub(super) fn of(&self, values: &[f64], first: usize, after: usize) -> (f64, f64) {
        let (begin, end) = (first.div_ceil(BLOCK), after / BLOCK);
        if begin >= end {
            return of_all(&values[first..after]);
        }
        let edges = join(
            of_all(&values[first..begin * BLOCK]),
            of_all(&values[end * BLOCK..after]),
        );
        let level = (end - begin).ilog2() as usize;
        let whole = &self.0[level];
        join(edges, join(whole[begin], whole[end - (1 << level)]))
    }
}

fn of_all(values: &[f64]) -> (f64, f64) {
    let none = (f64::INFINITY, f64::NEG_INFINITY);
    values.iter().fold(none, |all, x| join(all, (*x, *x)))
}

fn join(a: (f64, f64), b: (f64, f64)) -> (f64, f64) {
    (a.0.min(b.0), a.1.max(b.1))
}
