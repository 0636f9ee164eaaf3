//! Judges attempts: what is done, what may be tried again, and how it is told.

use std::time::Duration;

use bytes::Bytes;

use super::Sender;
use crate::clock::Clock;
use crate::grpc::{self, GrpcStatus};
use crate::reply::{error_message, parse_response, presentable};
use crate::retry::{Receiver, honours_retry_after, is_retryable, parse_retry_after};
use crate::tally::Fate;
use crate::transport::{Reply, SendError, Transport};

/// What an attempt came to.
pub(super) enum Verdict {
    Done(Fate),
    /// Refused for its length; what becomes of it if it cannot be divided.
    TooLarge(Fate),
    Again(Refusal),
}

/// Why an attempt may be repeated.
pub(super) struct Refusal {
    pub(super) code: String,
    pub(super) message: String,
    pub(super) retry_after: Option<Duration>,
    /// Whether there is a receiver, going by this attempt alone.
    pub(super) receiver: Receiver,
    /// The request may have arrived.
    pub(super) is_ambiguous: bool,
}

impl<C: Clock, T: Transport> Sender<C, T> {
    pub(super) fn judge(&self, result: Result<Reply, SendError>, len_bytes: usize) -> Verdict {
        let (code, message, receiver, is_ambiguous) = match result {
            Ok(Reply {
                grpc: Some(status),
                body,
                ..
            }) => return self.call(status, body, len_bytes),
            Ok(reply) if (200..300).contains(&reply.status) => {
                return Verdict::Done(self.success(reply.body.as_deref()));
            }
            Ok(reply) => return self.refusal(&reply, len_bytes),
            Err(SendError::Connect(message)) => {
                ("connect_failed", message, Receiver::Absent, false)
            }
            Err(SendError::Tls(message)) => ("tls_failed", message, Receiver::Wrong, false),
            Err(SendError::NotHttp(message)) => ("not_http", message, Receiver::Wrong, true),
            Err(SendError::Lost(message)) => ("connection_lost", message, Receiver::Present, true),
            Err(SendError::Spool(message)) => {
                // The run has ended for it.
                let code = "interrupted".to_owned();
                return Verdict::Done(Fate::Failed { code, message });
            }
            Err(SendError::Timeout) => {
                let message = "no answer in time".to_owned();
                ("timeout", message, Receiver::Present, true)
            }
        };
        Verdict::Again(Refusal {
            code: code.to_owned(),
            message: presentable(&message, &self.secrets),
            retry_after: None,
            receiver,
            is_ambiguous,
        })
    }

    /// A call of gRPC that came to an end.
    fn call(&self, status: GrpcStatus, body: Option<Bytes>, len_bytes: usize) -> Verdict {
        if status.code == 0 {
            return Verdict::Done(self.success(body.as_deref()));
        }
        let name = grpc::name(status.code);
        let said = presentable(&status.message, &self.secrets);
        let is_too_large = grpc::is_too_large(&status);
        let mut message = match is_too_large {
            true => format!(
                "the receiver refused a request of {len_bytes} bytes as too large: gRPC {name}"
            ),
            false => format!("the receiver answered gRPC {name}"),
        };
        if !said.is_empty() {
            message.push_str(": ");
            message.push_str(&said);
        }
        let code = format!("grpc_{}", name.to_ascii_lowercase());
        if is_too_large {
            return Verdict::TooLarge(Fate::Failed { code, message });
        }
        if !grpc::is_retryable(&status) {
            return Verdict::Done(Fate::Failed { code, message });
        }
        Verdict::Again(Refusal {
            code,
            message,
            retry_after: status.retry_delay,
            receiver: Receiver::Present,
            is_ambiguous: grpc::is_ambiguous(status.code),
        })
    }

    fn success(&self, body: Option<&[u8]>) -> Fate {
        let partial = body.and_then(parse_response);
        let Some(partial) = partial else {
            self.tally().note("unreadable_reply", 1, || {
                "answers with success could not be read as protobuf or JSON; what they say of rejected \
                 items is not known, all items count as accepted"
                    .to_owned()
            });
            return Fate::Accepted {
                rejected_items: 0,
                message: String::new(),
            };
        };
        Fate::Accepted {
            rejected_items: partial.rejected_items,
            message: presentable(&partial.message, &self.secrets),
        }
    }

    fn refusal(&self, reply: &Reply, len_bytes: usize) -> Verdict {
        let status = reply.status;
        let said = reply.body.as_ref().map(|body| error_message(body));
        let said = presentable(&said.unwrap_or_default(), &self.secrets);
        let mut message = match status {
            300..400 => {
                format!("the receiver answered HTTP {status}, a redirect, which is not followed")
            }
            413 => format!("the receiver refused a request of {len_bytes} bytes as too large"),
            _ => format!("the receiver answered HTTP {status}"),
        };
        if !said.is_empty() {
            message.push_str(": ");
            message.push_str(&said);
        }
        let code = format!("http_{status}");
        if status == 413 {
            return Verdict::TooLarge(Fate::Failed { code, message });
        }
        if !is_retryable(status) {
            return Verdict::Done(Fate::Failed { code, message });
        }
        let asked = reply.retry_after.as_deref();
        let asked = asked.filter(|_| honours_retry_after(status));
        Verdict::Again(Refusal {
            code,
            message,
            retry_after: asked.and_then(|text| parse_retry_after(text, self.clock.unix_nano())),
            receiver: Receiver::Present,
            is_ambiguous: false,
        })
    }
}
