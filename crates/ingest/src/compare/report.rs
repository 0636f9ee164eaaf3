//! What a comparison says.

use serde::Serialize;

use crate::account::RejectGroup;

/// Two sides compared. Serialised, it is the JSON answer of the command.
///
/// Items of the left side = matched + missing; of the right side = matched + duplicated + unexpected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Comparison {
    /// What was sent.
    pub left: SideSummary,
    /// What arrived.
    pub right: SideSummary,
    /// Items of the left side that are on the right one, each with one of its own.
    pub matched: u64,
    /// Items of the left side that are not on the right one.
    pub missing: u64,
    /// Items of the right side beyond as many equal ones as the left side has.
    pub duplicated: u64,
    /// Items of the right side that have no equal one on the left.
    pub unexpected: u64,
    /// How much later the times of the right side are, in nanoseconds, if they may be shifted and
    /// items that are on both sides tell.
    pub offset_nanos: Option<i128>,
    /// The same by signal and service, sorted.
    pub groups: Vec<GroupComparison>,
    /// The first differences of each kind, in the order of files, frames and items.
    pub differences: Vec<Difference>,
    /// Differences that are not listed.
    pub differences_left_off: u64,
}

impl Comparison {
    /// Whether both sides hold the same items, and everything could be read.
    pub fn is_clean(&self) -> bool {
        let is_equal = self.missing == 0 && self.duplicated == 0 && self.unexpected == 0;
        is_equal && self.left.is_clean() && self.right.is_clean()
    }

    /// Whether the numbers agree. Always true for a comparison that is returned.
    pub fn balances(&self) -> bool {
        let groups = self.groups.iter();
        let sum = |of: fn(&GroupComparison) -> u64| groups.clone().map(of).sum::<u64>();
        let differences = self.missing + self.duplicated + self.unexpected;
        self.left.items == self.matched + self.missing
            && self.right.items == self.matched + self.duplicated + self.unexpected
            && sum(|g| g.matched) == self.matched
            && sum(|g| g.missing) == self.missing
            && sum(|g| g.duplicated) == self.duplicated
            && sum(|g| g.unexpected) == self.unexpected
            && self.differences.len() as u64 + self.differences_left_off == differences
    }
}

/// One side.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SideSummary {
    /// Capture files read.
    pub files: u64,
    /// Lakes read.
    pub lakes: u64,
    /// Frames of captures.
    pub frames: u64,
    /// Items that were compared.
    pub items: u64,
    /// Frames that could not be read.
    pub frames_rejected: u64,
    /// Items that could not be read.
    pub items_rejected: u64,
    /// Rows of events, links and exemplars of lakes that belong to no item.
    pub orphan_rows: u64,
    /// Rejects by code.
    pub rejects: Vec<RejectGroup>,
}

impl SideSummary {
    fn is_clean(&self) -> bool {
        self.frames_rejected == 0 && self.items_rejected == 0 && self.orphan_rows == 0
    }
}

/// Items of one signal and service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct GroupComparison {
    /// The signal.
    pub signal: &'static str,
    /// The service; empty if it has no name, null for all beyond the first hundred thousand.
    pub service: Option<String>,
    /// As of the comparison.
    pub matched: u64,
    /// As of the comparison.
    pub missing: u64,
    /// As of the comparison.
    pub duplicated: u64,
    /// As of the comparison.
    pub unexpected: u64,
}

/// What is different about an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DifferenceKind {
    /// It is only on the left side.
    Missing,
    /// It is on the right side more often.
    Duplicated,
    /// It is only on the right side.
    Unexpected,
}

impl DifferenceKind {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::Missing, Self::Duplicated, Self::Unexpected];

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Duplicated => "duplicated",
            Self::Unexpected => "unexpected",
        }
    }
}

/// An item that is not on both sides alike.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// What is different: missing ones are where they were sent, others where they arrived.
    pub kind: DifferenceKind,
    /// The signal.
    pub signal: &'static str,
    /// The service, as in groups.
    pub service: Option<String>,
    /// The first time that the item tells, in Unix nanoseconds.
    pub time_unix_nano: Option<u64>,
    /// The capture file; of a lake, the file that its row came from.
    pub file: String,
    /// Number of the frame in the file, from 1.
    pub frame: u64,
    /// Number of the item in the frame, from 1: resources, scopes and items in order; null of a lake.
    pub item: Option<u32>,
}
