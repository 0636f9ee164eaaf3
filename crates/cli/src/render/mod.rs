//! Answers as text: how a [`Report`] and the other results are shown.

mod blocks;
mod chart;
mod csv;
mod facts;
mod html;
mod json;
mod markdown;
mod numbers;
mod output;
mod parquet;
mod table;
#[cfg(test)]
mod testing;

pub mod account;
pub mod comparison;
pub mod inspection;
pub mod lake;
pub mod outcome;
pub mod page;
pub mod plan;
pub mod reception;
pub mod requests;
pub mod upkeep;

pub use chart::millis;
pub use json::object;
pub use numbers::{bytes, count, double};
pub use output::Output;
pub use table::one_line;

use std::io;
use std::time::Duration;

use otolith_report::{Answer, Note, Report};

use crate::args::Format;

/// Writes an answer.
pub fn report(report: &Report, format: Format, output: &mut Output) -> io::Result<()> {
    match format {
        Format::Table => table::write(report, output.look(), output),
        Format::Csv => csv::write(&report.columns, &report.rows, output.look(), output),
        Format::Json => json::write(report, output),
        Format::Jsonl => json::write_lines(report, output),
        Format::Markdown => markdown::write(report, output),
        Format::Html => html::write(report, output),
        Format::Parquet => parquet::write(report, output),
    }
}

/// Writes an answer whose rows may be made meanwhile; gives all of it that notes and hints need.
pub fn answer(answer: Answer, format: Format, output: &mut Output) -> io::Result<Answer> {
    if format == Format::Csv {
        csv::write(&answer.head().columns, answer.rows(), output.look(), output)?;
        return Ok(answer);
    }
    let whole = answer.into_report();
    report(&whole, format, output)?;
    Ok(whole.into())
}

/// A note in one line, with its count where that says more than one.
pub fn note_text(note: &Note) -> String {
    match note.count {
        0 | 1 => note.text.clone(),
        n => format!("{} ({})", note.text, count(n)),
    }
}

/// How fast bytes were read: `34.2 MB in 0.41 s, 83.4 MB/s`.
pub fn rate(bytes_read: u64, elapsed: Duration) -> String {
    let seconds = elapsed.as_secs_f64();
    let per_second = bytes_read as f64 / seconds.max(f64::EPSILON);
    format!(
        "{} in {seconds:.2} s, {}/s",
        bytes(bytes_read),
        bytes(per_second as u64)
    )
}
