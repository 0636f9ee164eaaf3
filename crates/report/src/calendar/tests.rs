use super::*;
use jiff::Timestamp;

const HOUR: i64 = 3_600_000_000_000;

fn nanos(time: &str) -> i64 {
    let time: Timestamp = time.parse().unwrap();
    i64::try_from(time.as_nanosecond()).unwrap()
}

fn buckets(every: &str, zone: &str, week_start: Weekday) -> Buckets {
    let calendar = Calendar {
        tz: time_zone(zone).unwrap(),
        week_start,
    };
    Buckets::new(&calendar, every.parse().unwrap())
}

/// The name of the bucket of a time, and how long it is.
fn check(time: &str, every: &str, zone: &str, name: &str, hours: f64) {
    let buckets = buckets(every, zone, Weekday::Monday);
    let bucket = buckets.of(nanos(time));
    assert_eq!(buckets.name(bucket), name);
    assert_eq!(bucket.seconds(), hours * 3_600.0, "{name}");
}

#[test]
fn units_are_those_of_the_zone() {
    let late = "2026-11-20T23:30:00Z";
    check(late, "1d", "UTC", "2026-11-20", 24.0);
    check(late, "1d", "Europe/Berlin", "2026-11-21", 24.0);
    check(late, "1d", "America/New_York", "2026-11-20", 24.0);
    check(late, "1h", "Europe/Berlin", "2026-11-21T00:00+01:00", 1.0);
    check(late, "1h", "Asia/Kolkata", "2026-11-21T05:00+05:30", 1.0);
    check(
        late,
        "5m",
        "Asia/Kolkata",
        "2026-11-21T05:00+05:30",
        1.0 / 12.0,
    );
    check(late, "30s", "UTC", "2026-11-20T23:30:00+00:00", 1.0 / 120.0);
    check(late, "1month", "UTC", "2026-11", 720.0);
    check(late, "3month", "UTC", "2026-10/2026-12", 2_208.0);
    check("2027-01-01T12:00:00Z", "1w", "UTC", "2026-W53", 168.0);
}

#[test]
fn days_of_a_change_of_clocks_have_23_or_25_hours() {
    let berlin = "Europe/Berlin";
    check("2026-03-29T12:00:00Z", "1d", berlin, "2026-03-29", 23.0);
    check("2026-10-24T22:00:00Z", "1d", berlin, "2026-10-25", 25.0);
    check("2026-10-25T22:59:59Z", "1d", berlin, "2026-10-25", 25.0);
    check("2026-10-25T23:00:00Z", "1d", berlin, "2026-10-26", 24.0);
    check("2026-10-25T12:00:00Z", "1w", berlin, "2026-W43", 169.0);
    check("2026-03-29T12:00:00Z", "1month", berlin, "2026-03", 743.0);
    // This date begins twice, and with the first.
    check(
        "2026-11-01T04:30:00Z",
        "1d",
        "America/Havana",
        "2026-11-01",
        25.0,
    );
    // This date was left out.
    check(
        "2011-12-30T12:00:00Z",
        "1d",
        "Pacific/Apia",
        "2011-12-31",
        24.0,
    );
    check(
        "2011-12-30T09:59:59Z",
        "1d",
        "Pacific/Apia",
        "2011-12-29",
        24.0,
    );
}

#[test]
fn an_hour_that_comes_twice_is_two() {
    let berlin = "Europe/Berlin";
    check(
        "2026-10-25T00:30:00Z",
        "1h",
        berlin,
        "2026-10-25T02:00+02:00",
        1.0,
    );
    check(
        "2026-10-25T01:30:00Z",
        "1h",
        berlin,
        "2026-10-25T02:00+01:00",
        1.0,
    );
    check(
        "2026-10-25T00:30:00Z",
        "2h",
        berlin,
        "2026-10-25T02:00+02:00",
        1.0,
    );
    check(
        "2026-10-25T01:30:00Z",
        "2h",
        berlin,
        "2026-10-25T02:00+01:00",
        2.0,
    );
    check(
        "2026-10-25T01:30:00Z",
        "6h",
        berlin,
        "2026-10-25T00:00+02:00",
        7.0,
    );
    check(
        "2026-10-25T05:00:00Z",
        "6h",
        berlin,
        "2026-10-25T06:00+01:00",
        6.0,
    );
    // The clock goes back by half an hour only, and does not show 1 o'clock again.
    check(
        "2026-04-04T15:15:00Z",
        "1h",
        "Australia/Lord_Howe",
        "2026-04-05T01:00+11:00",
        1.5,
    );
}

#[test]
fn an_hour_that_is_left_out_is_none() {
    let berlin = "Europe/Berlin";
    check(
        "2026-03-29T00:30:00Z",
        "1h",
        berlin,
        "2026-03-29T01:00+01:00",
        1.0,
    );
    check(
        "2026-03-29T01:00:00Z",
        "1h",
        berlin,
        "2026-03-29T03:00+02:00",
        1.0,
    );
    check(
        "2026-03-29T01:00:00Z",
        "2h",
        berlin,
        "2026-03-29T03:00+02:00",
        1.0,
    );
    check(
        "2026-03-29T03:30:00Z",
        "6h",
        berlin,
        "2026-03-29T00:00+01:00",
        5.0,
    );
}

#[test]
fn only_weeks_of_iso_8601_are_named_so() {
    let check = |week_start, expected: &str| {
        let buckets = buckets("1w", "UTC", week_start);
        let bucket = buckets.of(nanos("2026-11-20T12:00:00Z"));
        assert_eq!(buckets.name(bucket), expected);
        assert_eq!(bucket.seconds(), 7.0 * 86_400.0);
    };
    check(Weekday::Monday, "2026-W47");
    check(Weekday::Sunday, "2026-11-15/2026-11-21");
    check(Weekday::Saturday, "2026-11-14/2026-11-20");
    check(Weekday::Friday, "2026-11-20/2026-11-26");
}

#[test]
fn buckets_follow_each_other_without_gaps() {
    let zones = [
        ("UTC", "2026-03-01T00:00:00Z"),
        ("Europe/Berlin", "2026-03-28T12:00:00Z"),
        ("Europe/Berlin", "2026-10-24T12:00:00Z"),
        ("America/Havana", "2026-10-31T12:00:00Z"),
        ("Australia/Lord_Howe", "2026-04-04T00:00:00Z"),
        ("Australia/Lord_Howe", "2026-10-03T00:00:00Z"),
        // Clocks went back at one minute after midnight, into the day before.
        ("America/St_Johns", "2006-10-28T12:00:00Z"),
        ("America/Sao_Paulo", "2018-02-17T12:00:00Z"),
        ("Pacific/Apia", "2011-12-29T00:00:00Z"),
        // Times of the sun, with offsets of seconds.
        ("Europe/Paris", "1911-03-10T00:00:00Z"),
    ];
    let lengths = [
        "45s", "5m", "7m", "20m", "1h", "2h", "5h", "6h", "24h", "1d", "2d", "1w", "3w", "1month",
        "5month",
    ];
    for (zone, from) in zones {
        let from = nanos(from);
        for every in lengths {
            let buckets = buckets(every, zone, Weekday::Sunday);
            let until = from + 48 * HOUR;
            let mut last: Option<Bucket> = None;
            for bucket in buckets.between(from, until) {
                assert!(bucket.start < bucket.end, "{zone} {every} {bucket:?}");
                for time in [bucket.start, bucket.end - 1] {
                    assert_eq!(buckets.of(time), bucket, "{zone} {every}");
                }
                match last {
                    Some(last) => assert_eq!(last.end, bucket.start, "{zone} {every}"),
                    None => assert!(bucket.holds(from)),
                }
                last = Some(bucket);
            }
            assert!(last.unwrap().holds(until - 1), "{zone} {every}");
        }
    }
}

#[test]
fn all_times_of_a_report_have_a_bucket() {
    for every in ["30s", "1h", "1d", "1w", "1000w", "1month", "1000month"] {
        let buckets = buckets(every, "Europe/Berlin", Weekday::Monday);
        for time in [i64::MIN, 0, i64::MAX - 1] {
            assert!(buckets.of(time).holds(time), "{every} {time}");
        }
        assert!(buckets.between(i64::MAX - 1, i64::MAX).count() <= 2);
        assert_eq!(buckets.between(5, 5).count(), 0);
    }
}

#[test]
fn times_of_the_wall_are_shown_first_and_last_at() {
    let check = |zone: &str, wall: &str, first: &str, last: &str| {
        let calendar = Calendar {
            tz: time_zone(zone).unwrap(),
            ..Calendar::default()
        };
        let wall = wall.parse().unwrap();
        assert_eq!(calendar.first_instant(wall), nanos(first), "{wall}");
        assert_eq!(calendar.last_instant(wall), nanos(last), "{wall}");
    };
    let berlin = "Europe/Berlin";
    let (first, last) = ("2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z");
    check(berlin, "2026-10-25T02:30:00", first, last);
    let moved = "2026-03-29T01:00:00Z";
    check(berlin, "2026-03-29T02:00:00", moved, moved);
    check(berlin, "2026-03-29T02:30:00", moved, moved);
    let noon = "2026-11-20T11:00:00Z";
    check(berlin, "2026-11-20T12:00:00", noon, noon);
    let end = Calendar::default().first_instant("9999-12-31T00:00:00".parse().unwrap());
    assert_eq!(end, i64::MAX);
}

#[test]
fn names_are_made_once_while_times_come_in_order() {
    let mut names = BucketNames::new(&Calendar::default(), Every::DAY);
    let times = [
        "2026-11-20T00:00:00Z",
        "2026-11-20T23:00:00Z",
        "2026-11-21T00:00:00Z",
    ];
    let found = times.map(|time| names.of(nanos(time)).to_owned());
    assert_eq!(found, ["2026-11-20", "2026-11-20", "2026-11-21"]);
}
