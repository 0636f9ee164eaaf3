//! A disk that is slower than the senders.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use super::Receiver;
use crate::options::{FileOptions, Keep, ReceiveLimits, ReceiveOptions};
use crate::outcome::WrittenFiles;
use crate::writer::Writer;
use otolith_capture::Dialect;

const BODY_BYTES: usize = 100 << 10;
const MEMORY: usize = 1 << 20;

fn options(patience: Duration) -> ReceiveOptions {
    let files = FileOptions::new(PathBuf::new(), Dialect::JsonLines);
    ReceiveOptions {
        listen: vec!["127.0.0.1:0".parse().unwrap()],
        limits: ReceiveLimits {
            body_bytes: BODY_BYTES + 1_000,
            in_flight_bytes: MEMORY,
            patience,
            ..ReceiveLimits::default()
        },
        ..ReceiveOptions::new(Keep::Files(files))
    }
}

/// A writer that takes its time for each record, and the most bytes of records that were ever waiting
/// for it or in its hands.
fn slow_writer(time: Duration) -> (Writer, Arc<AtomicUsize>) {
    let most = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&most);
    let files = Arc::new(Mutex::new(WrittenFiles::default()));
    let writer = Writer::with(files, move |entries| {
        let mut waiting = Vec::new();
        loop {
            if waiting.is_empty() {
                match entries.recv() {
                    Ok(entry) => waiting.push(entry),
                    Err(_) => return,
                }
            }
            waiting.extend(entries.try_iter());
            let bytes = waiting.iter().map(|entry| entry.record.len()).sum();
            seen.fetch_max(bytes, Ordering::Relaxed);
            thread::sleep(time);
            let entry = waiting.remove(0);
            drop(entry.reservation);
            let _ = entry.done.send(Ok(()));
        }
    });
    (writer.unwrap(), most)
}

/// The status and the wait of the answer to a request of [`BODY_BYTES`].
fn post(address: SocketAddr) -> (u16, bool) {
    let text = "x".repeat(BODY_BYTES - 200);
    let body = format!(
        r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{{"body":{{"stringValue":"{text}"}}}}]}}]}}]}}"#
    );
    let mut stream = TcpStream::connect(address).unwrap();
    let head = "POST /v1/logs HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nconnection: close\r\n";
    write!(stream, "{head}content-length: {}\r\n\r\n{body}", body.len()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    (status, answer.contains("\r\nretry-after: 1\r\n"))
}

/// Posts 40 requests at once: four times as much as there is memory.
fn flood(receiver: &Receiver) -> Vec<(u16, bool)> {
    let address = receiver.addresses()[0];
    let senders: Vec<_> = (0..40)
        .map(|_| thread::spawn(move || post(address)))
        .collect();
    senders
        .into_iter()
        .map(|sender| sender.join().unwrap())
        .collect()
}

#[test]
fn senders_wait_for_a_slow_disk_and_nothing_is_lost() {
    let (writer, most) = slow_writer(Duration::from_millis(10));
    let options = options(Duration::from_secs(60));
    let receiver = Receiver::start_with(&options, Some(writer)).unwrap();
    let answers = flood(&receiver);
    assert!(
        answers.iter().all(|answer| *answer == (200, false)),
        "{answers:?}"
    );
    let outcome = receiver.stop();
    assert_eq!(outcome.requests.accepted, 40);
    assert!(outcome.balances() && outcome.is_clean(), "{outcome:?}");
    let most = most.load(Ordering::Relaxed);
    assert!(most > BODY_BYTES && most <= MEMORY + BODY_BYTES, "{most}");
}

#[test]
fn who_waits_too_long_is_sent_away_for_a_while() {
    let (writer, most) = slow_writer(Duration::from_millis(100));
    let options = options(Duration::from_millis(50));
    let receiver = Receiver::start_with(&options, Some(writer)).unwrap();
    let answers = flood(&receiver);
    let accepted = answers.iter().filter(|a| **a == (200, false)).count() as u64;
    let refused = answers.iter().filter(|a| **a == (429, true)).count() as u64;
    assert_eq!(accepted + refused, 40, "{answers:?}");
    assert!(accepted > 0 && refused > 0, "{answers:?}");
    let outcome = receiver.stop();
    assert_eq!(
        (outcome.requests.accepted, outcome.requests.refused),
        (accepted, refused)
    );
    assert_eq!(outcome.refusals["too_many"].http_status, 429);
    assert!(outcome.balances() && !outcome.is_clean());
    assert!(most.load(Ordering::Relaxed) <= MEMORY + BODY_BYTES);
}

#[test]
fn an_end_of_the_writer_is_no_acknowledgement() {
    let files = Arc::new(Mutex::new(WrittenFiles::default()));
    let writer = Writer::with(files, drop).unwrap();
    let receiver = Receiver::start_with(&options(Duration::from_secs(1)), Some(writer)).unwrap();
    assert_eq!(post(receiver.addresses()[0]).0, 503);
    assert_eq!(receiver.stop().requests.refused, 1);
}
