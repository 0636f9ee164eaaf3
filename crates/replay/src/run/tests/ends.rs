//! Runs that end before their time, and what is saved of them.

use super::*;

#[test]
fn stopped_before_it_began_nothing_is_sent() {
    // An hour between two requests: only a stop ends this before the clock jumps there.
    let options = options("1x");
    let plan = plan_of(&[0, 3_600_000], &options);
    let stop = AtomicBool::new(true);
    let real = MachineClock::new();
    let outcome = run_with(plan, &options, &NoWatch, &stop, real, Silence).unwrap();
    assert_eq!(outcome.ended, Ended::Interrupted);
    assert_eq!((outcome.attempts, outcome.requests.unsent), (0, 2));
    assert!(outcome.balances());
}

/// Never answers.
struct Silence;

impl Transport for Silence {
    async fn send(&self, _: Signal, _: Payload) -> Answer {
        std::future::pending().await
    }
}

#[test]
fn what_is_on_its_way_after_a_stop_counts_as_failed() {
    let stop = AtomicBool::new(false);
    struct StopWhenSent<'a>(&'a AtomicBool);
    impl Watch for StopWhenSent<'_> {
        fn running(&self, snapshot: &Snapshot) {
            self.0.store(snapshot.sent == 1, Ordering::Relaxed);
        }
    }
    let dir = tempfile::tempdir().unwrap();
    let mut options = options("max");
    options.failed = Some(dir.path().join("failed"));
    let plan = plan_of(&[0, 1, 2], &options);
    let watch = StopWhenSent(&stop);
    let real = MachineClock::new();
    let outcome = run_with(plan, &options, &watch, &stop, real, Silence).unwrap();
    assert_eq!(outcome.ended, Ended::Interrupted);
    assert_eq!((outcome.requests.failed, outcome.requests.unsent), (1, 2));
    assert_eq!((outcome.items.failed, outcome.items.unsent), (3, 6));
    assert_eq!(outcome.errors[0].code, "interrupted");
    // It was on its way all the time.
    assert_eq!(outcome.attempts, 1);
    assert_eq!(outcome.bytes.on_the_wire, body(0).len() as u64);
    assert!(
        outcome.duration_seconds >= GRACE.as_secs_f64(),
        "{outcome:?}"
    );
    let saved = std::fs::read(dir.path().join("failed.logs.binpb")).unwrap();
    assert_eq!(saved[4..], body(0));
}

/// Keeps the last of what it was told.
#[derive(Default)]
struct Last(Mutex<Option<Snapshot>>);

impl Watch for Last {
    fn running(&self, snapshot: &Snapshot) {
        *self.0.lock().unwrap() = Some(snapshot.clone());
    }
}

/// Runs three requests, of which the first is repeated, the first two fail and the last one is taken.
fn last_told(pace: &str) -> Snapshot {
    let clock = Arc::new(FakeClock::default());
    let answers = [status(503), status(400), status(404)];
    let script = Arc::new(Script {
        answer_time: Duration::from_millis(5),
        answers: Mutex::new(answers.into()),
        seen: Mutex::default(),
        clock: Arc::clone(&clock),
    });
    let options = options(pace);
    let plan = plan_of(&[0, 1_000, 2_000], &options);
    let (watch, never) = (Last::default(), AtomicBool::new(false));
    run_with(plan, &options, &watch, &never, clock, script).unwrap();
    watch.0.into_inner().unwrap().unwrap()
}

#[test]
fn the_watch_is_told_how_the_run_went_in_the_end() {
    let told = last_told("max");
    assert_eq!((told.sent, told.accepted, told.failed), (3, 1, 2));
    assert_eq!((told.in_flight, told.retries), (0, 1));
    assert_eq!((told.lateness, told.intended_per_second), (None, None));
    let one = |code: &str| (code.to_owned(), 1);
    assert_eq!(told.errors, [one("http_400"), one("http_404")]);
    let told = last_told("1x");
    assert_eq!((told.sent, told.accepted, told.failed), (3, 1, 2));
    assert!(
        told.lateness.is_some() && told.intended_per_second.is_some(),
        "{told:?}"
    );
    assert!(
        told.recent_seconds > 0.0 && told.latency.is_some(),
        "{told:?}"
    );
}

#[test]
fn failed_requests_are_saved_as_a_capture() {
    let dir = tempfile::tempdir().unwrap();
    let mut options = options("max");
    options.failed = Some(dir.path().join("failed"));
    replay(
        &[0, 1, 2],
        vec![status(400), status(200), status(400)],
        &options,
    );
    let mut expected = Vec::new();
    for ms in [0, 2] {
        expected.extend((body(ms).len() as u32).to_be_bytes());
        expected.extend(body(ms));
    }
    let saved = std::fs::read(dir.path().join("failed.logs.binpb")).unwrap();
    assert_eq!(saved, expected);
    let files = std::fs::read_dir(dir.path()).unwrap().count();
    assert_eq!(files, 1, "no file for signals without failures");
}

#[test]
fn where_nothing_can_be_saved_nothing_is_sent() {
    let dir = tempfile::tempdir().unwrap();
    let mut options = options("max");
    options.failed = Some(dir.path().join("no/such/failed"));
    let plan = plan_of(&[0], &options);
    let never = AtomicBool::new(false);
    let ended = run_with(
        plan,
        &options,
        &NoWatch,
        &never,
        MachineClock::new(),
        Silence,
    );
    assert!(matches!(ended, Err(ReplayError::Save { .. })), "{ended:?}");
}

#[test]
fn what_cannot_be_saved_in_the_end_leaves_the_outcome() {
    let dir = tempfile::tempdir().unwrap();
    let mut options = options("max");
    options.failed = Some(dir.path().join("failed"));
    // A directory stands where the file should be.
    std::fs::create_dir(dir.path().join("failed.logs.binpb")).unwrap();
    let outcome = replay(&[0, 1], vec![status(400)], &options).outcome;
    assert_eq!((outcome.requests.accepted, outcome.requests.failed), (1, 1));
    assert_eq!(outcome.notes[0].code, "save_failed");
    assert!(outcome.notes[0].text.contains("failed.logs.binpb: "));
}
