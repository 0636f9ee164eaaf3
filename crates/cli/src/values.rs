//! How the values of options are spelled: sizes, spans of time, moments, speeds, headers.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;
use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::{Timestamp, ToSpan as _};
use otolith_capture::{InputFormat, Signal};
use otolith_receive::Durability;
use otolith_replay::{BadPace, Pace};
use otolith_report::{Calendar, Dimension, LongContext, ServiceTier, TokensBy, WEEKDAYS};

/// Reads a word of `capture`'s list of formats.
pub fn input_format() -> impl TypedValueParser<Value = InputFormat> {
    PossibleValuesParser::new(InputFormat::ALL.map(InputFormat::as_str))
        .map(|word| word.parse().expect("the word is one of the list"))
}

/// Reads `traces`, `metrics` or `logs`.
pub fn signal() -> impl TypedValueParser<Value = Signal> {
    PossibleValuesParser::new(Signal::ALL.map(Signal::as_str)).map(|word| {
        let known = Signal::ALL.into_iter().find(|s| s.as_str() == word);
        known.expect("the word is one of the list")
    })
}

/// Reads a dimension of `--by`.
pub fn dimension() -> impl TypedValueParser<Value = Dimension> {
    PossibleValuesParser::new(Dimension::ALL.map(Dimension::as_str))
        .map(|word| Dimension::parse(&word).expect("the word is one of the list"))
}

/// Reads a dimension that is no calendar unit.
pub fn dimension_without_time() -> impl TypedValueParser<Value = Dimension> {
    let words = Dimension::ALL.into_iter().filter(|d| !d.is_time());
    PossibleValuesParser::new(words.map(Dimension::as_str))
        .map(|word| Dimension::parse(&word).expect("the word is one of the list"))
}

/// Reads a dimension of `--by`, or `type`.
pub fn tokens_by() -> impl TypedValueParser<Value = TokensBy> {
    let words = Dimension::ALL.into_iter().map(Dimension::as_str);
    let words = words.chain([TokensBy::Type.as_str()]);
    PossibleValuesParser::new(words)
        .map(|word| Dimension::parse(&word).map_or(TokensBy::Type, TokensBy::Dimension))
}

/// Reads a word of the rules of long requests.
pub fn long_context() -> impl TypedValueParser<Value = LongContext> {
    PossibleValuesParser::new(LongContext::ALL.map(LongContext::as_str)).map(|word| {
        let known = LongContext::ALL.into_iter().find(|r| r.as_str() == word);
        known.expect("the word is one of the list")
    })
}

/// Reads a word of service tiers.
pub fn service_tier() -> impl TypedValueParser<Value = ServiceTier> {
    PossibleValuesParser::new(ServiceTier::ALL.map(ServiceTier::as_str))
        .map(|word| ServiceTier::parse(&word).expect("the word is one of the list"))
}

/// Reads a day of the week: `monday`.
pub fn weekday() -> impl TypedValueParser<Value = Weekday> {
    PossibleValuesParser::new(WEEKDAYS.map(|(word, _)| word)).map(|word| {
        let known = WEEKDAYS.into_iter().find(|(known, _)| *known == word);
        known.expect("the word is one of the list").1
    })
}

/// Why a value is not one.
#[derive(Debug, PartialEq, Eq)]
pub struct BadValue(&'static str);

impl fmt::Display for BadValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected {}", self.0)
    }
}

impl std::error::Error for BadValue {}

const TRACE_ID: BadValue = BadValue("32 hexadecimal digits, as traces show them");

/// Reads the id of a trace; dashes are left out, letter case does not matter.
pub fn trace_id(text: &str) -> Result<String, BadValue> {
    let id = text.replace('-', "").to_ascii_lowercase();
    let is_id = id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_id.then_some(id).ok_or(TRACE_ID)
}

const SIZE: BadValue = BadValue("a number of bytes, or one with KiB, MiB, GiB, kB, MB or GB");

/// Reads a size: `1048576`, `64MiB`, `2GB`. Letter case does not matter.
pub fn size(text: &str) -> Result<u64, BadValue> {
    let (number, unit) = split_unit(text);
    let number: u64 = number.parse().map_err(|_| SIZE)?;
    let factor: u64 = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kib" => 1 << 10,
        "m" | "mib" => 1 << 20,
        "g" | "gib" => 1 << 30,
        "kb" => 1_000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        _ => return Err(SIZE),
    };
    number.checked_mul(factor).ok_or(SIZE)
}

/// Reads a pace of recorded gaps: `10x`, `max`, `1x:1m,10x`.
pub fn speed(text: &str) -> Result<Pace, BadPace> {
    match text.parse()? {
        Pace::Rate(..) => Err(BadPace::Spelling),
        pace => Ok(pace),
    }
}

/// Reads a pace of so much per second: `500/s`.
pub fn rate(text: &str) -> Result<Pace, BadPace> {
    match text.parse()? {
        pace @ Pace::Rate(..) => Ok(pace),
        Pace::Recorded(_) | Pace::Max => Err(BadPace::Spelling),
    }
}

/// How often a replay sends everything; without an end if not given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loops(pub Option<NonZeroU32>);

/// Reads a number of loops, or `forever`.
pub fn loops(text: &str) -> Result<Loops, BadValue> {
    let number = || text.parse().map(Some);
    let loops = match text {
        "forever" => Ok(None),
        _ => number(),
    };
    loops
        .map(Loops)
        .map_err(|_| BadValue("a number from 1 to 4294967295, or `forever`"))
}

/// Reads a date of the calendar: `2026-10-01`.
pub fn date(text: &str) -> Result<Date, BadValue> {
    let date = text
        .parse()
        .ok()
        .filter(|date: &Date| date.to_string() == text);
    date.ok_or(BadValue("a date such as `2026-10-01`"))
}

/// Days from 1970-01-01 to a date.
pub fn days(date: Date) -> i32 {
    (date - Date::constant(1970, 1, 1)).get_days()
}

const SPAN: BadValue = BadValue("a number with ms, s, m, h, d or w, such as `90s`");

/// Reads a span of time: `500ms`, `90s`, `30m`, `24h`, `7d`, `2w`. Days have 24 hours.
pub fn span(text: &str) -> Result<Duration, BadValue> {
    let (number, unit) = split_unit(text);
    let number: u64 = number.parse().map_err(|_| SPAN)?;
    let milliseconds: u64 = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" | "min" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        "w" => 604_800_000,
        _ => return Err(SPAN),
    };
    let total = number.checked_mul(milliseconds).ok_or(SPAN)?;
    Ok(Duration::from_millis(total))
}

/// Reads a span of time above 0.
pub fn positive_span(text: &str) -> Result<Duration, BadValue> {
    let span = span(text)?;
    let above = BadValue("a time above 0, such as `90s`");
    (!span.is_zero()).then_some(span).ok_or(above)
}

/// Reads a size of memory above 0.
pub fn memory(text: &str) -> Result<usize, BadValue> {
    let size = usize::try_from(size(text)?).ok();
    size.filter(|size| *size > 0).ok_or(SIZE)
}

const ADDRESS: BadValue = BadValue(
    "`IP:PORT` such as `127.0.0.1:4318`, `[::1]:4318` or `0.0.0.0:4318` (all interfaces), or a port \
     of the loopback interface such as `4318`",
);

/// Reads an address to listen on.
pub fn listen(text: &str) -> Result<SocketAddr, BadValue> {
    let port = text.strip_prefix("localhost:").unwrap_or(text);
    match port.parse() {
        Ok(port) => Ok((Ipv4Addr::LOCALHOST, port).into()),
        Err(_) => text.parse().map_err(|_| ADDRESS),
    }
}

/// Reads what acknowledgements promise: `always`, `interval=1s` or `never`.
pub fn durability(text: &str) -> Result<Durability, BadValue> {
    const WHEN: BadValue = BadValue("`always`, `never`, or `interval=TIME` such as `interval=1s`");
    match text.split_once('=') {
        None if text == "always" => Ok(Durability::Always),
        None if text == "never" => Ok(Durability::Never),
        Some(("interval", time)) => positive_span(time).map(Durability::Every).map_err(|_| WHEN),
        _ => Err(WHEN),
    }
}

/// A point in time as typed, to be fixed when zone and newest item are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// An instant, in nanoseconds since the Unix epoch.
    At(i64),
    /// A day of the calendar.
    Day(Date),
    /// When the clock of the zone shows this.
    Clock(DateTime),
    /// So long before the newest item.
    Back(Duration),
    /// So many days of the calendar before the newest item.
    DaysBack(i64),
}

/// Which side of a day, or of times that the clock shows twice, is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edge {
    /// Its first instant.
    Start,
    /// The first instant after it.
    End,
}

/// What `--now` stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Present {
    /// The clock of this machine.
    Clock,
    /// A time of its own.
    Moment(Moment),
}

impl Present {
    /// Reads `clock`, or a time as [`Moment::parse`] does.
    pub fn parse(text: &str) -> Result<Self, BadValue> {
        match text {
            "clock" => Ok(Self::Clock),
            text => Moment::parse(text).map(Self::Moment),
        }
    }
}

impl Moment {
    /// Reads RFC 3339, a date, a date and time without an offset, or a span back.
    pub fn parse(text: &str) -> Result<Self, BadValue> {
        const MOMENT: BadValue = BadValue(
            "RFC 3339 such as `2026-11-20T12:00:00Z`, a date, a time of the clock such as \
             `2026-11-20T12:00`, or a span back such as `7d`",
        );
        if let Some(days) = days_back(text) {
            return Ok(Self::DaysBack(days));
        }
        if let Ok(back) = span(text) {
            return Ok(Self::Back(back));
        }
        if text.len() == "2026-11-20".len()
            && let Ok(day) = text.parse()
        {
            return Ok(Self::Day(day));
        }
        if let Ok(instant) = text.parse::<Timestamp>() {
            return Ok(Self::At(saturate(instant.as_nanosecond())));
        }
        let is_clock = text.len() >= "2026-11-20T12:00".len() && !text.contains('[');
        let clock = is_clock.then(|| text.parse().ok()).flatten();
        clock.map(Self::Clock).ok_or(MOMENT)
    }

    /// Whether it counts back from the newest item.
    pub fn counts_back(self) -> bool {
        matches!(self, Self::Back(_) | Self::DaysBack(_))
    }

    /// The instant in nanoseconds since the Unix epoch, counting back from `newest`. Instants out
    /// of range become the nearest one in range; without a newest item nothing is cut off.
    pub fn fix(self, edge: Edge, calendar: &Calendar, newest: Option<i64>) -> Option<i64> {
        match self {
            Self::At(nanos) => Some(nanos),
            Self::Day(day) => {
                let day = match edge {
                    Edge::Start => day,
                    Edge::End => day.saturating_add(1.day()),
                };
                Some(calendar.first_instant(day.to_datetime(Time::midnight())))
            }
            Self::Clock(shown) => Some(match edge {
                Edge::Start => calendar.first_instant(shown),
                Edge::End => calendar.last_instant(shown),
            }),
            Self::Back(back) => {
                let back = i128::try_from(back.as_nanos()).unwrap_or(i128::MAX);
                newest.map(|newest| saturate(i128::from(newest).saturating_sub(back)))
            }
            Self::DaysBack(days) => {
                let newest = Timestamp::from_nanosecond(i128::from(newest?)).ok()?;
                let shown = calendar.tz.to_datetime(newest);
                Some(calendar.first_instant(shown.saturating_sub(days.days())))
            }
        }
    }
}

/// More days than a calendar has.
const MOST_DAYS: i64 = 7_000_000;

/// Reads a number of days or weeks.
fn days_back(text: &str) -> Option<i64> {
    let (number, unit) = split_unit(text);
    let days = match unit {
        "d" => 1,
        "w" => 7,
        _ => return None,
    };
    let number: i64 = number.parse().ok()?;
    Some(number.saturating_mul(days).min(MOST_DAYS))
}

fn saturate(nanos: i128) -> i64 {
    i64::try_from(nanos).unwrap_or(if nanos < 0 { i64::MIN } else { i64::MAX })
}

/// Splits `64MiB` into `64` and `MiB`.
fn split_unit(text: &str) -> (&str, &str) {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    text.split_at(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000_000;
    /// 2026-11-20T00:00:00Z.
    const DAY: i64 = 1_795_132_800 * SECOND;
    const HOUR: i64 = 3_600 * SECOND;

    fn berlin() -> Calendar {
        Calendar {
            tz: otolith_report::time_zone("Europe/Berlin").unwrap(),
            ..Calendar::default()
        }
    }

    fn check<T: fmt::Debug + PartialEq, E: fmt::Debug>(
        parse: impl Fn(&str) -> Result<T, E>,
        text: &str,
        expected: Option<T>,
    ) {
        assert_eq!(parse(text).ok(), expected, "{text}");
    }

    #[test]
    fn sizes_have_binary_and_decimal_units() {
        check(size, "10", Some(10));
        check(size, "64MiB", Some(64 << 20));
        check(size, "2gb", Some(2_000_000_000));
        check(size, "", None);
        check(size, "1.5MiB", None);
        check(size, "-1", None);
        check(size, "99999999999GiB", None);
    }

    #[test]
    fn spans_have_a_unit() {
        check(span, "500ms", Some(Duration::from_millis(500)));
        check(span, "7d", Some(Duration::from_secs(7 * 86_400)));
        check(span, "7", None);
        check(span, "d", None);
        check(span, "99999999999999999w", None);
    }

    #[test]
    fn paces_and_loops_are_spelled_as_documented() {
        let shown = |parse: fn(&str) -> Result<Pace, BadPace>, text: &str| {
            parse(text).ok().map(|pace| pace.to_string())
        };
        assert_eq!(shown(speed, "1x:1m,max"), None);
        assert_eq!(shown(speed, "1x:1m,10x").as_deref(), Some("1x:60s,10x"));
        assert_eq!(shown(speed, "500/s"), None);
        assert_eq!(shown(rate, "5MiB/s").as_deref(), Some("5242880B/s"));
        assert_eq!(shown(rate, "10x"), None);
        assert_eq!(shown(rate, "max"), None);
        check(loops, "3", Some(Loops(NonZeroU32::new(3))));
        check(loops, "forever", Some(Loops(None)));
        for bad in ["0", "-1", "", "many", "4294967296"] {
            check(loops, bad, None);
        }
    }

    #[test]
    fn addresses_name_their_interface() {
        let address = |text: &str| Some(text.parse().unwrap());
        check(listen, "127.0.0.1:4318", address("127.0.0.1:4318"));
        check(listen, "4318", address("127.0.0.1:4318"));
        check(listen, "localhost:0", address("127.0.0.1:0"));
        check(listen, "[::1]:4318", address("[::1]:4318"));
        check(listen, "0.0.0.0:4318", address("0.0.0.0:4318"));
        for bad in [":4318", "example.com:4318", "127.0.0.1", "65536", ""] {
            check(listen, bad, None);
        }
    }

    #[test]
    fn acknowledgements_promise_as_told() {
        check(durability, "always", Some(Durability::Always));
        check(durability, "never", Some(Durability::Never));
        let second = Durability::Every(Duration::from_secs(1));
        check(durability, "interval=1s", Some(second));
        for bad in [
            "",
            "interval",
            "interval=0s",
            "interval=x",
            "always=1s",
            "sometimes",
        ] {
            check(durability, bad, None);
        }
    }

    #[test]
    fn moments_are_instants_days_or_spans() {
        check(
            Moment::parse,
            "2026-11-20T00:00:01Z",
            Some(Moment::At(DAY + SECOND)),
        );
        check(
            Moment::parse,
            "2026-11-20T01:00:00+01:00",
            Some(Moment::At(DAY)),
        );
        check(
            Moment::parse,
            "24h",
            Some(Moment::Back(Duration::from_secs(86_400))),
        );
        check(Moment::parse, "2w", Some(Moment::DaysBack(14)));
        check(
            Moment::parse,
            "2026-11-20T01:00",
            Some(Moment::Clock("2026-11-20T01:00:00".parse().unwrap())),
        );
        check(Moment::parse, "2026-11-20T01:00[Europe/Berlin]", None);
        check(Moment::parse, "2026-11-31", None);
        check(Moment::parse, "yesterday", None);
    }

    #[test]
    fn days_begin_and_end_in_the_zone() {
        let day = Moment::parse("2026-11-20").unwrap();
        let utc = Calendar::default();
        assert_eq!(day.fix(Edge::Start, &utc, None), Some(DAY));
        assert_eq!(day.fix(Edge::End, &utc, None), Some(DAY + 24 * HOUR));
        assert_eq!(day.fix(Edge::Start, &berlin(), None), Some(DAY - HOUR));
    }

    #[test]
    fn days_of_a_change_of_clocks_are_those_of_the_calendar() {
        // Noon in Berlin after the night of the 25th, which had an hour more.
        let noon: Timestamp = "2026-10-25T11:00:00Z".parse().unwrap();
        let noon = saturate(noon.as_nanosecond());
        let back = |text: &str| {
            let moment = Moment::parse(text).unwrap();
            noon - moment.fix(Edge::Start, &berlin(), Some(noon)).unwrap()
        };
        assert_eq!(back("1d"), 25 * HOUR);
        assert_eq!(back("24h"), 24 * HOUR);
        assert_eq!(back("1w"), (7 * 24 + 1) * HOUR);
        let day = Moment::parse("2026-10-25").unwrap();
        let [start, end] = [Edge::Start, Edge::End].map(|e| day.fix(e, &berlin(), None).unwrap());
        assert_eq!(end - start, 25 * HOUR);
        // What the clock shows twice is selected as a whole.
        let twice = Moment::parse("2026-10-25T02:30").unwrap();
        let [since, until] =
            [Edge::Start, Edge::End].map(|e| twice.fix(e, &berlin(), None).unwrap());
        assert_eq!((since - start, until - since), (5 * HOUR / 2, HOUR));
    }

    #[test]
    fn moments_out_of_range_are_the_nearest_in_range() {
        let fix = |text: &str| {
            let moment = Moment::parse(text).unwrap();
            [Edge::Start, Edge::End].map(|edge| moment.fix(edge, &Calendar::default(), None))
        };
        assert_eq!(fix("9999-12-31"), [Some(i64::MAX); 2]);
        assert_eq!(fix("0001-01-01"), [Some(i64::MIN); 2]);
        assert_eq!(fix("3000-01-01T00:00:00Z"), [Some(i64::MAX); 2]);
    }

    #[test]
    fn spans_count_back_from_the_newest_item() {
        let back = Moment::parse("1h").unwrap();
        assert_eq!(
            back.fix(Edge::Start, &Calendar::default(), Some(DAY)),
            Some(DAY - 3_600 * SECOND)
        );
        assert_eq!(back.fix(Edge::Start, &Calendar::default(), None), None);
    }

    #[test]
    fn spans_count_back_and_times_do_not() {
        for text in ["90s", "24h", "7d", "2w"] {
            assert!(Moment::parse(text).unwrap().counts_back(), "{text}");
        }
        for text in ["2026-11-20", "2026-11-20T12:00", "2026-11-20T12:00:00Z"] {
            assert!(!Moment::parse(text).unwrap().counts_back(), "{text}");
        }
    }
}
