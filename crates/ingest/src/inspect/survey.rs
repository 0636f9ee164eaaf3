//! The sink that counts. A frame is counted when it is committed; until then its counts wait.

use std::collections::{BTreeMap, BTreeSet};

use otolith_capture::{Frame, Origin, Reject, Signal};
use otolith_otlp::{
    ExponentialHistogramPoint, HistogramPoint, ItemReject, LogRecord, Metric, MetricKind, NoteCode,
    NumberPoint, Resource, Scope, Sink, Span, SummaryPoint, Value,
};
use otolith_tables::dialect::agent_of;

use super::named::Named;
use super::report::{
    Inspection, MetricInspection, ScopeInspection, ServiceInspection, SignalInspection, TimeRange,
};
use super::timeline::{Timeline, seconds};
use crate::account::note_counts;

/// Services, scopes and versions of a service that are told apart.
const NAMES: usize = 1000;
/// Metrics that are told apart.
const METRICS: usize = 10_000;
/// Credible times in nanoseconds since the Unix epoch: the years 1980 to 2199.
const CREDIBLE: std::ops::Range<u64> = 315_532_800_000_000_000..7_258_118_400_000_000_000;

/// Counts what is in frames.
#[derive(Debug)]
pub(crate) struct Survey {
    services: Named<Service>,
    scopes: Named<ScopeInspection>,
    metrics: Named<MetricInspection>,
    totals: Totals,
    timeline: Timeline,
    arrival: Option<TimeRange>,
    source: Option<usize>,
    frame: Option<RunningFrame>,
    item_rejects: Vec<Reject>,
    /// Which agent a service's scope belongs to, by their numbers.
    agents: BTreeMap<(usize, usize), Option<&'static str>>,
}

#[derive(Debug, Default)]
struct Totals {
    frames_read: u64,
    frames_rejected: u64,
    items_rejected: u64,
    requests: [u64; 3],
    items: [u64; 3],
    payload_bytes: [u64; 3],
    times: Option<TimeRange>,
    notes: BTreeMap<NoteCode, u64>,
}

#[derive(Debug, Default)]
struct Service {
    name: Option<String>,
    versions: BTreeSet<String>,
    agents: BTreeSet<&'static str>,
    items: u64,
    is_cut: bool,
}

/// The frame between begin and its end.
#[derive(Debug)]
struct RunningFrame {
    origin: Origin,
    arrival: Option<u64>,
    len_bytes: u64,
    signal: Signal,
    touched: [bool; 3],
    items: [u64; 3],
    times: Option<TimeRange>,
    service: Option<usize>,
    scope: Option<usize>,
    metric: Option<usize>,
    /// Kind of temporality of the running metric: delta, cumulative, unspecified.
    temporality: usize,
    // Counts by number, to be added on commit.
    services: Vec<(usize, u64)>,
    scopes: Vec<(usize, u64)>,
    metrics: Vec<(usize, [u64; 3])>,
    versions: Vec<(usize, String)>,
    agents: Vec<(usize, &'static str)>,
    notes: Vec<NoteCode>,
    rejects: usize,
}

impl Default for Survey {
    fn default() -> Self {
        Self {
            services: Named::new(NAMES),
            scopes: Named::new(NAMES),
            metrics: Named::new(METRICS),
            totals: Totals::default(),
            timeline: Timeline::default(),
            arrival: None,
            source: None,
            frame: None,
            item_rejects: Vec::new(),
            agents: BTreeMap::new(),
        }
    }
}

impl Survey {
    /// What follows is from the source of this number.
    pub fn enter_source(&mut self, number: usize) {
        if self.source != Some(number) {
            self.source = Some(number);
            self.timeline.begin_source();
        }
    }

    /// A frame could not be taken as a whole.
    pub fn frame_rejected(&mut self) {
        self.totals.frames_read += 1;
        self.totals.frames_rejected += 1;
    }

    /// The rejects of single items since the last call, in input order.
    pub fn take_item_rejects(&mut self) -> Vec<Reject> {
        self.totals.items_rejected += self.item_rejects.len() as u64;
        std::mem::take(&mut self.item_rejects)
    }

    /// All counts. Files, rejects and repeats are for the caller to fill in.
    pub fn into_inspection(self) -> Inspection {
        let totals = self.totals;
        let signal = |signal: Signal| SignalInspection {
            signal: signal.as_str(),
            requests: totals.requests[signal as usize],
            items: totals.items[signal as usize],
            payload_bytes: totals.payload_bytes[signal as usize],
        };
        let lists = [
            self.services.is_cut,
            self.scopes.is_cut,
            self.metrics.is_cut,
        ];
        let services = self.services.into_values();
        let is_cut = lists.contains(&true) || services.iter().any(|service| service.is_cut);
        // Names of frames that were abandoned have no items.
        let mut services: Vec<ServiceInspection> = services
            .into_iter()
            .filter(|service| service.items > 0)
            .map(Service::into_inspection)
            .collect();
        services.sort_by(|a, b| a.service_name.cmp(&b.service_name));
        let mut scopes = self.scopes.into_values();
        scopes.retain(|scope| scope.items > 0);
        scopes.sort_by(|a, b| {
            (&a.scope_name, &a.scope_version).cmp(&(&b.scope_name, &b.scope_version))
        });
        let mut metrics = self.metrics.into_values();
        metrics.retain(|m| m.delta_points + m.cumulative_points + m.unspecified_points > 0);
        metrics
            .sort_by(|a, b| (&a.metric_name, a.metric_type).cmp(&(&b.metric_name, b.metric_type)));
        let range = self.timeline.range();
        Inspection {
            frames_read: totals.frames_read,
            frames_rejected: totals.frames_rejected,
            items_rejected: totals.items_rejected,
            signals: Signal::ALL
                .into_iter()
                .map(signal)
                .filter(|signal| signal.requests > 0)
                .collect(),
            services,
            scopes,
            metrics,
            is_cut,
            item_time: totals.times,
            arrival_time: self.arrival,
            gaps: self.timeline.gaps(),
            disorder: self.timeline.disorder(),
            replay_seconds: range.map(|r| seconds(r.last_unix_nano - r.first_unix_nano)),
            notes: note_counts(&totals.notes),
            ..Inspection::default()
        }
    }

    /// Counts an item with its times; 0 is none.
    fn item(&mut self, times: [u64; 2]) {
        let Some(frame) = &mut self.frame else { return };
        frame.items[frame.signal as usize] += 1;
        frame.touched[frame.signal as usize] = true;
        for time in times {
            if CREDIBLE.contains(&time) {
                frame.times = TimeRange::widened(frame.times, time);
            }
        }
        if let (Some(_), Some((_, items))) = (frame.service, frame.services.last_mut()) {
            *items += 1;
        }
        if let (Some(_), Some((_, items))) = (frame.scope, frame.scopes.last_mut()) {
            *items += 1;
        }
    }

    fn point(&mut self, time_unix_nano: u64) {
        self.item([time_unix_nano, 0]);
        let Some(frame) = &mut self.frame else { return };
        if let (Some(_), Some((_, points))) = (frame.metric, frame.metrics.last_mut()) {
            points[frame.temporality] += 1;
        }
    }

    /// Notes the agent of the running scope, which a name inside it may betray.
    fn note_agent(&mut self, name: &str) {
        let Some(frame) = &mut self.frame else { return };
        let (Some(service), Some(scope)) = (frame.service, frame.scope) else {
            return;
        };
        let known = self.agents.entry((service, scope)).or_default();
        if known.is_none() {
            let service = self.services.get_mut(service);
            let scope = self.scopes.get_mut(scope);
            let service_name = service.name.as_deref().unwrap_or("");
            *known = agent_of(service_name, &scope.scope_name, name).map(|a| a.name.as_str());
        }
        if let Some(agent) = *known
            && frame.agents.last() != Some(&(service, agent))
        {
            frame.agents.push((service, agent));
        }
    }
}

impl Service {
    fn into_inspection(self) -> ServiceInspection {
        ServiceInspection {
            service_name: self.name,
            service_versions: self.versions.into_iter().collect(),
            agents: self.agents.into_iter().map(str::to_owned).collect(),
            items: self.items,
        }
    }
}

impl Sink for Survey {
    fn begin(&mut self, frame: &Frame<'_>) {
        self.frame = Some(RunningFrame {
            origin: frame.origin.clone(),
            arrival: frame
                .arrival_unix_nano
                .filter(|time| CREDIBLE.contains(time)),
            len_bytes: frame.bytes.len() as u64,
            signal: Signal::Traces,
            touched: [false; 3],
            items: [0; 3],
            times: None,
            service: None,
            scope: None,
            metric: None,
            temporality: 0,
            services: Vec::new(),
            scopes: Vec::new(),
            metrics: Vec::new(),
            versions: Vec::new(),
            agents: Vec::new(),
            notes: Vec::new(),
            rejects: self.item_rejects.len(),
        });
    }

    fn resource(&mut self, signal: Signal, resource: &Resource<'_>) {
        let Some(frame) = &mut self.frame else { return };
        frame.signal = signal;
        frame.touched[signal as usize] = true;
        frame.scope = None;
        frame.metric = None;
        let text = |key: &str| {
            let attribute = resource.attributes.iter().find(|a| a.key == key);
            match attribute.map(|attribute| attribute.value) {
                Some(Value::String(text)) => Some(text),
                _ => None,
            }
        };
        let name = text("service.name");
        let key = [
            name.unwrap_or(""),
            if name.is_some() { "named" } else { "" },
        ];
        frame.service = self.services.number(&key, || Service {
            name: name.map(str::to_owned),
            ..Service::default()
        });
        let Some(service) = frame.service else { return };
        frame.services.push((service, 0));
        if let Some(version) = text("service.version")
            && !self.services.get_mut(service).versions.contains(version)
        {
            frame.versions.push((service, version.to_owned()));
        }
    }

    fn scope(&mut self, scope: &Scope<'_>) {
        let Some(frame) = &mut self.frame else { return };
        frame.metric = None;
        frame.scope = self
            .scopes
            .number(&[scope.name, scope.version], || ScopeInspection {
                scope_name: scope.name.to_owned(),
                scope_version: scope.version.to_owned(),
                items: 0,
            });
        if let Some(scope) = frame.scope {
            frame.scopes.push((scope, 0));
        }
        self.note_agent("");
    }

    fn span(&mut self, span: &Span<'_>) {
        self.item([span.start_time_unix_nano, span.end_time_unix_nano]);
        self.note_agent(span.name);
    }

    fn log_record(&mut self, record: &LogRecord<'_>) {
        let time = match record.time_unix_nano {
            0 => record.observed_time_unix_nano,
            time => time,
        };
        self.item([time, 0]);
        let attribute = record.attributes.iter().find(|a| a.key == "event.name");
        let name = match (attribute.map(|a| a.value), record.body) {
            (Some(Value::String(name)), _) => name,
            (_, Some(Value::String(body))) if record.event_name.is_empty() => body,
            _ => record.event_name,
        };
        self.note_agent(name);
    }

    fn metric(&mut self, metric: &Metric<'_>) {
        let metric_type = match metric.kind {
            MetricKind::Gauge => "gauge",
            MetricKind::Sum => "sum",
            MetricKind::Histogram => "histogram",
            MetricKind::ExponentialHistogram => "exponential_histogram",
            MetricKind::Summary => "summary",
        };
        if let Some(frame) = &mut self.frame {
            frame.metric = self
                .metrics
                .number(&[metric.name, metric_type], || MetricInspection {
                    metric_name: metric.name.to_owned(),
                    metric_type,
                    delta_points: 0,
                    cumulative_points: 0,
                    unspecified_points: 0,
                });
            frame.temporality = match metric.aggregation_temporality {
                1 => 0,
                2 => 1,
                _ => 2,
            };
            if let Some(metric) = frame.metric {
                frame.metrics.push((metric, [0; 3]));
            }
        }
        self.note_agent(metric.name);
    }

    fn number_point(&mut self, point: &NumberPoint<'_>) {
        self.point(point.time_unix_nano);
    }

    fn histogram_point(&mut self, point: &HistogramPoint<'_>) {
        self.point(point.time_unix_nano);
    }

    fn exponential_histogram_point(&mut self, point: &ExponentialHistogramPoint<'_>) {
        self.point(point.time_unix_nano);
    }

    fn summary_point(&mut self, point: &SummaryPoint<'_>) {
        self.point(point.time_unix_nano);
    }

    fn reject_item(&mut self, reject: ItemReject<'_>) {
        let Some(frame) = &self.frame else { return };
        let mut origin = frame.origin.clone();
        origin.offset = origin.offset.saturating_add(reject.offset as u64);
        self.item_rejects.push(Reject {
            origin,
            code: reject.code,
            message: reject.message,
            // An inspection shows where, not what.
            bytes: Vec::new(),
            len_bytes: reject.bytes.len() as u64,
        });
    }

    fn note(&mut self, code: NoteCode) {
        if let Some(frame) = &mut self.frame {
            frame.notes.push(code);
        }
    }

    fn commit(&mut self) {
        let Some(frame) = self.frame.take() else {
            return;
        };
        let totals = &mut self.totals;
        totals.frames_read += 1;
        for signal in 0..3 {
            totals.requests[signal] += u64::from(frame.touched[signal]);
            totals.items[signal] += frame.items[signal];
        }
        if let Some(first) = frame.touched.iter().position(|touched| *touched) {
            totals.payload_bytes[first] += frame.len_bytes;
        }
        for code in frame.notes {
            *totals.notes.entry(code).or_default() += 1;
        }
        for (service, items) in frame.services {
            self.services.get_mut(service).items += items;
        }
        for (service, version) in frame.versions {
            let service = self.services.get_mut(service);
            service.is_cut |= service.versions.len() >= NAMES;
            if service.versions.len() < NAMES {
                service.versions.insert(version);
            }
        }
        for (service, agent) in frame.agents {
            self.services.get_mut(service).agents.insert(agent);
        }
        for (scope, items) in frame.scopes {
            self.scopes.get_mut(scope).items += items;
        }
        for (metric, [delta, cumulative, unspecified]) in frame.metrics {
            let metric = self.metrics.get_mut(metric);
            metric.delta_points += delta;
            metric.cumulative_points += cumulative;
            metric.unspecified_points += unspecified;
        }
        if let Some(times) = frame.times {
            for time in [times.first_unix_nano, times.last_unix_nano] {
                totals.times = TimeRange::widened(totals.times, time);
            }
        }
        if let Some(arrival) = frame.arrival {
            self.arrival = TimeRange::widened(self.arrival, arrival);
        }
        let newest = frame.times.map(|times| times.last_unix_nano);
        if let Some(time) = frame.arrival.or(newest) {
            self.timeline.add(time);
        }
    }

    fn abandon(&mut self) {
        if let Some(frame) = self.frame.take() {
            self.item_rejects.truncate(frame.rejects);
        }
    }
}
