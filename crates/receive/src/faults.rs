//! Faults made on purpose, so that senders can be tested.

use std::str::FromStr;
use std::time::Duration;

/// Which faults are made, and how often: `delay=200ms@10%,429=1s@5%,503@1%,partial=3@2%,drop@1%`.
///
/// What request number n meets depends on n and the seed alone, so that the same number of requests
/// meets the same faults in every run. A request meets at most one fault besides a delay: the rates
/// of the others add up, to at most 100 %.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Faults {
    seed: u64,
    delay: Option<(Duration, Rate)>,
    others: Vec<(Fault, Rate)>,
}

/// What goes wrong with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// 429, with `Retry-After` if there is a time.
    TooMany(Option<Duration>),
    /// 503, with `Retry-After` if there is a time.
    Unavailable(Option<Duration>),
    /// This many items, the first ones, are rejected and not kept.
    Partial(u64),
    /// The connection ends without an answer; the request is not kept.
    Cut,
}

/// Millionths of all requests.
type Rate = u64;

const ALL: Rate = 1_000_000;

/// What request number n meets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Met {
    pub(crate) delay: Option<Duration>,
    pub(crate) fault: Option<Fault>,
}

/// A text does not say which faults to make.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadFaults {
    /// No `@` with a rate behind it.
    #[error("expected a rate such as `@5%` behind `{0}`")]
    NoRate(String),
    /// A rate is no percentage.
    #[error("expected a rate from 0% to 100%, to four digits behind the point, found `{0}`")]
    Rate(String),
    /// Not the name of a fault.
    #[error("expected `delay`, `429`, `503`, `partial` or `drop`, found `{0}`")]
    Name(String),
    /// A fault has no value, or a wrong one.
    #[error("expected {expected}, found `{found}`")]
    Value {
        /// What would do.
        expected: &'static str,
        /// What is there.
        found: String,
    },
    /// A fault twice.
    #[error("`{0}` occurs more than once")]
    Repeated(String),
    /// Rates beyond 100 %.
    #[error("the rates of all faults but `delay` add up to more than 100%")]
    TooMany,
}

impl Faults {
    /// The same faults, for other requests.
    pub fn with_seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// What request `number`, from 0, meets.
    pub(crate) fn of(&self, number: u64) -> Met {
        let delay = self.delay.and_then(|(time, rate)| {
            let hit = self.draw(number, 0) < rate;
            hit.then_some(time)
        });
        let mut place = self.draw(number, 1);
        let mut fault = None;
        for (kind, rate) in &self.others {
            if place < *rate {
                fault = Some(*kind);
                break;
            }
            place -= rate;
        }
        Met { delay, fault }
    }

    /// Below [`ALL`], evenly.
    fn draw(&self, number: u64, which: u64) -> u64 {
        let mixed = mix(mix(self.seed ^ which.rotate_left(32)).wrapping_add(number));
        ((u128::from(mixed) * u128::from(ALL)) >> 64) as u64
    }
}

/// The finaliser of splitmix64.
fn mix(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl FromStr for Faults {
    type Err = BadFaults;

    fn from_str(text: &str) -> Result<Self, BadFaults> {
        let mut faults = Self {
            seed: 0,
            delay: None,
            others: Vec::new(),
        };
        let mut names: Vec<&str> = Vec::new();
        for part in text.split(',') {
            let part = part.trim();
            let (what, rate) = part
                .rsplit_once('@')
                .ok_or_else(|| BadFaults::NoRate(part.to_owned()))?;
            let rate = parse_rate(rate)?;
            let (name, value) = match what.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (what, None),
            };
            if names.contains(&name) {
                return Err(BadFaults::Repeated(name.to_owned()));
            }
            names.push(name);
            let fault = match name {
                "delay" => {
                    faults.delay = Some((time(value.unwrap_or_default())?, rate));
                    continue;
                }
                "429" => Fault::TooMany(value.map(whole_seconds).transpose()?),
                "503" => Fault::Unavailable(value.map(whole_seconds).transpose()?),
                "partial" => Fault::Partial(items(value.unwrap_or("1"))?),
                "drop" if value.is_none() => Fault::Cut,
                "drop" => {
                    return Err(BadFaults::Value {
                        expected: "`drop` without a value",
                        found: what.to_owned(),
                    });
                }
                _ => return Err(BadFaults::Name(name.to_owned())),
            };
            faults.others.push((fault, rate));
        }
        let sum: Rate = faults.others.iter().map(|(_, rate)| rate).sum();
        if sum > ALL {
            return Err(BadFaults::TooMany);
        }
        Ok(faults)
    }
}

fn parse_rate(text: &str) -> Result<Rate, BadFaults> {
    let bad = || BadFaults::Rate(text.to_owned());
    let number = text.strip_suffix('%').ok_or_else(bad)?;
    let (whole, digits) = number.split_once('.').unwrap_or((number, ""));
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(whole) || !is_number(digits) || whole.is_empty() || digits.len() > 4 {
        return Err(bad());
    }
    // A percent is 10,000 millionths: four digits more.
    let digits = format!("{whole}{digits:0<4}");
    let rate: Rate = digits.parse().map_err(|_| bad())?;
    match rate <= ALL {
        true => Ok(rate),
        false => Err(bad()),
    }
}

/// The longest time that a fault may take.
const MAX_TIME: Duration = Duration::from_secs(3_600);

fn time(text: &str) -> Result<Duration, BadFaults> {
    let bad = || BadFaults::Value {
        expected: "a time of at most an hour with ms, s or m, such as `200ms`",
        found: text.to_owned(),
    };
    let split = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(bad)?;
    let (number, unit) = text.split_at(split);
    let number: u64 = number.parse().map_err(|_| bad())?;
    let millis = match unit {
        "ms" => Some(number),
        "s" => number.checked_mul(1_000),
        "m" => number.checked_mul(60_000),
        _ => None,
    };
    let time = Duration::from_millis(millis.ok_or_else(bad)?);
    (time <= MAX_TIME).then_some(time).ok_or_else(bad)
}

/// `Retry-After` has seconds.
fn whole_seconds(text: &str) -> Result<Duration, BadFaults> {
    let wait = time(text)?;
    match wait.subsec_nanos() {
        0 => Ok(wait),
        _ => Err(BadFaults::Value {
            expected: "whole seconds, as `Retry-After` has them",
            found: text.to_owned(),
        }),
    }
}

fn items(text: &str) -> Result<u64, BadFaults> {
    text.parse()
        .ok()
        .filter(|n| *n > 0)
        .ok_or_else(|| BadFaults::Value {
            expected: "a number of items above 0, such as `partial=3`",
            found: text.to_owned(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn parse(text: &str) -> Faults {
        text.parse().unwrap()
    }

    #[test]
    fn a_spec_names_faults_values_and_rates() {
        let faults = parse("delay=200ms@10%, 429=1s@5%,503@0.5%,partial=3@2%,drop@1%");
        assert_eq!(faults.delay, Some((Duration::from_millis(200), 100_000)));
        let second = Some(Duration::from_secs(1));
        assert_eq!(
            faults.others,
            [
                (Fault::TooMany(second), 50_000),
                (Fault::Unavailable(None), 5_000),
                (Fault::Partial(3), 20_000),
                (Fault::Cut, 10_000),
            ]
        );
    }

    #[test]
    fn what_makes_no_sense_is_named() {
        let check = |text: &str, expected: &str| {
            let error = text.parse::<Faults>().unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        };
        check("", "a rate such as `@5%`");
        check("drop", "a rate such as `@5%` behind `drop`");
        check("drop@5", "found `5`");
        check("drop@101%", "found `101%`");
        check("drop@-1%", "found `-1%`");
        check("drop@0.00001%", "found `0.00001%`");
        check("lose@1%", "found `lose`");
        check("drop=1@1%", "without a value");
        check("delay@1%", "found ``");
        check("delay=2h@1%", "found `2h`");
        check("delay=99999999999999999999s@1%", "at most an hour");
        check("429=1500ms@1%", "whole seconds");
        check("partial=0@1%", "above 0");
        check("drop@1%,drop@1%", "`drop` occurs more than once");
        check("drop@60%,503@60%", "more than 100%");
    }

    #[test]
    fn rates_are_met_and_a_seed_gives_one_sequence() {
        let faults = parse("delay=1s@25%,429@10%,503@20%,drop@0.1%");
        let met: Vec<Met> = (0..100_000).map(|n| faults.of(n)).collect();
        let share = |hit: fn(&Met) -> bool| {
            let hits = met.iter().filter(|met| hit(met)).count();
            hits as f64 / met.len() as f64
        };
        let is_near = |share: f64, rate: f64| (share - rate).abs() < 0.15 * rate;
        assert!(is_near(share(|met| met.delay.is_some()), 0.25));
        assert!(is_near(
            share(|met| met.fault == Some(Fault::TooMany(None))),
            0.1
        ));
        assert!(is_near(
            share(|met| met.fault == Some(Fault::Unavailable(None))),
            0.2
        ));
        assert!(is_near(share(|met| met.fault == Some(Fault::Cut)), 0.001));
        let both = share(|met| met.delay.is_some() && met.fault.is_some());
        assert!(is_near(both, 0.25 * 0.301), "independent: {both}");
        let again = parse("delay=1s@25%,429@10%,503@20%,drop@0.1%");
        assert!((0..100_000).all(|n| again.of(n) == met[n as usize]));
        let other = again.with_seed(1);
        assert!((0..100_000).any(|n| other.of(n) != met[n as usize]));
        assert!((0..1_000).all(|n| parse("drop@100%").of(n).fault == Some(Fault::Cut)));
        assert!((0..1_000).all(|n| parse("drop@0%").of(n).fault.is_none()));
    }
}
