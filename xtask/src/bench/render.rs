//! Results as text: tables of medians, and the ratios that the targets are about.

use std::fmt::Write as _;

use super::measure::median;
use super::{Case, Results, Sample, stages};

/// A ratio: what, how it is worded, the case above and below the line.
struct Ratio {
    what: &'static str,
    of: fn(&Sample) -> f64,
    above: &'static str,
    below: &'static str,
    /// Whether each is taken per byte of its input.
    per_byte: bool,
}

const fn wall(what: &'static str, above: &'static str, below: &'static str) -> Ratio {
    Ratio {
        what,
        of: |sample| sample.wall_s,
        above,
        below,
        per_byte: false,
    }
}

const fn user(what: &'static str, above: &'static str, below: &'static str) -> Ratio {
    Ratio {
        of: |sample| sample.user_s,
        ..wall(what, above, below)
    }
}

const RATIOS: [Ratio; 18] = [
    wall(
        "otlp2records to otolith on 2 threads, JSON lines, wall",
        "otlp2records, json",
        "json, 2 threads",
    ),
    wall(
        "otlp2records to otolith on 1 thread, JSON lines, wall",
        "otlp2records, json",
        "json, 1 thread",
    ),
    user(
        "otlp2records to otolith on 1 thread, JSON lines, user CPU",
        "otlp2records, json",
        "json, 1 thread",
    ),
    wall(
        "otlp2records to otolith on 2 threads, protobuf, wall",
        "otlp2records, protobuf",
        "protobuf, 2 threads",
    ),
    wall(
        "otlp2records to otolith on 1 thread, protobuf, wall",
        "otlp2records, protobuf",
        "protobuf, 1 thread",
    ),
    user(
        "otlp2records to otolith on 1 thread, protobuf, user CPU",
        "otlp2records, protobuf",
        "protobuf, 1 thread",
    ),
    wall(
        "DuckDB to otolith, both on 2 threads, JSON lines, wall",
        "DuckDB, json",
        "json, 2 threads",
    ),
    wall(
        "Python loop to `report summary` on 2 threads, agentic-ci, wall",
        "Python loop, agentic-ci",
        "report summary, agentic-ci, 2 threads",
    ),
    wall(
        "Python loop over log records alone to the same",
        "Python loop over log records, agentic-ci",
        "report summary, agentic-ci, 2 threads",
    ),
    wall(
        "1 thread to 2, JSON lines, wall",
        "json, 1 thread",
        "json, 2 threads",
    ),
    wall(
        "1 thread to 2, agentic-ci, wall",
        "agentic-ci, 1 thread",
        "agentic-ci, 2 threads",
    ),
    wall(
        "1 thread to 2, protobuf, wall",
        "protobuf, 1 thread",
        "protobuf, 2 threads",
    ),
    wall(
        "1 thread to 2, JSON lines of 1 GB, wall",
        "large json, 1 thread",
        "large json, 2 threads",
    ),
    wall(
        "zstd input to plain, wall",
        "json.zst, 2 threads",
        "json, 2 threads",
    ),
    wall(
        "gzip input to plain, wall",
        "json.gz, 2 threads",
        "json, 2 threads",
    ),
    Ratio {
        per_byte: true,
        ..wall(
            "requests of 10 items to 1,024, per byte, wall",
            "json in tens, 2 threads",
            "json, 2 threads",
        )
    },
    wall(
        "10,000 files to one, wall",
        "10,000 files, 2 threads",
        "json in tens, 2 threads",
    ),
    Ratio {
        of: |sample| sample.peak_mib,
        ..wall(
            "1 GB input to 200 MB, peak memory",
            "large json, 2 threads",
            "json, 2 threads",
        )
    },
];

/// The medians of cases, the ratios, and the stages; each only if there is something to tell.
pub fn tables(results: &Results) -> String {
    let mut out = String::new();
    if !results.cases.is_empty() {
        whole(results, &mut out);
    }
    out + &stages::table(&results.stages)
}

fn whole(results: &Results, out: &mut String) {
    out.push_str(
        "| case | input MB | wall s | user CPU s | system CPU s | MB/s | peak MiB | Parquet MB |\n\
         |---|---|---|---|---|---|---|---|\n",
    );
    for case in &results.cases {
        let mb = case.input_bytes as f64 / 1e6;
        let seconds = of(case, |sample| sample.wall_s);
        let parquet = case
            .parquet_bytes
            .map(|bytes| format!("{:.2}", bytes as f64 / 1e6));
        let _ = writeln!(
            out,
            "| {} | {mb:.1} | {seconds:.3} | {:.3} | {:.3} | {:.0} | {:.0} | {} |",
            case.name,
            of(case, |sample| sample.user_s),
            of(case, |sample| sample.system_s),
            mb / seconds,
            of(case, |sample| sample.peak_mib),
            parquet.unwrap_or_default(),
        );
    }
    out.push_str("\n| ratio, median of the rounds | |\n|---|---|\n");
    for ratio in RATIOS {
        let find = |name| results.cases.iter().find(|case| case.name == name);
        let (Some(above), Some(below)) = (find(ratio.above), find(ratio.below)) else {
            continue;
        };
        // Round by round, because both meet the same machine then.
        let pairs = above.samples.iter().zip(&below.samples);
        let ratios = pairs.map(|(above, below)| (ratio.of)(above) / (ratio.of)(below));
        let mut value = median(ratios.collect());
        if ratio.per_byte {
            value *= below.input_bytes as f64 / above.input_bytes as f64;
        }
        let _ = writeln!(out, "| {} | {value:.2} |", ratio.what);
    }
}

fn of(case: &Case, value: fn(&Sample) -> f64) -> f64 {
    median(case.samples.iter().map(value).collect())
}
