//! Writes what was measured as a log of HDR histograms.

use std::io::{self, Write};
use std::time::Duration;

use hdrhistogram::Histogram;
use hdrhistogram::serialization::V2DeflateSerializer;
use hdrhistogram::serialization::interval_log::{
    IntervalLogWriter, IntervalLogWriterBuilder, IntervalLogWriterError, Tag,
};

use crate::histogram::coarse_histogram;
use crate::measurements::Measurements;
use crate::series::Measure;

/// Values are nanoseconds; the greatest one of a line is in milliseconds, as is usual.
const NANOS_PER_MILLI: f64 = 1e6;

impl Measurements {
    /// Writes an interval log of [HdrHistogram](https://github.com/HdrHistogram/HdrHistogram), format
    /// 1.3 with V2 histograms: values in nanoseconds, times in seconds since the start of the run,
    /// the greatest value of each line in milliseconds.
    ///
    /// First the whole run, to three digits, with a tag for each [`Measure`], such as `run:latency`; then
    /// interval by interval, to two digits, `latency` and so on. What was not measured has no line.
    ///
    /// # Errors
    ///
    /// When writing fails.
    pub fn write_hdr_log(&self, out: &mut impl Write) -> io::Result<()> {
        let start = self.start_unix_nano as f64 / 1e9;
        writeln!(out, "#[Written by otolith {}]", env!("CARGO_PKG_VERSION"))?;
        writeln!(out, "#[Histogram log format version 1.3]")?;
        writeln!(
            out,
            "#[Values in nanoseconds, Interval_Max in milliseconds]"
        )?;
        writeln!(out, "#[StartTime: {start:.3} (seconds since epoch)]")?;
        writeln!(out, "#[BaseTime: {start:.3} (seconds since epoch)]")?;
        writeln!(
            out,
            "\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\",\"Interval_Compressed_Histogram\""
        )?;
        let mut serializer = V2DeflateSerializer::new();
        let mut log = IntervalLogWriterBuilder::new()
            .with_max_value_divisor(NANOS_PER_MILLI)
            .begin_log_with(out, &mut serializer)?;
        let length = self.history.length;
        for measure in Measure::ALL {
            let whole = &self.whole[measure as usize];
            let tag = format!("run:{}", measure.as_str());
            line(&mut log, whole, Duration::ZERO, length, &tag)?;
        }
        let mut times = coarse_histogram();
        let width = self.history.width;
        let mut start = Duration::ZERO;
        for interval in &self.history.intervals {
            let lasts = width.min(length.saturating_sub(start));
            for measure in Measure::ALL {
                times.reset();
                interval.times[measure as usize].add_to(&mut times);
                line(&mut log, &times, start, lasts, measure.as_str())?;
            }
            start = start.saturating_add(width);
        }
        Ok(())
    }
}

/// Writes a histogram if there is anything in it.
fn line<W: Write>(
    log: &mut IntervalLogWriter<'_, '_, W, V2DeflateSerializer>,
    histogram: &Histogram<u64>,
    start: Duration,
    length: Duration,
    tag: &str,
) -> io::Result<()> {
    if histogram.is_empty() {
        return Ok(());
    }
    let written = log.write_histogram(histogram, start, length, Tag::new(tag));
    written.map_err(|error| match error {
        IntervalLogWriterError::IoError(error) => error,
        IntervalLogWriterError::SerializeError(error) => io::Error::other(error.to_string()),
    })
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::prelude::BASE64_STANDARD;
    use hdrhistogram::serialization::Deserializer;
    use hdrhistogram::serialization::interval_log::{IntervalLogIterator, LogEntry};

    use super::*;
    use crate::histogram::histogram;
    use crate::series::Series;

    /// 100 requests, 10 ms apart, each 3 ms late, 2 of them for others in flight, and answered 1 to
    /// 100 ms after that.
    fn measured() -> Measurements {
        let ms = Duration::from_millis;
        let start = ms(5_000);
        let mut series = Series::new(start);
        let mut whole = Measure::ALL.map(|_| histogram());
        for n in 0..100 {
            let intended = start + ms(n * 10);
            series.sent(Some(intended), intended + ms(3), 1);
            series.late_by(ms(2), ms(1));
            series.answered(ms(n + 1));
            series.finished(ms(n + 4), false);
            for (histogram, value) in whole.iter_mut().zip([n + 4, n + 1, 3, 2, 1]) {
                histogram.record(value * 1_000_000).unwrap();
            }
        }
        Measurements {
            start_unix_nano: 1_800_000_000_250_000_000,
            whole,
            history: series.closed(),
        }
    }

    struct Line {
        tag: String,
        start: Duration,
        length: Duration,
        max: f64,
        histogram: Histogram<u64>,
    }

    fn read(log: &[u8]) -> (Vec<Duration>, Vec<Line>) {
        let (mut times, mut lines) = (Vec::new(), Vec::new());
        for entry in IntervalLogIterator::new(log) {
            match entry.unwrap() {
                LogEntry::StartTime(time) | LogEntry::BaseTime(time) => times.push(time),
                LogEntry::Interval(line) => {
                    let bytes = BASE64_STANDARD.decode(line.encoded_histogram()).unwrap();
                    lines.push(Line {
                        tag: line.tag().unwrap().as_str().to_owned(),
                        start: line.start_timestamp(),
                        length: line.duration(),
                        max: line.max(),
                        histogram: Deserializer::new().deserialize(&mut &*bytes).unwrap(),
                    });
                }
            }
        }
        (times, lines)
    }

    #[test]
    fn a_log_reads_back_as_it_was_measured() {
        let measured = measured();
        let mut log = Vec::new();
        measured.write_hdr_log(&mut log).unwrap();
        let (times, lines) = read(&log);
        assert_eq!(times, [Duration::from_millis(1_800_000_000_250); 2]);
        let run: Vec<&Line> = lines.iter().filter(|l| l.tag.starts_with("run:")).collect();
        let tags: Vec<&str> = run.iter().map(|line| &*line.tag).collect();
        let expected = [
            "run:latency",
            "run:service_time",
            "run:lateness",
            "run:limit_wait",
            "run:sender_delay",
        ];
        assert_eq!(tags, expected);
        for (line, measure) in run.iter().zip(Measure::ALL) {
            assert_eq!(line.histogram, measured.whole[measure as usize]);
            assert_eq!((line.start, line.length.as_millis()), (Duration::ZERO, 993));
        }
        assert!((run[0].max - 103.0).abs() < 0.1, "{}", run[0].max);
        for measure in Measure::ALL {
            let of = |line: &&Line| line.tag == measure.as_str();
            let intervals: Vec<&Line> = lines.iter().filter(of).collect();
            assert_eq!(intervals.len(), 10);
            for (index, line) in intervals.iter().enumerate() {
                assert_eq!(line.start, Duration::from_millis(100 * index as u64));
                assert_eq!(line.histogram.len(), 10);
                assert_eq!(line.length.as_millis(), if index < 9 { 100 } else { 93 });
            }
        }
        // In the third tenth of a second were the requests 20 to 29.
        let third = lines.iter().filter(|line| line.tag == "latency").nth(2);
        let (min, max) = third
            .map(|l| (l.histogram.min(), l.histogram.max()))
            .unwrap();
        assert!((23_800_000..=24_000_000).contains(&min), "{min}");
        assert!((33_000_000..=33_300_000).contains(&max), "{max}");
        for (tag, millis) in [("limit_wait", 2), ("sender_delay", 1)] {
            let third = lines.iter().filter(|line| line.tag == tag).nth(2).unwrap();
            let off = third.histogram.mean() / (millis as f64 * 1e6) - 1.0;
            assert!(off.abs() < 0.01, "{tag} {off}");
        }
    }

    #[test]
    fn what_was_not_measured_has_no_line() {
        let mut log = Vec::new();
        Measurements::default().write_hdr_log(&mut log).unwrap();
        assert!(read(&log).1.is_empty());
    }
}
