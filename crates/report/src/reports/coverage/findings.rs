//! From what was seen to what is missing.

use super::scan::{Scan, Seen, Service};
use crate::query::{Selection, Signal};
use std::collections::{BTreeMap, BTreeSet};

const SIGNALS: [Signal; 3] = [Signal::Traces, Signal::Metrics, Signal::Logs];

/// The kinds of findings, in the order of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    MissingSignal,
    OrphanSpans,
    Gap,
    NoTime,
    NoSession,
    SessionInOneSignal,
}

impl Kind {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::MissingSignal => "missing_signal",
            Self::OrphanSpans => "orphan_spans",
            Self::Gap => "gap",
            Self::NoTime => "no_time",
            Self::NoSession => "no_session",
            Self::SessionInOneSignal => "session_in_one_signal",
        }
    }

    /// Whether its times are those of a stretch.
    pub(super) const fn has_length(self) -> bool {
        matches!(self, Self::Gap)
    }
}

/// Something that is missing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Finding {
    pub(super) service: String,
    pub(super) kind: Kind,
    pub(super) signal: Option<Signal>,
    pub(super) times: Option<(i64, i64)>,
    pub(super) session: Option<String>,
    pub(super) agent: Option<String>,
    /// How many items it is about; none where it is about what is not there.
    pub(super) count: Option<u64>,
}

/// All findings by service, kind, signal and time.
pub(super) fn findings(scan: &Scan, selection: &Selection) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut orphans = scan.parents.orphans();
    for (index, service) in scan.services.iter().enumerate() {
        let of = Of { service };
        if selection.signal.is_none() {
            of.missing_signals(&mut found);
            of.lonely_sessions(scan, &mut found);
        }
        if let Some(seen) = orphans.remove(&index) {
            found.push(of.items(Kind::OrphanSpans, Signal::Traces, &seen));
        }
        found.extend(service.gaps(scan.gap).map(|gap| Finding {
            times: Some(gap),
            ..of.finding(Kind::Gap)
        }));
        found.extend(service.without_time.iter().map(|(signal, count)| Finding {
            signal: Some(*signal),
            count: Some(*count),
            ..of.finding(Kind::NoTime)
        }));
        // Who is no agent and names no session anywhere has none.
        if !service.agents.is_empty() || !service.sessions.is_empty() {
            let items = service.without_session.iter();
            found.extend(items.map(|(signal, seen)| of.items(Kind::NoSession, *signal, seen)));
        }
    }
    found.sort();
    found
}

/// Findings of a service.
struct Of<'a> {
    service: &'a Service,
}

impl Of<'_> {
    fn finding(&self, kind: Kind) -> Finding {
        let agents: Vec<&str> = self.service.agents.iter().copied().collect();
        Finding {
            service: self.service.name.clone(),
            kind,
            signal: None,
            times: None,
            session: None,
            agent: (!agents.is_empty()).then(|| agents.join(", ")),
            count: None,
        }
    }

    fn items(&self, kind: Kind, signal: Signal, seen: &Seen) -> Finding {
        Finding {
            signal: Some(signal),
            times: seen.times,
            count: Some(seen.count),
            ..self.finding(kind)
        }
    }

    fn missing_signals(&self, found: &mut Vec<Finding>) {
        let signals = &self.service.signals;
        let mut all = Seen::default();
        for seen in signals.values() {
            all.join(seen);
        }
        if all.count == 0 {
            return;
        }
        let missing = SIGNALS
            .into_iter()
            .filter(|signal| !signals.contains_key(signal));
        found.extend(missing.map(|signal| Finding {
            signal: Some(signal),
            times: all.times,
            ..self.finding(Kind::MissingSignal)
        }));
    }

    /// Sessions that one signal names, where the service names some in another one as well.
    fn lonely_sessions(&self, scan: &Scan, found: &mut Vec<Finding>) {
        let sessions = &self.service.sessions;
        let all: BTreeSet<&Signal> = sessions.values().flat_map(BTreeMap::keys).collect();
        if all.len() < 2 {
            return;
        }
        for (number, signals) in sessions {
            let mut only = signals.iter();
            let (Some((signal, seen)), None) = (only.next(), only.next()) else {
                continue;
            };
            found.push(Finding {
                session: scan.sessions.text(*number).map(str::to_owned),
                ..self.items(Kind::SessionInOneSignal, *signal, seen)
            });
        }
    }
}
