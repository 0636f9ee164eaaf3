//! From two sides to what is different about them.

use super::error::CompareError;
use super::join::{join, offset};
use super::options::{CompareOptions, Times};
use super::report::{Comparison, Difference, DifferenceKind, GroupComparison};
use super::side::{Services, Side};
use crate::error::ConvertError;
use crate::watch::Watch;
use crate::workers::Workers;

/// Compares what was sent with what arrived, by the identity of items: all that a span, log record
/// or data point means with its resource, scope and metric, whatever its encoding, the order of its
/// attributes and the request that it is in. Equal items count as often as they are there.
///
/// Identities are hashes of 128 bits, fast and not cryptographic. Takes
/// [`CompareOptions::buffer_bytes`] of memory for each side, one after the other, and 44 bytes of a
/// temporary file for each item beyond it.
///
/// # Errors
///
/// If a side cannot be read, or the temporary file fails. What cannot be decoded is part of the answer.
pub fn compare(
    left: &Side,
    right: &Side,
    options: &CompareOptions,
    watch: &dyn Watch,
) -> Result<Comparison, CompareError> {
    let workers = Workers::new(options.threads)?;
    let mut services = Services::default();
    let sent = left.read(options, &workers, &mut services, watch)?;
    let stored: u64 = left
        .sources
        .iter()
        .filter_map(|source| source.len_bytes())
        .sum();
    let behind = Behind {
        watch,
        bytes: stored,
    };
    let arrived = right.read(options, &workers, &mut services, &behind)?;
    if watch.is_stopped() {
        return Err(ConvertError::Interrupted.into());
    }
    let offset_nanos = match options.times {
        Times::Shifted => offset(&sent.sorted, &arrived.sorted).map_err(CompareError::Spool)?,
        Times::Same | Times::Ignored => None,
    };
    let mut joined = join(
        &sent.sorted,
        &arrived.sorted,
        options.times,
        offset_nanos.unwrap_or(0),
        options.limit,
    )
    .map_err(CompareError::Spool)?;
    let mut groups: Vec<GroupComparison> = joined
        .counts
        .iter()
        .map(|(class, counts)| {
            let [matched, missing, duplicated, unexpected] = *counts;
            GroupComparison {
                signal: class.signal.as_str(),
                service: services.name(*class).map(str::to_owned),
                matched,
                missing,
                duplicated,
                unexpected,
            }
        })
        .collect();
    groups.sort_by(|a, b| (a.signal, &a.service).cmp(&(b.signal, &b.service)));
    let differences = joined.listed().into_iter().map(|(kind, record)| {
        let side = match kind {
            DifferenceKind::Missing => &sent,
            DifferenceKind::Duplicated | DifferenceKind::Unexpected => &arrived,
        };
        let file = side.files.get(record.file as usize);
        Difference {
            kind,
            signal: record.class().signal.as_str(),
            service: services.name(record.class()).map(str::to_owned),
            time_unix_nano: (record.time > 0).then_some(record.time),
            file: file.map(ToString::to_string).unwrap_or_default(),
            frame: record.frame,
            item: (record.item > 0).then_some(record.item),
        }
    });
    let differences: Vec<Difference> = differences.collect();
    let sum = |of: fn(&GroupComparison) -> u64| groups.iter().map(of).sum();
    let comparison = Comparison {
        matched: sum(|group| group.matched),
        missing: sum(|group| group.missing),
        duplicated: sum(|group| group.duplicated),
        unexpected: sum(|group| group.unexpected),
        left: sent.summary,
        right: arrived.summary,
        offset_nanos,
        groups,
        differences,
        differences_left_off: joined.left_off,
    };
    debug_assert!(comparison.balances(), "{comparison:?}");
    watch.finished();
    Ok(comparison)
}

/// Tells of bytes as of those behind others.
struct Behind<'a> {
    watch: &'a dyn Watch,
    bytes: u64,
}

impl Watch for Behind<'_> {
    fn source_started(&self, name: &str) {
        self.watch.source_started(name);
    }

    fn bytes_read(&self, total: u64) {
        self.watch.bytes_read(self.bytes + total);
    }

    fn is_stopped(&self) -> bool {
        self.watch.is_stopped()
    }
}
