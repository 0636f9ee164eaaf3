//! Frames of a load into records: the work of one thread at a time.

use std::collections::HashMap;
use std::sync::Arc;

use otolith_capture::{Entry, Frame, Reject, Signal};
use otolith_otlp::{
    Decoder, ExponentialHistogramPoint, HistogramPoint, ItemReject, LogRecord, Metric, NoteCode,
    NumberPoint, Resource, Scope, Sink, Span, SummaryPoint, Value,
};

use super::identity::Meaning;
use super::options::CompareOptions;
use super::record::{Class, Record};
use crate::decode::frame_reject;
use crate::pipeline::Decode;
use crate::reader::Work;

/// A sink that makes records of items. Numbers of files and services are its own.
#[derive(Debug)]
pub(super) struct ItemHasher {
    meaning: Meaning,
    pub hashed: Hashed,
    /// Numbers of `hashed.services`.
    service_numbers: HashMap<String, u32>,
    begun: usize,
    begun_rejects: usize,
    frame: u64,
    /// Whether items can be numbered: those of a lake are visited in another order.
    numbers_items: bool,
    item: u32,
    signal: Signal,
    service: u32,
    resource: u128,
    scope: u128,
    metric: u128,
}

/// What was made of some frames.
#[derive(Debug, Default)]
pub(super) struct Hashed {
    pub records: Vec<Record>,
    /// Names by the numbers that records have.
    pub files: Vec<Arc<str>>,
    pub services: Vec<String>,
    pub frames: u64,
    pub frames_rejected: u64,
    pub items_rejected: u64,
    pub rejects: Vec<Reject>,
}

impl ItemHasher {
    pub fn new(options: &CompareOptions, numbers_items: bool) -> Self {
        Self {
            meaning: Meaning::new(options.ids, options.times),
            hashed: Hashed::default(),
            service_numbers: HashMap::new(),
            begun: 0,
            begun_rejects: 0,
            frame: 0,
            numbers_items,
            item: 0,
            signal: Signal::Traces,
            service: 0,
            resource: 0,
            scope: 0,
            metric: 0,
        }
    }

    /// Takes what was made, and begins anew.
    pub fn take(&mut self) -> Hashed {
        self.service_numbers.clear();
        std::mem::take(&mut self.hashed)
    }

    fn add(&mut self, (hash, time): (u128, u64)) {
        self.item = self.item.saturating_add(1);
        let file = self.hashed.files.len().saturating_sub(1) as u32;
        let item = if self.numbers_items { self.item } else { 0 };
        let class = Class {
            signal: self.signal,
            service: self.service,
        };
        let record = Record::new(hash, time, (file, self.frame, item), class);
        self.hashed.records.push(record);
    }

    fn service(&mut self, resource: &Resource<'_>) -> u32 {
        let names = resource.attributes.iter();
        let mut names = names.filter_map(|attribute| match attribute.value {
            Value::String(name) if attribute.key == "service.name" => Some(name),
            _ => None,
        });
        let name = names.next().unwrap_or_default();
        if let Some(number) = self.service_numbers.get(name) {
            return *number;
        }
        let number = self.hashed.services.len() as u32;
        self.hashed.services.push(name.to_owned());
        self.service_numbers.insert(name.to_owned(), number);
        number
    }

    fn of_scope(&self) -> [u128; 2] {
        [self.resource, self.scope]
    }

    fn of_metric(&self) -> [u128; 3] {
        [self.resource, self.scope, self.metric]
    }
}

impl Sink for ItemHasher {
    fn begin(&mut self, frame: &Frame<'_>) {
        self.begun = self.hashed.records.len();
        self.begun_rejects = self.hashed.rejects.len();
        self.frame = frame.origin.frame;
        self.item = 0;
        let file = &frame.origin.file;
        if self.hashed.files.last().is_none_or(|last| last != file) {
            self.hashed.files.push(Arc::clone(file));
        }
    }

    fn resource(&mut self, signal: Signal, resource: &Resource<'_>) {
        self.signal = signal;
        self.service = self.service(resource);
        self.resource = self.meaning.resource(resource);
    }

    fn scope(&mut self, scope: &Scope<'_>) {
        self.scope = self.meaning.scope(scope);
    }

    fn span(&mut self, span: &Span<'_>) {
        let identity = self.meaning.span(span, &self.of_scope());
        self.add(identity);
    }

    fn log_record(&mut self, record: &LogRecord<'_>) {
        let identity = self.meaning.log_record(record, &self.of_scope());
        self.add(identity);
    }

    fn metric(&mut self, metric: &Metric<'_>) {
        self.metric = self.meaning.metric(metric);
    }

    fn number_point(&mut self, point: &NumberPoint<'_>) {
        let identity = self.meaning.number_point(point, &self.of_metric());
        self.add(identity);
    }

    fn histogram_point(&mut self, point: &HistogramPoint<'_>) {
        let identity = self.meaning.histogram_point(point, &self.of_metric());
        self.add(identity);
    }

    fn exponential_histogram_point(&mut self, point: &ExponentialHistogramPoint<'_>) {
        let of = self.of_metric();
        let identity = self.meaning.exponential_histogram_point(point, &of);
        self.add(identity);
    }

    fn summary_point(&mut self, point: &SummaryPoint<'_>) {
        let identity = self.meaning.summary_point(point, &self.of_metric());
        self.add(identity);
    }

    fn reject_item(&mut self, reject: ItemReject<'_>) {
        let file = self.hashed.files.last().cloned().unwrap_or_default();
        self.hashed.rejects.push(Reject {
            origin: otolith_capture::Origin {
                file,
                frame: self.frame,
                offset: reject.offset as u64,
            },
            code: reject.code,
            message: reject.message,
            bytes: Vec::new(),
            len_bytes: reject.bytes.len() as u64,
        });
    }

    fn note(&mut self, _: NoteCode) {}

    fn commit(&mut self) {
        self.hashed.items_rejected += (self.hashed.rejects.len() - self.begun_rejects) as u64;
    }

    fn abandon(&mut self) {
        self.hashed.records.truncate(self.begun);
        self.hashed.rejects.truncate(self.begun_rejects);
    }
}

/// Makes records of load after load with its own decoder.
pub(super) struct LoadHasher {
    decoder: Decoder,
    hasher: ItemHasher,
}

impl LoadHasher {
    pub fn new(options: &CompareOptions) -> Self {
        Self {
            decoder: Decoder::new(options.decode),
            hasher: ItemHasher::new(options, true),
        }
    }
}

impl Decode for LoadHasher {
    type Decoded = Hashed;

    fn decode(&mut self, Work { chunk, .. }: &Work) -> Hashed {
        let hasher = &mut self.hasher;
        for entry in chunk.entries() {
            hasher.hashed.frames += 1;
            let rejected = match entry {
                Entry::Reject(reject) => Reject {
                    bytes: Vec::new(),
                    ..reject.clone()
                },
                Entry::Frame(frame) => {
                    let offset = frame.origin.offset;
                    let before = hasher.hashed.rejects.len();
                    match self.decoder.decode(&frame, hasher) {
                        Ok(_) => {
                            // Items know their place in the payload only.
                            for reject in &mut hasher.hashed.rejects[before..] {
                                reject.origin.offset = offset;
                            }
                            continue;
                        }
                        Err(reject) => frame_reject(&frame, reject, 0),
                    }
                }
            };
            hasher.hashed.frames_rejected += 1;
            hasher.hashed.rejects.push(rejected);
        }
        hasher.take()
    }
}
