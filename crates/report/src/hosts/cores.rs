//! Cores of hosts.

use super::series::Series;
use std::collections::BTreeMap;

/// Something of each core, found without hashing: there are few cores, and many points.
#[derive(Debug)]
pub(super) struct Cores<T> {
    /// By host, then core: place in `all` and one more, or 0.
    places: Vec<Vec<u32>>,
    all: Vec<(u32, u32, T)>,
}

impl<T> Default for Cores<T> {
    fn default() -> Self {
        Self {
            places: Vec::new(),
            all: Vec::new(),
        }
    }
}

impl<T: Default> Cores<T> {
    pub(super) fn of(&mut self, host: u32, cpu: u32) -> &mut T {
        let (h, c) = (host as usize, cpu as usize);
        if self.places.len() <= h {
            self.places.resize_with(h + 1, Vec::new);
        }
        let of_host = &mut self.places[h];
        if of_host.len() <= c {
            of_host.resize(c + 1, 0);
        }
        if of_host[c] == 0 {
            self.all.push((host, cpu, T::default()));
            of_host[c] = u32::try_from(self.all.len()).expect("there are fewer cores");
        }
        &mut self.all[of_host[c] as usize - 1].2
    }
}

impl<T> Cores<T> {
    pub(super) fn map<U>(self, mut change: impl FnMut(T) -> U) -> Cores<U> {
        let all = self.all.into_iter();
        Cores {
            places: self.places,
            all: all
                .map(|(host, cpu, core)| (host, cpu, change(core)))
                .collect(),
        }
    }
}

impl Cores<Series> {
    /// The mean over the cores of each host, by host, at each time at which any was read. Cores are
    /// added up in the order of their names, so that the sum is always the same.
    pub(super) fn means(mut self, name: impl Fn(u32) -> String) -> BTreeMap<u32, Series> {
        self.all
            .sort_by_cached_key(|(host, cpu, _)| (*host, name(*cpu)));
        let mut hosts: BTreeMap<u32, Vec<Series>> = BTreeMap::new();
        for (host, _, core) in self.all {
            if !core.times.is_empty() {
                hosts.entry(host).or_default().push(core);
            }
        }
        let hosts = hosts.into_iter();
        hosts.map(|(host, cores)| (host, mean(cores))).collect()
    }
}

/// Puts cores, which are in the order of their names, into the order in which they are added up where
/// all are read at once. Sums in another order would have other last digits than ever before.
pub(super) fn arrange_all<T>(cores: &mut [T]) {
    if let Some(rest) = cores.get_mut(1..) {
        rest.rotate_right(1.min(rest.len()));
    }
}

/// The same where some are not read at some time.
pub(super) fn arrange_some<T>(cores: &mut [T]) {
    if let [first, .., last] = cores {
        std::mem::swap(first, last);
    }
}

/// The mean of series at each time at which any has a value.
fn mean(mut series: Vec<Series>) -> Series {
    let times = &series[0].times;
    if series.iter().any(|other| other.times != *times) {
        arrange_some(&mut series);
        return mean_of_any(&series);
    }
    // As a rule all cores are read at once.
    let count = series.len() as f64;
    arrange_all(&mut series);
    let first = series.remove(0);
    let mut sums = first.values;
    for other in series {
        for (sum, value) in sums.iter_mut().zip(other.values) {
            *sum += value;
        }
    }
    for sum in &mut sums {
        *sum /= count;
    }
    Series {
        times: first.times,
        values: sums,
    }
}

fn mean_of_any(series: &[Series]) -> Series {
    let all = series.iter().flat_map(|s| s.times.iter().zip(&s.values));
    let mut all: Vec<(i64, f64)> = all.map(|(time, value)| (*time, *value)).collect();
    all.sort_by_key(|(time, _)| *time);
    let mut means = Series::default();
    for at_once in all.chunk_by(|a, b| a.0 == b.0) {
        let sum: f64 = at_once.iter().map(|(_, value)| value).sum();
        means.push(at_once[0].0, sum / at_once.len() as f64);
    }
    means
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(cores: &[&[(i64, f64)]], expected: &[(i64, f64)]) {
        let mut all: Cores<Series> = Cores::default();
        for (cpu, readings) in (1..).zip(cores) {
            for (time, value) in *readings {
                all.of(1, cpu).push(*time, *value);
            }
        }
        let mut means = all.means(|cpu| cpu.to_string());
        let means = means.remove(&1).unwrap_or_default();
        let means: Vec<_> = means.times.into_iter().zip(means.values).collect();
        assert_eq!(means, expected);
    }

    #[test]
    fn cores_are_averaged_at_each_time() {
        check(
            &[&[(1, 0.0), (2, 1.0)], &[(1, 0.5), (2, 1.0)]],
            &[(1, 0.25), (2, 1.0)],
        );
        check(&[], &[]);
    }

    #[test]
    fn a_core_that_was_not_read_does_not_count() {
        check(
            &[&[(1, 0.0), (3, 1.0)], &[(1, 0.5), (2, 0.5)]],
            &[(1, 0.25), (2, 0.5), (3, 1.0)],
        );
    }
}
