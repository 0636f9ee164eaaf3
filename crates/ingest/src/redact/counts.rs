//! How many values were redacted, by class and key.

use serde::Serialize;

/// Values that were redacted for one class or key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct RedactedCount {
    /// Whether `what` is a class or a key.
    pub kind: RedactedKind,
    /// The class, or the key as it was asked for.
    pub what: String,
    /// Values of converted frames: attributes, bodies, and e-mail addresses inside of texts. What
    /// several items share counts as often as it was sent.
    pub values: u64,
    /// What became of them.
    pub how: Redacted,
}

/// What [`RedactedCount::what`] names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RedactedKind {
    /// A class of values.
    Class,
    /// Attribute keys.
    Key,
}

/// What became of redacted values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Redacted {
    /// They are gone; of an e-mail address `[redacted]` is left.
    Removed,
    /// A keyed hash stands for each.
    Hashed,
}

/// Values by number of their label. Taken back with an abandoned frame.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    committed: Vec<u64>,
    running: Vec<u64>,
}

impl Tally {
    pub fn new(labels: usize) -> Self {
        Self {
            committed: vec![0; labels],
            running: vec![0; labels],
        }
    }

    pub fn count(&mut self, label: usize) {
        self.running[label] += 1;
    }

    pub fn commit(&mut self) {
        for (committed, running) in self.committed.iter_mut().zip(&mut self.running) {
            *committed += std::mem::take(running);
        }
    }

    pub fn abandon(&mut self) {
        self.running.fill(0);
    }

    /// Adds what another one has committed.
    pub fn add(&mut self, other: &Self) {
        self.committed
            .resize(self.committed.len().max(other.committed.len()), 0);
        for (ours, theirs) in self.committed.iter_mut().zip(&other.committed) {
            *ours += theirs;
        }
    }

    /// The committed values of a label.
    pub fn values(&self, label: usize) -> u64 {
        self.committed.get(label).copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn abandoned_values_do_not_count() {
        let mut tally = Tally::new(2);
        tally.count(0);
        tally.commit();
        tally.count(0);
        tally.count(1);
        tally.abandon();
        tally.count(1);
        tally.commit();
        let mut total = Tally::default();
        assert_eq!(total.values(1), 0);
        total.add(&tally);
        total.add(&tally);
        assert_eq!([total.values(0), total.values(1)], [2, 2]);
    }
}
