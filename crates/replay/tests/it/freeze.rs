//! A receiver that stands still for a second. Only lower bounds are asked for: no machine is too slow
//! for them.

use std::num::NonZeroU32;
use std::thread;
use std::time::Duration;

use otolith_capture::Source;
use otolith_replay::{Load, Outcome, ReplayOptions};

use crate::sink::{OK, Sink};
use crate::{log_line, options};

/// 200 requests per second for two seconds; the receiver freezes after half a second.
fn frozen(in_flight: usize, load: Load) -> Outcome {
    let sink = Sink::new(|n| {
        if n == 100 {
            thread::sleep(Duration::from_secs(1));
        }
        OK
    });
    let source = [Source::from_bytes("a", log_line(0, "a").into_bytes())];
    let options = ReplayOptions {
        pace: "200/s".parse().unwrap(),
        loops: NonZeroU32::new(400),
        in_flight: in_flight.try_into().unwrap(),
        load,
        ..options(&sink.url())
    };
    let never = std::sync::atomic::AtomicBool::new(false);
    let plan = otolith_replay::plan(&source, &options, &otolith_replay::NoWatch, &never).unwrap();
    let outcome = otolith_replay::run(plan, &options, &otolith_replay::NoWatch, &never).unwrap();
    assert_eq!(outcome.requests.accepted, 400);
    outcome
}

#[test]
fn an_open_load_shows_the_whole_pause_however_many_may_be_in_flight() {
    for in_flight in [1, 64, 1_000] {
        let outcome = frozen(in_flight, Load::Open);
        let latency = outcome.latency.unwrap();
        // 200 of 400 requests are due while it stands still, and wait 0 to 1 s: 0.5 s on average.
        assert!(latency.mean_ms > 240.0, "{in_flight}: {latency:?}");
        assert!(latency.p90_ms > 780.0, "{in_flight}: {latency:?}");
        assert!(latency.p99_ms > 970.0, "{in_flight}: {latency:?}");
        // Who is to blame: none is held back who may be in flight.
        let waited = outcome.limit_wait.unwrap().max_ms;
        match in_flight {
            1_000 => assert_eq!(outcome.capped_requests, 0, "{outcome:?}"),
            _ => assert!(waited > 500.0, "{in_flight}: {waited}"),
        }
    }
}

#[test]
fn a_closed_load_takes_longer_instead() {
    let outcome = frozen(1, Load::Closed);
    // 1.995 s of schedule, put off by the pause.
    assert!(outcome.duration_seconds > 2.9, "{outcome:?}");
    // The one that was on its way.
    assert!(outcome.latency.unwrap().max_ms > 990.0, "{outcome:?}");
}
