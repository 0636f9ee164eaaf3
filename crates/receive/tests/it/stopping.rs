//! The end of a receiver.

use std::io::{Read as _, Write as _};
use std::time::{Duration, Instant};
use std::{net::TcpStream, thread};

use hyper::Version;
use otolith_receive::{Dialect, ReceiveOptions, Receiver};

use crate::client::{Client, socket};
use crate::reading::{bodies, read_dir};
use crate::{discarding, log, stop, writing};

#[test]
fn what_has_begun_is_finished() {
    let dir = tempfile::tempdir().unwrap();
    let options = ReceiveOptions {
        grace: Duration::from_secs(20),
        ..writing(dir.path(), Dialect::JsonLines)
    };
    let receiver = Receiver::start(&options).unwrap();
    let address = receiver.addresses()[0];
    let body = log("late");
    let mut stream = socket(address);
    let head = "POST /v1/logs HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n";
    write!(stream, "{head}content-length: {}\r\n\r\n{{", body.len()).unwrap();
    while receiver.outcome().requests.received == 0 {
        thread::sleep(Duration::from_millis(1));
    }
    // An idle connection does not hold up the end.
    let idle = Client::new(address, Version::HTTP_2);
    assert_eq!(idle.post_json("/v1/logs", log("first")).status, 200);
    let stopping = thread::spawn(move || stop(receiver));
    while TcpStream::connect(address).is_ok() {
        thread::sleep(Duration::from_millis(1));
    }
    stream.write_all(&body.as_bytes()[1..]).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    let begun = Instant::now();
    let outcome = stopping.join().unwrap();
    assert!(begun.elapsed() < Duration::from_secs(10));
    assert_eq!(outcome.requests.accepted, 2);
    assert_eq!(bodies(&read_dir(dir.path())), ["first", "late"]);
}

#[test]
fn what_takes_too_long_is_broken_off() {
    let options = ReceiveOptions {
        grace: Duration::from_millis(100),
        ..discarding()
    };
    let receiver = Receiver::start(&options).unwrap();
    let mut stream = socket(receiver.addresses()[0]);
    let head = "POST /v1/logs HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n";
    write!(stream, "{head}content-length: 9\r\n\r\n{{").unwrap();
    while receiver.outcome().requests.received == 0 {
        thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(receiver.outcome().requests.under_way(), 1);
    let begun = Instant::now();
    let outcome = stop(receiver);
    assert!(begun.elapsed() < Duration::from_secs(10));
    assert_eq!(outcome.requests.broken_off, 1);
}

#[test]
fn a_sender_that_goes_away_is_counted() {
    let receiver = Receiver::start(&discarding()).unwrap();
    let mut stream = socket(receiver.addresses()[0]);
    let head = "POST /v1/logs HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n";
    write!(stream, "{head}content-length: 9\r\n\r\n{{").unwrap();
    while receiver.outcome().requests.received == 0 {
        thread::sleep(Duration::from_millis(1));
    }
    drop(stream);
    while receiver.outcome().requests.under_way() > 0 {
        thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(stop(receiver).requests.broken_off, 1);
}

#[test]
fn an_address_that_is_taken_is_named() {
    let receiver = Receiver::start(&discarding()).unwrap();
    let options = ReceiveOptions {
        listen: receiver.addresses().to_vec(),
        ..discarding()
    };
    let error = Receiver::start(&options).unwrap_err().to_string();
    assert!(
        error.starts_with("failed to listen on `127.0.0.1:"),
        "{error}"
    );
    stop(receiver);
    // The port is free again.
    stop(Receiver::start(&options).unwrap());
}

#[test]
fn one_receiver_listens_on_several_addresses() {
    let any = "127.0.0.1:0".parse().unwrap();
    let options = ReceiveOptions {
        listen: vec![any, any],
        ..discarding()
    };
    let receiver = Receiver::start(&options).unwrap();
    for address in receiver.addresses() {
        let client = Client::new(*address, Version::HTTP_11);
        assert_eq!(client.post_json("/v1/logs", log("a")).status, 200);
    }
    let outcome = stop(receiver);
    assert_eq!((outcome.listen.len(), outcome.requests.accepted), (2, 2));
}
