//! Why a request is not taken, before it is known how that is said.

use std::time::Duration;

use crate::budget::NoMemory;

/// Why a request is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) kind: RefusalKind,
    /// For people: lower case, without full stop.
    pub(crate) message: String,
    /// When it makes sense to send it again, if it does.
    pub(crate) retry_after: Option<Duration>,
}

/// The kinds of refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RefusalKind {
    /// No OTLP request.
    Undecodable,
    /// Larger than a limit.
    TooLarge,
    /// With a head that is larger than the limit.
    LongHead,
    /// Of a type or compression that is not taken.
    MediaType,
    /// Sent to where nothing is.
    NotFound,
    /// Not sent by POST.
    Method,
    /// Without the token.
    Unauthorised,
    /// Did not arrive in time.
    TooSlow,
    /// There is no memory for it now.
    TooMany,
    /// It cannot be kept now.
    Unavailable,
    /// The sender went away, or broke the rules of HTTP, before it was there as a whole.
    BrokenOff,
    /// 429 on purpose.
    InjectedTooMany,
    /// 503 on purpose.
    InjectedUnavailable,
    /// The connection is cut on purpose.
    InjectedCut,
}

/// What a kind of refusal is called by protocols and in the outcome.
pub(crate) struct Names {
    /// Status of HTTP.
    pub(crate) http: u16,
    /// Code of gRPC and of `google.rpc.Status`.
    pub(crate) grpc: u8,
    /// A stable word.
    pub(crate) word: &'static str,
}

const fn names(http: u16, grpc: u8, word: &'static str) -> Names {
    Names { http, grpc, word }
}

impl RefusalKind {
    pub(crate) const fn names(self) -> Names {
        match self {
            Self::Undecodable => names(400, 3, "undecodable"),
            Self::TooLarge => names(413, 8, "too_large"),
            Self::LongHead => names(431, 8, "long_head"),
            Self::MediaType => names(415, 12, "media_type"),
            Self::NotFound => names(404, 12, "not_found"),
            Self::Method => names(405, 12, "method"),
            Self::Unauthorised => names(401, 16, "unauthorised"),
            Self::TooSlow => names(408, 4, "too_slow"),
            Self::TooMany => names(429, 8, "too_many"),
            Self::Unavailable => names(503, 14, "unavailable"),
            Self::BrokenOff => names(400, 1, "broken_off"),
            Self::InjectedTooMany => names(429, 8, "injected_429"),
            Self::InjectedUnavailable => names(503, 14, "injected_503"),
            Self::InjectedCut => names(503, 14, "injected_drop"),
        }
    }

    /// Whether the same request may be taken later.
    pub(crate) const fn is_temporary(self) -> bool {
        matches!(self, Self::TooSlow | Self::TooMany | Self::Unavailable)
    }

    pub(crate) const fn is_injected(self) -> bool {
        matches!(
            self,
            Self::InjectedTooMany | Self::InjectedUnavailable | Self::InjectedCut
        )
    }
}

impl Refusal {
    pub(crate) fn new(kind: RefusalKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            retry_after: None,
        }
    }

    pub(crate) fn undecodable(message: impl Into<String>) -> Self {
        Self::new(RefusalKind::Undecodable, message)
    }

    pub(crate) fn too_large(what: &str, limit: usize) -> Self {
        let message = format!("expected at most {limit} bytes {what}: send smaller batches");
        Self::new(RefusalKind::TooLarge, message)
    }

    pub(crate) fn unavailable(message: impl Into<String>) -> Self {
        Self {
            retry_after: Some(Duration::from_secs(5)),
            ..Self::new(RefusalKind::Unavailable, message)
        }
    }

    pub(crate) fn no_memory(_: NoMemory) -> Self {
        Self {
            retry_after: Some(Duration::from_secs(1)),
            ..Self::new(
                RefusalKind::TooMany,
                "requests come faster than they are written",
            )
        }
    }
}
