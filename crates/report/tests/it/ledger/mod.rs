//! Every report over usage equals the ledger of a generated fleet to the nano-dollar: several seeds,
//! every dialect, from a lake and directly from captures, in zones whose clocks change.

mod activity;
mod fleet;
mod notes;
mod spending;

use fleet::Fleet;
use otolith_corpus::{AUTUMN_2026, Dialect, FleetSpec};
use otolith_report::Data;

/// Ten days in which summer time ends in Berlin and in New York.
const AUTUMN: FleetSpec = FleetSpec {
    seed: 0,
    begin_unix_nano: AUTUMN_2026,
    days: 10,
    members: 22,
    sessions: 1,
};

const DAY: u64 = 86_400_000_000_000;

/// How rows are grouped.
#[derive(Clone, Copy)]
enum Grouping {
    /// By each dimension alone as well.
    Alone,
    Together,
}

fn check(spec: FleetSpec, dialect: Dialect, grouping: Grouping) {
    // Printed when a test fails.
    println!("{spec:?} as {dialect:?}");
    let fleet = Fleet::new(spec, dialect);
    let lake = fleet.lake();
    let extract = fleet.extract();
    let (ledger, lake, extract) = (&fleet.ledger, Data::from(&lake), Data::from(&extract));
    match grouping {
        Grouping::Alone => spending::check_all(ledger, extract),
        Grouping::Together => spending::check_most(ledger, extract),
    }
    spending::check_some(ledger, lake);
    activity::check_events(ledger, lake);
    for data in [lake, extract] {
        activity::check(ledger, data);
        notes::check(ledger, data);
    }
}

#[test]
fn json_lines_of_the_autumn() {
    for (seed, grouping) in [(1, Grouping::Alone), (2, Grouping::Together)] {
        check(FleetSpec { seed, ..AUTUMN }, Dialect::JsonLines, grouping);
    }
}

#[test]
fn envelopes_of_the_autumn() {
    let spec = FleetSpec { seed: 4, ..AUTUMN };
    check(spec, Dialect::AgenticCi, Grouping::Together);
}

#[test]
fn protobuf_of_the_autumn() {
    let spec = FleetSpec { seed: 6, ..AUTUMN };
    check(spec, Dialect::Protobuf, Grouping::Together);
}

#[test]
fn days_on_which_summer_time_begins() {
    // 2026-03-07 in New York and 2026-03-28 in Berlin, each with the day after.
    for (seed, begin) in [(8, 1_772_841_600), (9, 1_774_656_000)] {
        let spec = FleetSpec {
            seed,
            begin_unix_nano: begin * 1_000_000_000,
            days: 2,
            ..AUTUMN
        };
        check(spec, Dialect::JsonLines, Grouping::Together);
    }
}

#[test]
fn one_day_of_many() {
    let spec = FleetSpec {
        seed: 10,
        begin_unix_nano: AUTUMN_2026 + DAY,
        days: 1,
        members: 88,
        sessions: 2,
    };
    check(spec, Dialect::Protobuf, Grouping::Together);
}
