//! Accepted counts beside those of now.

use std::fmt::Write as _;

use anyhow::{Result, ensure};

use super::{ACCEPT, Count, FILE};

/// How far a count may be from the accepted one, in percent of it. The same program differs by less
/// than 0.05 from run to run (the keys of hash maps are drawn); a change elsewhere that moves what the
/// compiler inlines may make one.
pub const TOLERANCE_PERCENT: f64 = 2.0;

/// Every stage that was counted.
pub struct Comparison(Vec<Row>);

/// A stage alone, or all stages of a dialect, in instructions.
struct Row {
    name: String,
    /// None if it was never counted.
    accepted: Option<f64>,
    now: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Within,
    More,
    Fewer,
    Unknown,
}

impl Comparison {
    /// Takes counts that include the stages before; compares each stage alone, so that a small one
    /// is not lost in the sum, and the whole.
    pub fn of(accepted: &[Count], now: &[Count]) -> Self {
        let known = |dialect: &str, stage: &str| {
            let mut counts = accepted.iter();
            let count = counts.find(|count| count.dialect == dialect && count.stage == stage);
            count.map(|count| count.instructions as f64)
        };
        let mut rows = Vec::new();
        for dialect in now.chunk_by(|a, b| a.dialect == b.dialect) {
            let mut before = (Some(0.0), 0.0);
            for count in dialect {
                let until = (
                    known(&count.dialect, &count.stage),
                    count.instructions as f64,
                );
                rows.push(Row {
                    name: format!("{}, {}", count.dialect, count.stage),
                    accepted: until.0.zip(before.0).map(|(until, before)| until - before),
                    now: until.1 - before.1,
                });
                before = until;
            }
            rows.push(Row {
                name: format!("{}, all", dialect[0].dialect),
                accepted: before.0,
                now: before.1,
            });
        }
        Self(rows)
    }

    /// Aligned text.
    pub fn table(&self) -> String {
        let millions = |count: f64| format!("{:.2}", count / 1e6);
        let mut out = format!(
            "{:<22}{:>14}{:>14}{:>9}\n",
            "million instructions", "accepted", "now", "ratio"
        );
        for row in &self.0 {
            let accepted = row.accepted.map_or("-".to_owned(), millions);
            let ratio = row.ratio().map_or("-".to_owned(), |r| format!("{r:.4}"));
            let verdict = match row.verdict() {
                Verdict::Within => "",
                Verdict::More => "  more",
                Verdict::Fewer => "  fewer",
                Verdict::Unknown => "  never counted",
            };
            let now = millions(row.now);
            let _ = writeln!(
                out,
                "{:<22}{accepted:>14}{now:>14}{ratio:>9}{verdict}",
                row.name
            );
        }
        if self.has(Verdict::Fewer) {
            let _ = writeln!(
                out,
                "what was gained is kept if it is accepted: `cargo xtask instructions --accept`"
            );
        }
        out
    }

    /// Fails if anything takes more than was accepted, or was never accepted.
    pub fn check(&self) -> Result<()> {
        let is_good = !self.has(Verdict::More) && !self.has(Verdict::Unknown);
        ensure!(
            is_good,
            "stages take over {TOLERANCE_PERCENT} % more instructions than {FILE} has, or are not in \
             it: {ACCEPT}"
        );
        Ok(())
    }

    fn has(&self, verdict: Verdict) -> bool {
        self.0.iter().any(|row| row.verdict() == verdict)
    }
}

impl Row {
    fn ratio(&self) -> Option<f64> {
        self.accepted.map(|accepted| self.now / accepted)
    }

    fn verdict(&self) -> Verdict {
        match self.ratio() {
            None => Verdict::Unknown,
            Some(ratio) if (ratio - 1.0) * 100.0 > TOLERANCE_PERCENT => Verdict::More,
            Some(ratio) if (1.0 - ratio) * 100.0 > TOLERANCE_PERCENT => Verdict::Fewer,
            Some(_) => Verdict::Within,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(instructions: &[u64]) -> Vec<Count> {
        let stages = ["read", "cut", "visit"];
        let count = |(stage, instructions): (&str, &u64)| Count {
            dialect: "json".to_owned(),
            stage: stage.to_owned(),
            instructions: *instructions,
        };
        stages.into_iter().zip(instructions).map(count).collect()
    }

    fn check(accepted: &[u64], now: &[u64], expected: &[Verdict], is_good: bool) {
        let comparison = Comparison::of(&counts(accepted), &counts(now));
        let verdicts: Vec<_> = comparison.0.iter().map(Row::verdict).collect();
        assert_eq!(verdicts, expected, "{}", comparison.table());
        assert_eq!(comparison.check().is_ok(), is_good);
    }

    #[test]
    fn a_stage_is_compared_alone_and_as_part_of_the_whole() {
        use Verdict::{Fewer, More, Unknown, Within};
        let accepted = [10_000, 20_000, 100_000];
        check(&accepted, &accepted, &[Within; 4], true);
        check(&accepted, &[10_100, 20_200, 101_000], &[Within; 4], true);
        // Five percent of the second are one of the whole.
        let more = [10_000, 20_500, 100_500];
        check(&accepted, &more, &[Within, More, Within, Within], false);
        let fewer = [10_000, 19_500, 99_500];
        check(&accepted, &fewer, &[Within, Fewer, Within, Within], true);
        let unknown = [Within, Within, Unknown, Unknown];
        check(&accepted[..2], &accepted, &unknown, false);
    }
}
