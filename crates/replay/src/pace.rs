//! How fast requests are sent: recorded gaps or fixed rates, in stages.

use std::time::Duration;

mod spelling;

/// How fast requests are sent.
///
/// Read and written as text: `10x`, `max`, `500/s`, `20000items/s`, `5MiB/s`; stages are
/// separated by commas, `:TIME` is how long one lasts, `..` goes from one rate to another in a
/// straight line: `0..500/s:30s,500/s:5m`, `1x:1m,10x`.
#[derive(Clone, Debug, PartialEq)]
pub enum Pace {
    /// Recorded gaps, divided by a factor: 10.0 is ten times as fast.
    Recorded(Profile),
    /// So much per second, whatever the recorded times are. A request is due when what stands
    /// before it would have been sent.
    Rate(RateUnit, Profile),
    /// No gaps: as fast as the requests in flight allow.
    Max,
}

/// What is counted per second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RateUnit {
    /// Export requests.
    Requests,
    /// Spans, log records and data points.
    Items,
    /// Bytes of bodies as they are planned, before compression.
    Bytes,
}

/// A part of a [`Profile`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stage {
    /// At its beginning: a factor, or how many per second.
    pub from: f64,
    /// At its end; in between on a straight line.
    pub to: f64,
    /// How long it lasts; without an end if not given.
    pub length: Option<Duration>,
}

/// Stages, one after the other. The run ends with the last one if that has an end.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    stages: Vec<Stage>,
}

/// What is not a pace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPace {
    /// It is spelled in another way.
    #[error(
        "expected a speed such as `1x`, `10x`, `0.5x` or `max`, or a rate such as `500/s`, \
         `20000items/s` or `5MiB/s`; stages as in `0..500/s:30s,500/s:5m`"
    )]
    Spelling,
    /// A number that is none of a rate.
    #[error("expected numbers of 0 or more in each stage, and more than 0 in one")]
    Number,
    /// Only the last stage may have no end.
    #[error("each stage but the last needs `:TIME`, such as `100/s:1m,200/s`")]
    Endless,
    /// A ramp needs an end, and a stage of rate 0, too.
    #[error("a stage that goes from one rate to another, or has the rate 0, needs `:TIME`")]
    Open,
    /// Stages in different units.
    #[error("stages need the same unit")]
    Units,
    /// More than anybody means.
    #[error("expected at most {MAX_STAGES} stages")]
    TooMany,
}

/// Most stages of a profile.
const MAX_STAGES: usize = 1_000;

impl Profile {
    /// The same all the time: a finite factor or rate above 0.
    ///
    /// # Errors
    ///
    /// When it is not.
    pub fn constant(rate: f64) -> Result<Self, BadPace> {
        Self::new(Vec::from([Stage {
            from: rate,
            to: rate,
            length: None,
        }]))
    }

    /// These stages, one after the other.
    ///
    /// # Errors
    ///
    /// When there is none or a thousand and more, a number is negative or not finite, all are 0, or
    /// one has no end that needs it: all but the last do, and what changes or is 0.
    pub fn new(stages: Vec<Stage>) -> Result<Self, BadPace> {
        if stages.len() > MAX_STAGES {
            return Err(BadPace::TooMany);
        }
        let rates = || stages.iter().flat_map(|stage| [stage.from, stage.to]);
        if !rates().all(|rate| rate.is_finite() && rate >= 0.0) || !rates().any(|rate| rate > 0.0) {
            return Err(BadPace::Number);
        }
        for (index, stage) in stages.iter().enumerate() {
            match stage.length {
                Some(Duration::ZERO) => return Err(BadPace::Open),
                Some(_) => {}
                None if index + 1 < stages.len() => return Err(BadPace::Endless),
                None if stage.from != stage.to || stage.from == 0.0 => return Err(BadPace::Open),
                None => {}
            }
        }
        Ok(Self { stages })
    }

    /// The stages.
    pub fn stages(&self) -> &[Stage] {
        &self.stages
    }

    /// When all stages are over, if they are ever.
    pub(crate) fn end(&self) -> Option<Duration> {
        let mut lengths = self.stages.iter().map(|stage| stage.length);
        lengths.try_fold(Duration::ZERO, |sum, length| {
            Some(sum.saturating_add(length?))
        })
    }

    /// After how many nanoseconds so much is done, counted in rate times nanoseconds; `None` if
    /// the stages are over before.
    pub(crate) fn time(&self, amount: f64) -> Option<f64> {
        let (mut start, mut left) = (0.0, amount);
        for stage in &self.stages {
            let Some(length) = stage.length else {
                return Some(start + left / stage.from);
            };
            let length = length.as_nanos() as f64;
            let all = (stage.from + stage.to) / 2.0 * length;
            if left < all {
                // The root of `from * t + (to - from) / (2 * length) * t^2 = left` that does not
                // cancel.
                let bend = (stage.to - stage.from) / (2.0 * length);
                let root = (stage.from * stage.from + 4.0 * bend * left)
                    .max(0.0)
                    .sqrt();
                let time = match left > 0.0 {
                    true => 2.0 * left / (stage.from + root),
                    false => 0.0,
                };
                return Some(start + time.min(length));
            }
            left -= all;
            start += length;
        }
        None
    }

    /// How much is done after so many nanoseconds, counted in rate times nanoseconds.
    pub(crate) fn amount(&self, nanos: f64) -> f64 {
        let (mut done, mut left) = (0.0, nanos);
        for stage in &self.stages {
            let Some(length) = stage.length else {
                return done + left * stage.from;
            };
            let length = length.as_nanos() as f64;
            let time = left.min(length);
            let to = stage.from + (stage.to - stage.from) * (time / length);
            done += (stage.from + to) / 2.0 * time;
            left -= time;
            if left <= 0.0 {
                break;
            }
        }
        done
    }
}

impl Pace {
    /// Recorded gaps divided by this factor.
    ///
    /// # Errors
    ///
    /// When it is not finite or not above 0.
    pub fn speed(factor: f64) -> Result<Self, BadPace> {
        Profile::constant(factor).map(Self::Recorded)
    }

    /// The same after a stage of this length that goes from 0 to where it begins, in a straight line;
    /// `None` where there is no pace to get to.
    pub fn ramped(&self, length: Duration) -> Option<Self> {
        let ramp = |profile: &Profile| {
            let to = profile.stages.first().map_or(0.0, |stage| stage.from);
            let ramp = (!length.is_zero()).then_some(Stage {
                from: 0.0,
                to,
                length: Some(length),
            });
            Profile {
                stages: ramp
                    .into_iter()
                    .chain(profile.stages.iter().copied())
                    .collect(),
            }
        };
        match self {
            Self::Recorded(profile) => Some(Self::Recorded(ramp(profile))),
            Self::Rate(unit, profile) => Some(Self::Rate(*unit, ramp(profile))),
            Self::Max => None,
        }
    }

    pub(crate) fn profile(&self) -> Option<&Profile> {
        match self {
            Self::Recorded(profile) | Self::Rate(_, profile) => Some(profile),
            Self::Max => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ramp_goes_before() {
        let ramped = |text: &str| {
            let pace: Pace = text.parse().unwrap();
            let ramped = pace.ramped(Duration::from_secs(9));
            ramped.map(|pace| pace.to_string())
        };
        assert_eq!(ramped("10x").as_deref(), Some("0..10x:9s,10x"));
        assert_eq!(ramped("5..6/s:1s").as_deref(), Some("0..5/s:9s,5..6/s:1s"));
        assert_eq!(ramped("max"), None);
    }

    #[test]
    fn ramps_are_areas_below_straight_lines() {
        let Pace::Rate(_, profile) = "0..10/s:10s,10/s:5s,10..0/s:10s".parse().unwrap() else {
            panic!("a rate");
        };
        assert_eq!(profile.end(), Some(Duration::from_secs(25)));
        let second = 1e9;
        for (done, seconds) in [
            (0.0, 0.0),
            (12.5, 5.0),
            (50.0, 10.0),
            (70.0, 12.0),
            (100.0, 15.0),
            (137.5, 20.0),
        ] {
            let time = profile.time(done * second).unwrap() / second;
            assert!((time - seconds).abs() < 1e-9, "{done}: {time}");
            let amount = profile.amount(seconds * second) / second;
            assert!((amount - done).abs() < 1e-9, "{seconds}: {amount}");
        }
        assert_eq!(profile.time(150.0 * second), None);
        assert_eq!(profile.amount(99.0 * second), 150.0 * second);
    }
}
