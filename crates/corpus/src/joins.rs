//! Hosts and root spans for joins of spans with what hosts did meanwhile: what four hosts of eight
//! cores send of `system.cpu.utilization` when a processor of the Collector keeps the idle state
//! only, and spans that ran on them.

use std::io;

use otolith_capture::Signal;
use otolith_otlp::{Metric, MetricKind, Number, NumberPoint, RequestEncoder, Span};

use crate::batcher::Batcher;
use crate::host::{HOSTS, text};
use crate::{BEGIN_UNIX_NANO, Random, Request, Totals};

/// Cores of a host.
pub const CORES: u64 = 8;
const CORE_NAMES: [&str; CORES as usize] = [
    "cpu0", "cpu1", "cpu2", "cpu3", "cpu4", "cpu5", "cpu6", "cpu7",
];
const SECOND: u64 = 1_000_000_000;
/// Between two readings.
const SCRAPE: u64 = 15 * SECOND;
/// Readings are late by up to this.
const JITTER: u64 = SECOND / 20;
/// The most items of a request, nearly.
const ITEMS_PER_REQUEST: u64 = 1_024;

/// What is to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JoinSpec {
    /// Decides ids, times and values.
    pub seed: u64,
    /// How often each host is read, every 15 s.
    pub scrapes: u64,
    /// Root spans, spread evenly over the time of the readings.
    pub spans: u64,
}

/// Makes requests in protobuf and hands out each as soon as it is whole.
///
/// Spans take from 10 ms to 10 minutes, all magnitudes alike often.
///
/// # Errors
///
/// The first error of `take`.
pub fn generate_joins(
    spec: JoinSpec,
    take: &mut dyn FnMut(&Request) -> io::Result<()>,
) -> io::Result<Totals> {
    let mut random = Random::new(spec.seed);
    let mut batcher = Batcher::<RequestEncoder>::new(ITEMS_PER_REQUEST, take);
    for scrape in 0..spec.scrapes {
        let begin = BEGIN_UNIX_NANO + scrape * SCRAPE;
        for _ in spec.spans * scrape / spec.scrapes..spec.spans * (scrape + 1) / spec.scrapes {
            span(begin, &mut random, &mut batcher)?;
        }
        for host in HOSTS {
            let now = begin + SCRAPE + random.below(JITTER);
            reading(host, now, &mut random, &mut batcher)?;
        }
    }
    batcher.finish()
}

fn span(
    begin: u64,
    random: &mut Random,
    batcher: &mut Batcher<'_, RequestEncoder>,
) -> io::Result<()> {
    let start = begin + random.below(SCRAPE);
    let magnitude = random.one_of(&[SECOND / 100, SECOND / 10, SECOND, 10 * SECOND, 60 * SECOND]);
    let end = start + magnitude + random.below(9 * magnitude);
    let host = random.one_of(&HOSTS);
    let resource = [text("host.name", host), text("service.name", "worker")];
    let mut trace_id = [0; 16];
    trace_id[..8].copy_from_slice(&random.next().to_be_bytes());
    trace_id[8..].copy_from_slice(&random.next().to_be_bytes());
    let span = Span {
        trace_id: Some(trace_id),
        span_id: Some(random.next().to_be_bytes()),
        trace_state: "",
        parent_span_id: None,
        flags: 0,
        name: random.one_of(&["build", "test", "deploy", "index"]),
        kind: 1,
        start_time_unix_nano: start,
        end_time_unix_nano: end,
        attributes: &[],
        dropped_attributes_count: 0,
        events: &[],
        dropped_events_count: 0,
        links: &[],
        dropped_links_count: 0,
        status_message: "",
        status_code: 0,
    };
    batcher.group(Signal::Traces, end, &resource, ("worker", "1"), |group| {
        group.span(&span);
    })
}

fn reading(
    host: &str,
    now: u64,
    random: &mut Random,
    batcher: &mut Batcher<'_, RequestEncoder>,
) -> io::Result<()> {
    let resource = [
        text("host.name", host),
        text("os.type", "linux"),
        text("service.name", "otelcol"),
    ];
    let scope = (
        "github.com/open-telemetry/opentelemetry-collector-contrib/receiver/hostmetricsreceiver/internal/scraper/cpuscraper",
        "0.161.0",
    );
    batcher.group(Signal::Metrics, now, &resource, scope, |group| {
        group.metric(&Metric {
            name: "system.cpu.utilization",
            description: "Difference in system.cpu.time since the last measurement per logical CPU",
            unit: "1",
            metadata: &[],
            kind: MetricKind::Gauge,
            aggregation_temporality: 0,
            is_monotonic: false,
        });
        for core in CORE_NAMES {
            // Time is counted in hundredths of a second.
            let idle =
                random.below(SCRAPE / SECOND * 100 + 1) as f64 / (SCRAPE / SECOND * 100) as f64;
            group.number_point(&NumberPoint {
                attributes: &[text("cpu", core), text("state", "idle")],
                start_time_unix_nano: 0,
                time_unix_nano: now,
                value: Some(Number::Double(idle)),
                exemplars: &[],
                flags: 0,
            });
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_as_much_as_asked_for() {
        let spec = JoinSpec {
            seed: 1,
            scrapes: 100,
            spans: 333,
        };
        let mut bytes = 0;
        let mut take = |request: &Request| {
            bytes += request.bytes.len();
            Ok(())
        };
        let totals = generate_joins(spec, &mut take).unwrap();
        assert_eq!(totals.spans, 333);
        assert_eq!(totals.number_points, 100 * CORES * HOSTS.len() as u64);
        assert!(bytes > 0);
    }
}
