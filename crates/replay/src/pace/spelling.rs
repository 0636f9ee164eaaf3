//! How paces are written.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::{BadPace, MAX_STAGES, Pace, Profile, RateUnit, Stage};

impl Pace {
    fn unit(&self) -> &'static str {
        match self {
            Self::Recorded(_) => "x",
            Self::Rate(unit, _) => unit.suffix(),
            Self::Max => "",
        }
    }
}

impl RateUnit {
    const fn suffix(self) -> &'static str {
        match self {
            Self::Requests => "/s",
            Self::Items => "items/s",
            Self::Bytes => "B/s",
        }
    }
}

impl fmt::Display for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(profile) = self.profile() else {
            return f.write_str("max");
        };
        for (index, stage) in profile.stages.iter().enumerate() {
            if index > 0 {
                f.write_str(",")?;
            }
            if stage.from != stage.to {
                write!(f, "{}..", stage.from)?;
            }
            write!(f, "{}{}", stage.to, self.unit())?;
            if let Some(length) = stage.length {
                match length.subsec_millis() {
                    0 => write!(f, ":{}s", length.as_secs())?,
                    _ => write!(f, ":{}ms", length.as_millis())?,
                }
            }
        }
        Ok(())
    }
}

/// What a stage counts, as it is spelled.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Counted {
    Factor,
    Rate(RateUnit),
}

impl FromStr for Pace {
    type Err = BadPace;

    fn from_str(text: &str) -> Result<Self, BadPace> {
        if text == "max" {
            return Ok(Self::Max);
        }
        let mut stages = Vec::new();
        let mut counted = None;
        for text in text.split(',').take(MAX_STAGES + 1) {
            let (unit, stage) = parse_stage(text).ok_or(BadPace::Spelling)?;
            if *counted.get_or_insert(unit) != unit {
                return Err(BadPace::Units);
            }
            stages.push(stage);
        }
        let profile = Profile::new(stages)?;
        Ok(match counted.ok_or(BadPace::Spelling)? {
            Counted::Factor => Self::Recorded(profile),
            Counted::Rate(unit) => Self::Rate(unit, profile),
        })
    }
}

/// Reads `1x`, `20`, `0..500/s:30s`.
fn parse_stage(text: &str) -> Option<(Counted, Stage)> {
    let (rates, length) = match text.rsplit_once(':') {
        Some((rates, length)) => (rates, Some(parse_time(length)?)),
        None => (text, None),
    };
    let (from, to) = match rates.split_once("..") {
        Some((from, to)) => (Some(from), to),
        None => (None, rates),
    };
    let (to, unit) = split_number(to)?;
    let (counted, factor) = parse_unit(unit)?;
    let from = match from.map(split_number) {
        None => to,
        Some(Some((from, own))) if own.is_empty() || own == unit => from,
        Some(_) => return None,
    };
    let stage = Stage {
        from: from * factor,
        to: to * factor,
        length,
    };
    Some((counted, stage))
}

/// What is counted, and how many of it per second are one of the unit.
fn parse_unit(unit: &str) -> Option<(Counted, f64)> {
    let Some((what, per)) = unit.split_once('/') else {
        return matches!(unit, "" | "x").then_some((Counted::Factor, 1.0));
    };
    let seconds = match per {
        "s" | "sec" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3_600.0,
        _ => return None,
    };
    let (unit, factor) = match what.trim_end() {
        "" | "req" | "requests" => (RateUnit::Requests, 1.0),
        "item" | "items" => (RateUnit::Items, 1.0),
        "B" => (RateUnit::Bytes, 1.0),
        "kB" | "KB" => (RateUnit::Bytes, 1e3),
        "MB" => (RateUnit::Bytes, 1e6),
        "GB" => (RateUnit::Bytes, 1e9),
        "KiB" => (RateUnit::Bytes, 1024.0),
        "MiB" => (RateUnit::Bytes, 1_048_576.0),
        "GiB" => (RateUnit::Bytes, 1_073_741_824.0),
        _ => return None,
    };
    Some((Counted::Rate(unit), factor / seconds))
}

/// Reads `500ms`, `30s`, `5m`, `2h`.
fn parse_time(text: &str) -> Option<Duration> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().ok()?;
    let milliseconds: u64 = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" | "min" => 60_000,
        "h" => 3_600_000,
        _ => return None,
    };
    number.checked_mul(milliseconds).map(Duration::from_millis)
}

/// A number without a sign, and what follows it.
fn split_number(text: &str) -> Option<(f64, &str)> {
    let text = text.trim();
    let is_number = |byte: &u8| byte.is_ascii_digit() || *byte == b'.';
    let (number, unit) = text.split_at(text.bytes().take_while(is_number).count());
    Some((number.parse().ok()?, unit.trim_start()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(input: &str, expected: Result<&str, BadPace>) {
        let pace = input.parse::<Pace>().map(|pace| pace.to_string());
        assert_eq!(
            pace.as_deref(),
            expected.as_ref().map(|text| *text),
            "{input}"
        );
        if let Ok(text) = expected {
            assert_eq!(text.parse::<Pace>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn paces_are_speeds_and_rates_in_stages() {
        check("1x", Ok("1x"));
        check("0.5x", Ok("0.5x"));
        check("20", Ok("20x"));
        check("max", Ok("max"));
        check("500/s", Ok("500/s"));
        check("500 requests/s", Ok("500/s"));
        check("300/min", Ok("5/s"));
        check("20000items/s", Ok("20000items/s"));
        check("1.5KiB/s", Ok("1536B/s"));
        check("5 MB/s", Ok("5000000B/s"));
        check("0..500/s:30s,500/s:5m", Ok("0..500/s:30s,500/s:300s"));
        check("100/s..500/s:1500ms", Ok("100..500/s:1500ms"));
        check("1x:1m,10x", Ok("1x:60s,10x"));
        check("0/s:1s,5/s", Ok("0/s:1s,5/s"));
    }

    #[test]
    fn what_is_no_pace_says_why() {
        for bad in [
            "",
            "x",
            "-1x",
            "infx",
            "nan",
            "fast",
            "1xx",
            "5/",
            "5/d",
            "5apples/s",
            "1..5",
            "1x:",
            "1x:5",
            "5/s:1w",
            "1x/s",
            "5MiB..6MB/s:1s",
            ",",
            "5/s,",
        ] {
            let expected = match bad {
                "1..5" => BadPace::Open,
                _ => BadPace::Spelling,
            };
            check(bad, Err(expected));
        }
        check("0x", Err(BadPace::Number));
        check("0/s:5s", Err(BadPace::Number));
        check("5/s,6/s", Err(BadPace::Endless));
        check("5..6/s", Err(BadPace::Open));
        check("5/s:5s,0/s", Err(BadPace::Open));
        check("5/s:0s", Err(BadPace::Open));
        check("5/s:5s,6items/s", Err(BadPace::Units));
        check(
            &vec!["1x:1s"; MAX_STAGES + 1].join(","),
            Err(BadPace::TooMany),
        );
        let huge = "9".repeat(400);
        check(&huge, Err(BadPace::Number));
    }
}
