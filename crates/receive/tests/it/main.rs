//! Sends requests to a receiver over the loopback interface, with clients of hyper, and reads what it
//! wrote.
#![expect(
    clippy::unwrap_used,
    reason = "a helper that fails is a test that fails"
)]

mod captures;
mod client;
mod faults;
mod files;
mod grpc;
mod http;
mod limits;
mod reading;
mod stopping;
mod tls;

use std::path::Path;

use otolith_receive::{Dialect, FileOptions, Keep, Outcome, ReceiveOptions, Receiver};

/// A receiver on a free port that only counts.
fn discarding() -> ReceiveOptions {
    ReceiveOptions {
        listen: vec!["127.0.0.1:0".parse().unwrap()],
        ..ReceiveOptions::new(Keep::Discard)
    }
}

/// A receiver on a free port that writes.
fn writing(dir: &Path, dialect: Dialect) -> ReceiveOptions {
    ReceiveOptions {
        keep: Keep::Files(FileOptions::new(dir.to_owned(), dialect)),
        ..discarding()
    }
}

/// Changes how files are written.
fn with_files(options: ReceiveOptions, change: impl FnOnce(&mut FileOptions)) -> ReceiveOptions {
    let Keep::Files(mut files) = options.keep.clone() else {
        panic!("the receiver does not write");
    };
    change(&mut files);
    ReceiveOptions {
        keep: Keep::Files(files),
        ..options
    }
}

/// Ends a receiver. Its counts must balance.
#[track_caller]
fn stop(receiver: Receiver) -> Outcome {
    let outcome = receiver.stop();
    assert!(outcome.balances(), "{outcome:?}");
    assert_eq!(outcome.connections.open, 0);
    outcome
}

/// A JSON request with a log record.
fn log(text: &str) -> String {
    format!(
        r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{{"timeUnixNano":"1700000000000000000","body":{{"stringValue":"{text}"}}}}]}}]}}]}}"#
    )
}
