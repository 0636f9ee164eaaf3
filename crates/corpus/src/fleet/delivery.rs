//! From items to requests, with what goes wrong on the way: retries, repeats, delays.

use std::collections::BTreeMap;

use otolith_capture::Encoding;
use otolith_otlp::{JsonRequestEncoder, RequestEncoder};

use super::item::{self, Item, Sender};
use super::ledger::{Ledger, Text};
use crate::{Random, Request};

pub(super) const SECOND: u64 = 1_000_000_000;
pub(super) const HOUR: u64 = 3_600 * SECOND;

/// Requests on the way, in order of their arrival.
pub(super) struct Delivery {
    encoding: Encoding,
    random: Random,
    requests: BTreeMap<(u64, u64), Request>,
    sequence: u64,
}

impl Delivery {
    pub(super) fn new(encoding: Encoding, random: Random) -> Self {
        Self {
            encoding,
            random,
            requests: BTreeMap::new(),
            sequence: 0,
        }
    }

    /// Exports log records and spans, each in the request of its five seconds.
    pub(super) fn events(&mut self, sender: &Sender, items: Vec<(u64, Item)>, ledger: &mut Ledger) {
        let mut batches: BTreeMap<(u64, usize), Vec<Item>> = BTreeMap::new();
        for (known, item) in items {
            let key = (known / (5 * SECOND), item.signal() as usize);
            batches.entry(key).or_default().push(item);
        }
        for ((batch, _), items) in batches {
            self.export(sender, (batch + 1) * 5 * SECOND, &items, ledger);
        }
    }

    /// Exports items of one signal at a time as one request, which may arrive twice or late, or
    /// whose items may come again in another request.
    pub(super) fn export(&mut self, sender: &Sender, at: u64, items: &[Item], ledger: &mut Ledger) {
        let service = Text::from(sender.service.as_str());
        let first = items.iter().map(Item::time).min();
        let first = first.expect("a request has items");
        let begin = ledger.begins.entry(service).or_insert(first);
        *begin = first.min(*begin);
        let mut arrival = at + self.random.below(SECOND);
        if self.random.below(20) == 0 {
            arrival += 20 * HOUR;
        }
        self.send(sender, arrival, items);
        if self.random.below(12) == 0 {
            self.send(sender, arrival + 5 * SECOND, items);
            count(items, ledger);
        }
        if self.random.below(12) == 0 {
            let some = &items[..1 + self.random.below(items.len() as u64) as usize];
            self.send(sender, arrival + 7 * SECOND, some);
            count(some, ledger);
        }
    }

    fn send(&mut self, sender: &Sender, arrival: u64, items: &[Item]) {
        let bytes = match self.encoding {
            Encoding::Protobuf => item::request::<RequestEncoder>(sender, items),
            _ => item::request::<JsonRequestEncoder>(sender, items),
        };
        let request = Request {
            signal: items[0].signal(),
            arrival_unix_nano: arrival,
            bytes,
        };
        self.sequence += 1;
        self.requests.insert((arrival, self.sequence), request);
    }

    /// Takes what arrives before a time.
    pub(super) fn until(&mut self, time: u64) -> impl Iterator<Item = Request> + use<> {
        let later = self.requests.split_off(&(time, 0));
        std::mem::replace(&mut self.requests, later).into_values()
    }
}

/// Notes items that are sent again.
fn count(items: &[Item], ledger: &mut Ledger) {
    for item in items {
        let Some(source) = item.source else { continue };
        if item.signal() == otolith_capture::Signal::Metrics {
            ledger.planted.duplicate_points += 1;
        } else {
            let source = source.to_owned();
            *ledger.planted.duplicates.entry(source).or_insert(0) += 1;
        }
    }
}
