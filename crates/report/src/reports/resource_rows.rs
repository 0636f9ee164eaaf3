//! The rows of `trace-resources` and `session-resources`, made as they are written.

use super::resources::{BYTES, During, Joined, Meanwhile};
use crate::answer::{CellRef, Rows};
use crate::spans::Span;
use crate::window::{Samples, Window};
use std::collections::BTreeMap;

/// Rows of `trace-resources`.
pub(super) struct TraceRows(pub(super) During, pub(super) Joined);

impl Rows for TraceRows {
    fn count(&self) -> usize {
        self.1.spans.spans.len()
    }

    fn row<'a>(&'a self, index: usize, cells: &mut Vec<CellRef<'a>>) {
        let Self(during, joined) = self;
        let span = &joined.spans.spans[index];
        let Meanwhile { busy, bytes, share } = during.of(index);
        let ids = [joined.spans.trace_id(span), joined.spans.span_id(span)];
        cells.extend(ids.map(|id| known(Some(id))));
        cells.extend(joined.span_cells(span));
        cells.extend([
            of(busy, |w| w.mean),
            of(busy, |w| w.min),
            of(busy, |w| w.max),
            of(busy, |w| w.sample_mean),
        ]);
        cells.extend(support(busy));
        cells.extend([
            of(bytes, |w| w.mean),
            of(bytes, |w| w.min),
            of(bytes, |w| w.max),
            of(share, |w| w.mean),
        ]);
        cells.extend(support(bytes.or(share)));
    }
}

/// Rows of `session-resources`, whose spans have the session of their trace.
pub(super) struct SessionRows(pub(super) During, pub(super) Joined);

impl Rows for SessionRows {
    fn count(&self) -> usize {
        self.1.spans.spans.len()
    }

    fn row<'a>(&'a self, index: usize, cells: &mut Vec<CellRef<'a>>) {
        let Self(during, joined) = self;
        let span = &joined.spans.spans[index];
        let Meanwhile { busy, bytes, .. } = during.of(index);
        let host = joined.matched[span.host as usize].ok();
        let around = |samples: &BTreeMap<u32, Samples>| {
            let samples = host.and_then(|host| samples.get(&host));
            let value = |found: Option<(i64, f64)>| double(found.map(|(_, value)| value));
            (
                value(samples.and_then(|s| s.before(span.start))),
                value(samples.zip(span.end).and_then(|(s, end)| s.after(end))),
            )
        };
        let (cpu_before, cpu_after) = around(&joined.busy);
        let (memory_before, memory_after) = around(&joined.levels[BYTES]);
        let session = joined.spans.sessions.text(span.session);
        cells.extend([
            session.map_or(CellRef::Null, CellRef::Text),
            known(Some(joined.spans.trace_id(span))),
        ]);
        cells.extend(joined.span_cells(span));
        cells.extend([
            cpu_before,
            of(busy, |w| w.mean),
            of(busy, |w| w.max),
            cpu_after,
        ]);
        cells.extend(support(busy));
        cells.extend([
            memory_before,
            of(bytes, |w| w.mean),
            of(bytes, |w| w.max),
            memory_after,
        ]);
        cells.extend(support(bytes));
    }
}

impl Joined {
    fn span_cells(&self, span: &Span) -> [CellRef<'_>; 5] {
        let sampled = self.matched[span.host as usize].ok();
        let sampled = sampled.and_then(|host| self.hosts.text(host));
        let host = sampled.or_else(|| self.spans.hosts.text(span.host));
        let millis = |end: i64| end.saturating_sub(span.start) as f64 / 1e6;
        [
            known(self.spans.names.text(span.name)),
            known(self.spans.services.text(span.service)),
            host.map_or(CellRef::Null, CellRef::Text),
            CellRef::Time(span.start),
            double(span.end.map(millis)),
        ]
    }
}

/// A text, null where it is empty.
fn known(text: Option<&str>) -> CellRef<'_> {
    let text = text.filter(|text| !text.is_empty());
    text.map_or(CellRef::Null, CellRef::Text)
}

fn double(value: Option<f64>) -> CellRef<'static> {
    value.map_or(CellRef::Null, CellRef::Double)
}

fn of(window: Option<Window>, value: impl Fn(&Window) -> f64) -> CellRef<'static> {
    double(window.as_ref().map(value))
}

fn support(window: Option<Window>) -> [CellRef<'static>; 2] {
    window.map_or([CellRef::Null; 2], |window| {
        let count = i64::try_from(window.count).unwrap_or(i64::MAX);
        [CellRef::Int(count), CellRef::Bool(window.carried)]
    })
}
