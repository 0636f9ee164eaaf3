//! `cargo xtask spread`: how many files a capture leaves that spans many days and services.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::process::Command;

use anyhow::{Result, ensure};

use crate::{bench, run};

const DAYS: u64 = 30;
const SERVICES: u64 = 50;
/// Requests per day and service, each with records, spans or points.
const HOURS: u64 = 24;
/// 2026-11-01 in seconds since the Unix epoch.
const BEGIN: u64 = 1_793_491_200;
const TABLES: u64 = 3;

/// Converts the same requests in three orders and counts the parts.
pub fn run() -> Result<()> {
    let otolith = run::otolith(run::Profile::Release)?;
    let dir = run::target_dir()?.join("spread");
    fs::create_dir_all(&dir)?;
    println!(
        "| order of the requests | MB | parts | one per table and date | seconds | peak MiB |"
    );
    println!("|---|---|---|---|---|---|");
    for order in [Order::Time, Order::Service, Order::Shuffled] {
        let input = dir.join(format!("{}.jsonl", order.name()));
        if !input.exists() {
            write(&input, order)?;
        }
        let lake = dir.join("lake");
        if lake.exists() {
            fs::remove_dir_all(&lake)?;
        }
        let mut convert = Command::new(&otolith);
        convert.args(["convert", "--quiet", "--threads", "2", "--lake"]);
        let sample = bench::measure(convert.arg(&lake).arg(&input))?;
        let parts = count_parts(&lake)?;
        let floor = DAYS * SERVICES * TABLES;
        println!(
            "| by {} | {:.0} | {parts} | {floor} | {:.1} | {:.0} |",
            order.name(),
            fs::metadata(&input)?.len() as f64 / 1e6,
            sample.wall_s,
            sample.peak_mib
        );
        ensure!(parts == floor, "expected {floor} parts, found {parts}");
    }
    Ok(())
}

#[derive(Clone, Copy)]
enum Order {
    Time,
    Service,
    Shuffled,
}

impl Order {
    fn name(self) -> &'static str {
        match self {
            Self::Time => "time",
            Self::Service => "service",
            Self::Shuffled => "chance",
        }
    }
}

fn write(path: &Path, order: Order) -> Result<()> {
    let mut places: Vec<(u64, u64)> = (0..DAYS * HOURS)
        .flat_map(|hour| (0..SERVICES).map(move |service| (hour, service)))
        .collect();
    match order {
        Order::Time => {}
        Order::Service => places.sort_by_key(|(hour, service)| (*service, *hour)),
        Order::Shuffled => places.sort_by_key(|(hour, service)| mix(hour * SERVICES + service)),
    }
    let mut out = BufWriter::new(File::create(path)?);
    for (hour, service) in places {
        for request in [logs, traces, metrics] {
            out.write_all(request(hour, service).as_bytes())?;
            out.write_all(b"\n")?;
        }
    }
    out.flush()?;
    Ok(())
}

/// Numbers without an order, the same every time (the finaliser of SplitMix64).
fn mix(n: u64) -> u64 {
    let n = n.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    n ^ (n >> 31)
}

fn nanos(hour: u64, second: u64) -> u64 {
    (BEGIN + hour * 3600 + second) * 1_000_000_000
}

fn request(kind: &str, scope: &str, service: u64, items: &str) -> String {
    format!(
        r#"{{"resource{kind}":[{{"resource":{{"attributes":[{},{},{}]}},"scope{kind}":[{{"scope":{{"name":"load"}},{scope}:[{items}]}}]}}]}}"#,
        text("service.name", &format!("service-{service}")),
        text("host.name", &format!("host-{}", service % 7)),
        text("service.version", "1.2.3"),
    )
}

fn text(key: &str, value: &str) -> String {
    format!(r#"{{"key":"{key}","value":{{"stringValue":"{value}"}}}}"#)
}

/// Ten, or twenty, items with commas between them.
fn items(count: u64, item: impl Fn(u64) -> String) -> String {
    let items: Vec<String> = (0..count).map(item).collect();
    items.join(",")
}

fn logs(hour: u64, service: u64) -> String {
    let records = items(10, |n| {
        let took = mix(hour * 1_000 + service * 10 + n) % 1_000;
        format!(
            r#"{{"timeUnixNano":"{}","severityNumber":9,"body":{{"stringValue":"request handled in {took} ms"}},"attributes":[{},{{"key":"duration_ms","value":{{"intValue":"{took}"}}}},{}]}}"#,
            nanos(hour, n),
            text("http.route", &format!("/route/{}", n % 5)),
            text("user.id", &format!("{:08x}", took * 7_919)),
        )
    });
    request("Logs", r#""logRecords""#, service, &records)
}

fn traces(hour: u64, service: u64) -> String {
    let trace = mix(hour * SERVICES + service);
    let spans = items(10, |n| {
        let mut span = String::new();
        let _ = write!(
            span,
            r#"{{"traceId":"{trace:016x}{trace:016x}","spanId":"{:016x}","name":"operation {}","kind":2,"startTimeUnixNano":"{}","endTimeUnixNano":"{}","attributes":[{},{}]}}"#,
            mix(trace + n + 1),
            n % 4,
            nanos(hour, n),
            nanos(hour, n) + mix(trace ^ n) % 100_000_000,
            text("http.method", "GET"),
            text("http.route", &format!("/route/{}", n % 5)),
        );
        span
    });
    request("Spans", r#""spans""#, service, &spans)
}

fn metrics(hour: u64, service: u64) -> String {
    let points = items(20, |n| {
        format!(
            r#"{{"timeUnixNano":"{}","asDouble":0.{:03},"attributes":[{}]}}"#,
            nanos(hour, n),
            mix(hour * 40 + service * 20 + n) % 1_000,
            text("cpu", &n.to_string()),
        )
    });
    let metric = format!(
        r#"{{"name":"system.cpu.utilization","unit":"1","gauge":{{"dataPoints":[{points}]}}}}"#
    );
    request("Metrics", r#""metrics""#, service, &metric)
}

fn count_parts(lake: &Path) -> Result<u64> {
    let mut count = 0;
    for entry in fs::read_dir(lake)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_dir() && name != "_delta_log" {
            count += count_parts(&path)?;
        } else if name.ends_with(".parquet") {
            count += 1;
        }
    }
    Ok(count)
}
