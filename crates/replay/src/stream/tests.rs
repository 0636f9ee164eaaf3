//! Pieces of files over real connections, to a receiver that is no library.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use bytes::Bytes;
use otolith_capture::Signal;

use crate::options::ReplayOptions;
use crate::payload::{Payload, Piece};
use crate::spool::SpoolFile;
use crate::transport::{HttpTransport, Reply, SendError, Transport as _};

/// Takes one connection, reads slowly, and answers each request with success. Gives the bodies.
fn receiver() -> (HttpTransport, JoinHandle<Vec<Vec<u8>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let receiver = thread::spawn(move || {
        let mut stream = BufReader::new(listener.accept().unwrap().0);
        let mut bodies = Vec::new();
        loop {
            let mut length = None;
            let mut line = String::new();
            while line != "\r\n" {
                line.clear();
                if stream.read_line(&mut line).unwrap() == 0 {
                    return bodies;
                }
                if let Some(text) = line.strip_prefix("content-length: ") {
                    length = Some(text.trim().parse::<usize>().unwrap());
                }
            }
            let mut body = vec![0; length.unwrap()];
            for piece in body.chunks_mut(300_000) {
                thread::sleep(Duration::from_millis(1));
                if stream.read_exact(piece).is_err() {
                    return bodies;
                }
            }
            bodies.push(body);
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
            stream.get_mut().write_all(answer).unwrap();
        }
    });
    let transport = HttpTransport::new(&ReplayOptions::new(url.parse().unwrap())).unwrap();
    assert!(transport.sends_files(Signal::Traces));
    (transport, receiver)
}

/// Sends these bodies one after another; the answers, and what has arrived.
fn send(bodies: Vec<Payload>) -> (Vec<Result<Reply, SendError>>, Vec<Vec<u8>>) {
    let (transport, receiver) = receiver();
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.enable_all().build().unwrap();
    let answers = runtime.block_on(async {
        let mut answers = Vec::new();
        for body in bodies {
            answers.push(transport.send(Signal::Traces, body).await);
        }
        answers
    });
    // Closes the connections, so that the receiver ends.
    drop(transport);
    drop(runtime);
    (answers, receiver.join().unwrap())
}

fn spool(bytes: &[u8]) -> Arc<SpoolFile> {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    Arc::new(SpoolFile::new(file))
}

#[test]
fn pieces_and_bytes_take_turns_on_a_connection() {
    let bytes: Vec<u8> = (0..6_000_000_u32).map(|at| (at * 7 / 3) as u8).collect();
    let spool = spool(&bytes);
    let mut bodies = Vec::new();
    let mut expected = Vec::new();
    for (offset, len) in [
        (0, 6_000_000),
        (17, 1),
        (5_000, 1 << 20),
        (5_001, (1 << 20) + 1),
        (2_000_000, 3_999_999),
    ] {
        let of = &bytes[offset..offset + len];
        let piece = Piece::new(Arc::clone(&spool), offset as u64, len);
        bodies.push(Payload::Spooled(piece));
        bodies.push(Payload::Bytes(Bytes::copy_from_slice(
            &of[..len.min(1_000)],
        )));
        expected.push(of.to_vec());
        expected.push(of[..len.min(1_000)].to_vec());
    }
    let (answers, found) = send(bodies);
    assert!(
        answers
            .iter()
            .all(|answer| answer.as_ref().unwrap().status == 200)
    );
    assert!(found == expected);
}

#[test]
fn what_the_kernel_does_not_send_from_a_file_is_read() {
    // Newer kernels send no files of this kind.
    let name = "/proc/self/cmdline";
    let bytes = std::fs::read(name).unwrap();
    let spool = Arc::new(SpoolFile::new(File::open(name).unwrap()));
    let piece = Piece::new(spool, 1, bytes.len() - 1);
    let (answers, found) = send(vec![Payload::Spooled(piece)]);
    assert_eq!(answers[0].as_ref().unwrap().status, 200);
    assert_eq!(found, [&bytes[1..]]);
}

#[test]
fn a_file_that_cannot_be_read_is_not_the_fault_of_the_receiver() {
    let piece = Piece::new(spool(&[7; 50_000]), 0, 50_001);
    let (answers, found) = send(vec![Payload::Spooled(piece)]);
    let error = answers[0].as_ref().unwrap_err();
    assert!(matches!(error, SendError::Spool(_)), "{error:?}");
    assert!(found.is_empty());
}
