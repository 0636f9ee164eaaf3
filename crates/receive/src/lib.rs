//! An OTLP endpoint that writes what it gets as captures.
//!
//! ```text
//! connections -> [http | grpc] -> body -> inflate -> check -> record -> writer -> files
//!                                                                  <- acknowledged when durable
//! ```
//!
//! A request is read within bounds of size, time and memory, decoded once to see that it is one,
//! turned into the record of a capture, and given to the one thread that writes files. That thread
//! writes what has come meanwhile, makes it durable with one sync, and only then are the senders
//! answered. The crate prints nothing and knows nothing of tables.

mod body;
mod budget;
mod call;
mod check;
mod connection;
mod error;
mod faults;
mod grpc;
mod http;
mod inflate;
mod listener;
mod options;
mod outcome;
mod receiver;
mod record;
mod refusal;
mod reply;
mod tally;
mod tls;
mod token;
mod writer;

pub use error::ReceiveError;
pub use faults::{BadFaults, Faults};
pub use options::{Compression, Durability, FileOptions, Grouping, ReceiveOptions};
pub use options::{Keep, ReceiveLimits};
pub use otolith_capture::Dialect;
pub use outcome::{
    AnswerCount, BytesReceived, Connections, InjectedFaults, ItemCounts, Outcome, RequestCounts,
    SignalItems, WrittenFile, WrittenFiles,
};
pub use receiver::Receiver;
pub use tls::{TlsError, TlsIdentity};
pub use token::{BadToken, Token};

/// Makes the example of the README a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
