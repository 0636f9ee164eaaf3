//! What was acknowledged survives `kill -9`.
//!
//! The test runs itself as a child that receives, loads it with requests from several threads, kills it
//! in the middle, and reads its directory: every request that was acknowledged is there. It has no
//! harness, as the child is the same program.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a helper that fails is a test that fails; the child tells its address"
)]

use std::collections::HashSet;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use otolith_capture::{Chunk, Entry, ReadOptions, TornTail, find_sources};
use otolith_receive::{
    Compression, Dialect, Durability, FileOptions, Grouping, Keep, ReceiveOptions, Receiver,
};

const CHILD: &str = "receive-until-killed";

/// What is tried: dialect, compression, durability.
const CASES: [(Dialect, Compression, Durability); 7] = [
    (Dialect::JsonLines, Compression::None, Durability::Always),
    (Dialect::JsonLines, Compression::Zstd, Durability::Never),
    (Dialect::AgenticCi, Compression::Gzip, Durability::Always),
    (
        Dialect::AgenticCi,
        Compression::None,
        Durability::Every(Duration::from_millis(50)),
    ),
    (Dialect::Proto, Compression::Zstd, Durability::Always),
    (Dialect::Proto, Compression::None, Durability::Never),
    (Dialect::ProtoZstd, Compression::None, Durability::Always),
];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [word, case, dir] = arguments.as_slice()
        && word == CHILD
    {
        receive(case.parse().unwrap(), Path::new(dir));
    }
    // `cargo test WORD` runs what has WORD in its name.
    let name = "what_was_acknowledged_survives_a_kill";
    let mut words = arguments.iter().filter(|word| !word.starts_with('-'));
    if words.any(|word| !name.contains(word.as_str())) {
        return;
    }
    for (case, tried) in CASES.iter().enumerate() {
        for round in 0..3 {
            let acknowledged = kill(case, round);
            println!("{name}: {tried:?}, {acknowledged} acknowledged ... ok");
        }
    }
}

/// The child.
fn receive(case: usize, dir: &Path) -> ! {
    let (dialect, compression, durability) = CASES[case];
    let mut options = ReceiveOptions::new(Keep::Files(FileOptions {
        compression,
        durability,
        // Killed while files are renamed, too.
        rotate_size: Some(20_000),
        grouping: Grouping::PerSignal,
        ..FileOptions::new(dir.to_owned(), dialect)
    }));
    options.listen = vec!["127.0.0.1:0".parse().unwrap()];
    let receiver = Receiver::start(&options).unwrap();
    println!("{}", receiver.addresses()[0]);
    loop {
        thread::park();
    }
}

/// Kills a child once some requests are acknowledged. Gives how many there were.
fn kill(case: usize, round: usize) -> usize {
    let dir = tempfile::tempdir().unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([CHILD, &case.to_string()])
        .arg(dir.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut address = String::new();
    let out = child.stdout.take().unwrap();
    BufReader::new(out).read_line(&mut address).unwrap();
    let acknowledged = Arc::new(Mutex::new(HashSet::new()));
    let count = Arc::new(AtomicUsize::new(0));
    let senders: Vec<_> = (0..8)
        .map(|sender| {
            let (acknowledged, count) = (Arc::clone(&acknowledged), Arc::clone(&count));
            let address = address.trim().to_owned();
            thread::spawn(move || send(&address, sender, &acknowledged, &count))
        })
        .collect();
    wait_for(&count, 150 + 170 * round, &mut child);
    // SIGKILL: nothing in the child hears of it.
    child.kill().unwrap();
    child.wait().unwrap();
    for sender in senders {
        sender.join().unwrap();
    }
    let acknowledged = acknowledged.lock().unwrap();
    let held = texts(dir.path());
    let lost: Vec<_> = acknowledged.difference(&held).collect();
    assert!(
        lost.is_empty(),
        "{:?}: {} lost: {lost:?}",
        CASES[case],
        lost.len()
    );

    // The next run finishes what was left open, and all of it is still there.
    let (dialect, ..) = CASES[case];
    let mut options = ReceiveOptions::new(Keep::Files(FileOptions::new(
        dir.path().to_owned(),
        dialect,
    )));
    options.listen = vec!["127.0.0.1:0".parse().unwrap()];
    let files = Receiver::start(&options).unwrap().stop().files.unwrap();
    assert!(files.recovered <= 1, "{files:?}");
    assert!(texts(dir.path()) == held);
    let is_open = |name: &str| {
        Path::new(name)
            .extension()
            .is_some_and(|ending| ending == "open")
    };
    let sources = find_sources(&[dir.path().to_owned()]).unwrap();
    assert!(sources.iter().all(|source| !is_open(source.name())));
    acknowledged.len()
}

fn wait_for(count: &AtomicUsize, enough: usize, child: &mut Child) {
    while count.load(Ordering::Relaxed) < enough {
        assert!(
            child.try_wait().unwrap().is_none(),
            "the child has ended by itself"
        );
        thread::sleep(Duration::from_millis(1));
    }
}

/// Sends one request after the other until the receiver is gone.
fn send(address: &str, sender: usize, acknowledged: &Mutex<HashSet<String>>, count: &AtomicUsize) {
    let mut stream = TcpStream::connect(address).unwrap();
    for number in 0.. {
        let text = format!("sender {sender}, request {number}");
        let body = format!(
            r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{{"body":{{"stringValue":"{text}"}}}}]}}]}}]}}"#
        );
        let head = "POST /v1/logs HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n";
        let request = format!("{head}content-length: {}\r\n\r\n{body}", body.len());
        if stream.write_all(request.as_bytes()).is_err() || !is_accepted(&mut stream) {
            return;
        }
        acknowledged.lock().unwrap().insert(text);
        count.fetch_add(1, Ordering::Relaxed);
    }
}

/// Reads an answer, which is `{}` if all is well.
fn is_accepted(stream: &mut TcpStream) -> bool {
    let mut answer = Vec::new();
    let mut byte = [0];
    while !answer.ends_with(b"\r\n\r\n{}") {
        match stream.read(&mut byte) {
            Ok(1) => answer.push(byte[0]),
            _ => return false,
        }
    }
    answer.starts_with(b"HTTP/1.1 200 ")
}

/// The texts of all records below a directory that can be read.
fn texts(dir: &Path) -> HashSet<String> {
    let options = ReadOptions {
        torn_tail: TornTail::Wait,
        ..ReadOptions::default()
    };
    let mut texts = HashSet::new();
    for source in find_sources(&[dir.to_owned()]).unwrap() {
        let mut reader = source.open(&options).unwrap();
        let mut chunk = Chunk::new();
        while reader.next_chunk(&mut chunk).unwrap() {
            for entry in chunk.entries() {
                // Nothing but an end that is torn may be damaged, and that is waited for.
                let Entry::Frame(frame) = entry else {
                    panic!("{entry:?}");
                };
                let bytes = frame.bytes.escape_ascii().to_string();
                let at = bytes.find("sender ").unwrap();
                let text = &bytes[at..];
                let number = text.find("request ").unwrap() + "request ".len();
                let digits = text[number..]
                    .bytes()
                    .take_while(u8::is_ascii_digit)
                    .count();
                texts.insert(text[..number + digits].to_owned());
            }
        }
    }
    texts
}
