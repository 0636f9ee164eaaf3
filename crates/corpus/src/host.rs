//! Hosts and what they report: the metrics of the Python system-metrics instrumentation.

use std::io;

use otolith_capture::Signal;
use otolith_otlp::{KeyValue, Metric, MetricKind, Number, NumberPoint, Value};

use crate::batcher::{Attributes, Batcher, Encoder, Group};
use crate::random::Random;
use crate::{BEGIN_UNIX_NANO, TICK_NANOS};

pub(crate) const HOSTS: [&str; 4] = ["mimas", "enceladus", "tethys", "dione"];
const CPUS: usize = 8;
const CPU_STATES: [&str; 5] = ["idle", "user", "system", "irq", "iowait"];
/// How a minute is spent in the states, in per cent, before noise.
const CPU_SHARES: [u64; 5] = [70, 20, 7, 1, 2];
const MEMORY_STATES: [&str; 3] = ["used", "free", "cached"];
const DEVICES: [&str; 4] = ["nvme0n1", "nvme1n1", "loop0", "dm-0"];
const INTERFACES: [&str; 3] = ["lo", "eth0", "docker0"];
const CUMULATIVE: i32 = 2;

/// A host with its counters.
pub(crate) struct Host {
    name: &'static str,
    instance: String,
    /// Hundredths of a second.
    cpu: [[u64; CPU_STATES.len()]; CPUS],
    disk: [[u64; 2]; DEVICES.len()],
    network: [[u64; 2]; INTERFACES.len()],
}

pub(crate) fn all(random: &mut Random) -> Vec<Host> {
    HOSTS
        .iter()
        .map(|name| Host {
            name,
            instance: format!("{:016x}{:016x}", random.next(), random.next()),
            cpu: [[0; CPU_STATES.len()]; CPUS],
            disk: [[0; 2]; DEVICES.len()],
            network: [[0; 2]; INTERFACES.len()],
        })
        .collect()
}

impl Host {
    /// The report of a minute that ends at `now`.
    pub(crate) fn report<E: Encoder>(
        &mut self,
        now: u64,
        random: &mut Random,
        batcher: &mut Batcher<'_, E>,
    ) -> io::Result<()> {
        self.count(random);
        let resource = [
            text("telemetry.sdk.language", "python"),
            text("telemetry.sdk.name", "opentelemetry"),
            text("telemetry.sdk.version", "1.45.2"),
            text("service.instance.id", &self.instance),
            text("host.name", self.name),
            text("service.name", "host-monitor"),
        ];
        let scope = ("opentelemetry.instrumentation.system_metrics", "0.66b2");
        batcher.group(Signal::Metrics, now, &resource, scope, |group| {
            let mut report = Report { group, now };
            report.cpu(&self.cpu);
            report.memory(random);
            let (disk, network) = (&DEVICES, &INTERFACES);
            report.bytes("system.disk.io", "System disk IO", disk, &self.disk);
            report.bytes(
                "system.network.io",
                "System network io",
                network,
                &self.network,
            );
            report.load(random);
        })
    }

    fn count(&mut self, random: &mut Random) {
        for cpu in &mut self.cpu {
            for (hundredths, share) in cpu.iter_mut().zip(CPU_SHARES) {
                *hundredths += share * 60 + random.below(share * 6);
            }
        }
        for bytes in self.disk.iter_mut().chain(&mut self.network).flatten() {
            *bytes += random.below(1 << 24);
        }
    }
}

struct Report<'r, 'g, E> {
    group: &'r mut Group<'g, E>,
    now: u64,
}

impl<E: Encoder> Report<'_, '_, E> {
    fn metric(&mut self, name: &str, description: &str, unit: &str, sum: Option<bool>) {
        self.group.metric(&Metric {
            name,
            description,
            unit,
            metadata: &[],
            kind: match sum {
                Some(_) => MetricKind::Sum,
                None => MetricKind::Gauge,
            },
            aggregation_temporality: sum.map_or(0, |_| CUMULATIVE),
            is_monotonic: sum.unwrap_or(false),
        });
    }

    fn point(&mut self, start: u64, value: Number, attributes: &Attributes<'_>) {
        self.group.number_point(&NumberPoint {
            attributes,
            start_time_unix_nano: start,
            time_unix_nano: self.now,
            value: Some(value),
            exemplars: &[],
            flags: 0,
        });
    }

    fn cpu(&mut self, cpu: &[[u64; CPU_STATES.len()]; CPUS]) {
        self.metric("system.cpu.time", "System CPU time", "s", Some(true));
        for (number, states) in (0..).zip(cpu) {
            for (state, hundredths) in CPU_STATES.iter().zip(states) {
                let attributes = vec![text("state", state), int("cpu", number)];
                let seconds = *hundredths as f64 / 100.0;
                self.point(BEGIN_UNIX_NANO, Number::Double(seconds), &attributes);
            }
        }
    }

    fn memory(&mut self, random: &mut Random) {
        let total: u64 = 32 << 30;
        let used = (4 << 30) + random.below(1 << 30);
        let cached = (8 << 30) + random.below(1 << 28);
        let bytes = [used, total - used - cached, cached];
        self.metric("system.memory.usage", "System memory usage", "By", None);
        for (state, bytes) in MEMORY_STATES.iter().zip(bytes) {
            self.point(
                0,
                Number::Int(bytes.cast_signed()),
                &vec![text("state", state)],
            );
        }
        let name = "system.memory.utilization";
        self.metric(name, "System memory utilization", "1", None);
        for (state, bytes) in MEMORY_STATES.iter().zip(bytes) {
            let share = bytes as f64 / total as f64;
            self.point(0, Number::Double(share), &vec![text("state", state)]);
        }
    }

    fn bytes(&mut self, name: &str, description: &str, devices: &[&str], counts: &[[u64; 2]]) {
        self.metric(name, description, "By", Some(true));
        for (device, counts) in devices.iter().zip(counts) {
            for (direction, bytes) in ["read", "write"].iter().zip(counts) {
                let attributes = vec![text("device", device), text("direction", direction)];
                let value = Number::Int(bytes.cast_signed());
                self.point(BEGIN_UNIX_NANO, value, &attributes);
            }
        }
    }

    fn load(&mut self, random: &mut Random) {
        let name = "system.processes.count";
        self.metric(
            name,
            "Total number of processes in each state",
            "{process}",
            None,
        );
        for status in ["running", "sleeping", "blocked"] {
            let count = random.below(200).cast_signed();
            let start = self.now - TICK_NANOS;
            self.point(start, Number::Int(count), &vec![text("status", status)]);
        }
    }
}

pub(crate) fn text<'a>(key: &'a str, value: &'a str) -> KeyValue<'a> {
    KeyValue {
        key,
        value: Value::String(value),
    }
}

pub(crate) fn int(key: &str, value: i64) -> KeyValue<'_> {
    KeyValue {
        key,
        value: Value::Int(value),
    }
}
