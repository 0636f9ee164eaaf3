//! Connections of HTTP/1.1, as a receiver sees them that is no library.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use otolith_capture::Source;
use otolith_replay::Outcome;

use crate::{log_line, options, replay};

/// Heads of requests, by connection.
type Heads = Arc<Mutex<Vec<Vec<String>>>>;

/// Answers requests on each connection, and closes it after so many of them without a word.
fn receiver(per_connection: usize) -> (String, Heads) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let heads = Heads::default();
    let seen = Arc::clone(&heads);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let number = seen.lock().unwrap().len();
            seen.lock().unwrap().push(Vec::new());
            let seen = Arc::clone(&seen);
            thread::spawn(move || {
                let mut stream = BufReader::new(stream.unwrap());
                for _ in 0..per_connection {
                    let Some(head) = request(&mut stream) else {
                        return;
                    };
                    seen.lock().unwrap()[number].push(head);
                    let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
                    stream.get_mut().write_all(answer).unwrap();
                }
            });
        }
    });
    (url, heads)
}

/// The head of a request, which is read to its end; none if the connection has ended.
fn request(stream: &mut BufReader<TcpStream>) -> Option<String> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if stream.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let mut lines = head.lines();
    let length = lines.find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.unwrap().parse().unwrap()];
    stream.read_exact(&mut body).unwrap();
    Some(head)
}

/// Sends requests one after another, so many milliseconds apart. Gives the heads on each connection.
fn send(requests: u64, apart_ms: u64, per_connection: usize) -> (Outcome, Vec<Vec<String>>) {
    let (url, heads) = receiver(per_connection);
    let lines: String = (0..requests)
        .map(|number| log_line(number * apart_ms, "x"))
        .collect();
    let mut options = options(&url);
    options.pace = "1x".parse().unwrap();
    let outcome = replay(&[Source::from_bytes("a", lines.into_bytes())], &options);
    let heads = heads.lock().unwrap().clone();
    (outcome, heads)
}

#[test]
fn requests_follow_each_other_on_one_connection() {
    let (outcome, heads) = send(20, 0, usize::MAX);
    assert_eq!(outcome.requests.accepted, 20);
    assert_eq!(heads.iter().map(Vec::len).collect::<Vec<_>>(), [20]);
    let host = outcome.to.trim_start_matches("http://");
    for head in &heads[0] {
        assert!(head.starts_with("POST /v1/logs HTTP/1.1\r\n"), "{head}");
        assert!(head.contains(&format!("\r\nhost: {host}\r\n")), "{head}");
    }
}

#[test]
fn a_kept_connection_that_was_closed_meanwhile_is_not_used_and_counts_for_nothing() {
    let (outcome, heads) = send(4, 50, 2);
    assert_eq!((outcome.requests.accepted, outcome.retries), (4, 0));
    assert_eq!(heads.iter().map(Vec::len).collect::<Vec<_>>(), [2, 2]);
}
