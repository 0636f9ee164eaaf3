//! Notes: what a reader of a report has to know besides its rows.

use crate::query::Selection;
use std::collections::BTreeMap;

/// The kinds of notes. Each has one stable word and one text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NoteCode {
    /// A source that the rows rest on; the text names agent, quantity and source.
    Source,
    /// A model without a reported cost; the text names agent and model.
    UnpricedModel,
    /// Usage without an estimated cost; the text names agent and model and says why.
    NotEstimated,
    /// Days on which one of the sources of cost is missing; the text names agent and source.
    CostGap,
    /// Items that repeat another item's identity.
    DuplicatesRemoved,
    /// Items that repeat another item's identity and were counted on request.
    DuplicatesKept,
    /// Requests whose parts exceed their whole, such as more cached than input tokens.
    NegativeClass,
    /// Numbers that cannot be an amount: negative, not finite or not a number.
    BadNumber,
    /// First points of cumulative series that began before the capture.
    UnknownStart,
    /// First points of cumulative series that began up to a minute before the first item.
    EarlyStart,
    /// Deltas below 0 of sums that claim never to fall.
    NegativeDelta,
    /// Values of cumulative series that fell without a new start time.
    CounterReset,
    /// Points of sums without a temporality.
    UnspecifiedTemporality,
    /// Items without a session that a better source covers.
    CoveredByBetterSource,
    /// Cells of a column that are null because no source tells them; the text names the column.
    NotTold,
    /// Calls that are only counted, one by one known to nobody; the text names agent and source.
    OnlyCounted,
    /// Calls of a tool whose length nobody tells.
    UnknownDuration,
    /// Items that name no session.
    NoSession,
    /// Rows that are part of other rows.
    PartOfOutput,
    /// Columns of one name and different types across databases, read as text.
    MixedColumn,
    /// The present that a query asked for was taken from the data; the text names it.
    Present,
    /// Readings of a core that was in no state at all.
    EmptyReading,
    /// Readings of a core without the idle state.
    NoIdleState,
    /// Spans of which nobody can tell on which of several hosts they ran.
    AmbiguousHost,
    /// Spans of a host that sends no metrics.
    UnknownHost,
    /// Spans without an end, or with one before the start.
    NoEnd,
    /// Spans for whose time there are no samples.
    NoSamples,
    /// Spans without a sample within, that have the last one before them.
    CarriedIn,
    /// Points whose declared unit is not that of their values.
    WrongUnit,
    /// Containers that belong to no agent.
    UnmatchedContainer,
    /// Agents without a container.
    UnmatchedAgent,
}

impl NoteCode {
    /// The stable word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::UnpricedModel => "unpriced_model",
            Self::NotEstimated => "not_estimated",
            Self::CostGap => "cost_gap",
            Self::DuplicatesRemoved => "duplicates_removed",
            Self::DuplicatesKept => "duplicates_kept",
            Self::NegativeClass => "negative_class",
            Self::BadNumber => "bad_number",
            Self::UnknownStart => "unknown_start",
            Self::EarlyStart => "early_start",
            Self::NegativeDelta => "negative_delta",
            Self::CounterReset => "counter_reset",
            Self::UnspecifiedTemporality => "unspecified_temporality",
            Self::CoveredByBetterSource => "covered_by_better_source",
            Self::NotTold => "not_told",
            Self::OnlyCounted => "only_counted",
            Self::UnknownDuration => "unknown_duration",
            Self::NoSession => "no_session",
            Self::PartOfOutput => "part_of_output",
            Self::MixedColumn => "mixed_column",
            Self::Present => "present",
            Self::EmptyReading => "empty_reading",
            Self::NoIdleState => "no_idle_state",
            Self::AmbiguousHost => "ambiguous_host",
            Self::UnknownHost => "unknown_host",
            Self::NoEnd => "no_end",
            Self::NoSamples => "no_samples",
            Self::CarriedIn => "carried_in",
            Self::WrongUnit => "wrong_unit",
            Self::UnmatchedContainer => "unmatched_container",
            Self::UnmatchedAgent => "unmatched_agent",
        }
    }

    pub(crate) const fn text(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::UnpricedModel => "no cost is reported for this model",
            Self::NotEstimated => "not estimated",
            Self::CostGap => "missing on a day, or on a part of it",
            Self::DuplicatesRemoved => {
                "items with the identity of another item were removed (retries or double export)"
            }
            Self::DuplicatesKept => "items have the identity of another item and were counted",
            Self::NegativeClass => {
                "requests report a part larger than its whole; the rest counts as 0"
            }
            Self::BadNumber => "numbers that cannot be an amount were left out",
            Self::UnknownStart => {
                "first points of cumulative series started before the capture, or nobody knows when, \
                 and are in no total"
            }
            Self::EarlyStart => {
                "first points of cumulative series started less than a minute (one export) before \
                 the first item and were counted in full"
            }
            Self::NegativeDelta => {
                "deltas below 0 of sums that claim never to fall were counted as sent"
            }
            Self::CounterReset => {
                "cumulative values fell without a new start time and were taken as restarts"
            }
            Self::UnspecifiedTemporality => "points without a known temporality were left out",
            Self::CoveredByBetterSource => {
                "items that name no session were left out where a better source covers their time"
            }
            Self::NotTold => "no source tells it, so it is null",
            Self::OnlyCounted => "only counts are known of these calls, so they have no rows",
            Self::UnknownDuration => {
                "calls of unknown length, which are in no mean and no percentile"
            }
            Self::NoSession => "items that name no session are in no row",
            Self::PartOfOutput => "tokens of type reasoning are part of those of type output",
            Self::MixedColumn => "column has different types across databases and is read as text",
            Self::Present => "is now() here, the time of the newest item; --now names another",
            Self::EmptyReading => {
                "readings of cores that were in no state at all were left out: some emitters send \
                 such before they have measured anything"
            }
            Self::NoIdleState => {
                "readings of cores do not tell how long they were idle and were left out"
            }
            Self::AmbiguousHost => {
                "spans name no host, and there are several: nobody can tell where they ran"
            }
            Self::UnknownHost => "spans ran on hosts that send no metrics",
            Self::NoEnd => "spans have no end, or one before their start",
            Self::NoSamples => "spans have no sample within and none soon enough before",
            Self::UnmatchedContainer => {
                "container belongs to no agent by label or name and was left out"
            }
            Self::UnmatchedAgent => "agent has no container by label or name and was left out",
            Self::WrongUnit => {
                "points declare a unit that is not the one of their values, which is known"
            }
            Self::CarriedIn => {
                "spans have no sample within: the last one before their start was taken"
            }
        }
    }
}

/// A note of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Its kind.
    pub code: NoteCode,
    /// For people.
    pub text: String,
    /// How many items it is about.
    pub count: u64,
}

/// What a note is about: its kind and subject, which may be empty.
pub(crate) type About = (NoteCode, String);

/// Notes being collected, one per kind and subject.
#[derive(Clone, Debug, Default)]
pub(crate) struct Notes {
    counts: BTreeMap<About, u64>,
    times: Option<Times>,
}

/// When what notes are about happened, in nanoseconds.
pub(crate) type Times = BTreeMap<About, Vec<i64>>;

impl Notes {
    /// Notes that can be asked about any selected time later: what depends on one is not counted.
    pub(crate) fn timed() -> Self {
        Self {
            times: Some(Times::new()),
            ..Self::default()
        }
    }

    /// None, collected as these are.
    pub(crate) fn like(&self) -> Self {
        Self {
            times: self.times.as_ref().map(|_| Times::new()),
            ..Self::default()
        }
    }

    /// The counts that depend on no selected time, and the times of those that do, in their order.
    pub(crate) fn into_timed(self) -> (BTreeMap<About, u64>, Times) {
        let mut times = self.times.unwrap_or_default();
        times.values_mut().for_each(|times| times.sort_unstable());
        (self.counts, times)
    }

    /// Counts those items towards a note that happened in the selected time.
    pub(crate) fn add_at(
        &mut self,
        (code, subject): (NoteCode, &str),
        selection: &Selection,
        times: &[i64],
    ) {
        if let Some(all) = &mut self.times {
            if !times.is_empty() {
                let all = all.entry((code, subject.to_owned())).or_default();
                all.extend(times);
            }
            return;
        }
        let selected = times.iter().filter(|time| selection.holds_time(**time));
        self.add_about(code, subject, selected.count() as u64);
    }

    /// Counts items towards a note. Nothing happens for 0.
    pub(crate) fn add(&mut self, code: NoteCode, count: u64) {
        self.add_about(code, "", count);
    }

    /// Counts items towards a note about a subject, which is put before the text.
    pub(crate) fn add_about(&mut self, code: NoteCode, subject: &str, count: u64) {
        if count == 0 {
            return;
        }
        *self.counts.entry((code, subject.to_owned())).or_default() += count;
    }

    /// Adds the counts of others.
    pub(crate) fn append(&mut self, others: Self) {
        for (about, count) in others.counts {
            *self.counts.entry(about).or_default() += count;
        }
        let Some(others) = others.times else { return };
        let all = self
            .times
            .as_mut()
            .expect("timed notes are added to timed ones");
        for (about, times) in others {
            all.entry(about).or_default().extend(times);
        }
    }

    /// The notes in a fixed order: by kind, then subject.
    pub(crate) fn into_vec(self) -> Vec<Note> {
        let note = |((code, subject), count): ((NoteCode, String), u64)| Note {
            code,
            text: match (code, subject.as_str()) {
                (_, "") => code.text().to_owned(),
                (NoteCode::Source | NoteCode::NotEstimated, subject) => subject.to_owned(),
                (_, subject) => format!("{subject}: {}", code.text()),
            },
            count,
        };
        self.counts.into_iter().map(note).collect()
    }
}
