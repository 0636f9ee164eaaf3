//! Where requests go.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use hyper::Uri;
use hyper::http::uri::PathAndQuery;
use otolith_capture::Signal;

use crate::route::Protocol;

/// The base address of an OTLP receiver, `http` or `https`.
///
/// Over HTTP `v1/traces`, `v1/metrics` and `v1/logs` are appended to its path, as the OpenTelemetry
/// specification says of the generic endpoint: `http://host:4318` gives
/// `http://host:4318/v1/traces`, and `http://host/x` gives `http://host/x/v1/traces`. An address
/// that already ends in one of them is refused rather than doubled. Over gRPC it is the path of the
/// service that is appended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    base: String,
    http: [Uri; 3],
    grpc: [Uri; 3],
}

/// An address is not one of an OTLP receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// Not `http://` or `https://` at its beginning.
    #[error("expected an address that begins with `http://` or `https://`")]
    Scheme,
    /// Not an address otherwise.
    #[error("expected an address such as `http://localhost:4318`")]
    Syntax,
    /// User and password, which would be shown.
    #[error("user and password do not belong into the address: send an `Authorization` header")]
    UserInfo,
    /// A query, or a fragment.
    #[error("expected an address without `?` and `#`")]
    Query,
    /// The path of one signal instead of the base.
    #[error("expected the base address: `v1/{0}` is appended for each signal, leave it out")]
    SignalPath(Signal),
}

impl FromStr for Endpoint {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, EndpointError> {
        if text.contains(['?', '#']) && has_scheme(text) {
            return Err(EndpointError::Query);
        }
        parse(text)?;
        let base = text.trim_end_matches('/');
        for signal in Signal::ALL {
            if base.ends_with(&format!("/v1/{signal}")) {
                return Err(EndpointError::SignalPath(signal));
            }
        }
        Ok(Self {
            base: base.to_owned(),
            http: uris(base, |signal| format!("v1/{signal}"))?,
            grpc: uris(base, |signal| method(signal).to_owned())?,
        })
    }
}

impl Endpoint {
    /// Reads what follows `--to` or stands in `OTEL_EXPORTER_OTLP_ENDPOINT`: over gRPC the scheme
    /// may be left out, and is `http` if `insecure`, else `https`.
    ///
    /// # Errors
    ///
    /// When the text is no base address.
    pub fn parse(text: &str, protocol: Protocol, insecure: bool) -> Result<Self, EndpointError> {
        with_scheme(text, protocol, insecure).parse()
    }

    /// The address that requests of a signal are posted to.
    pub fn uri(&self, signal: Signal, protocol: Protocol) -> &Uri {
        match protocol {
            Protocol::Grpc => &self.grpc[signal as usize],
            Protocol::HttpProtobuf | Protocol::HttpJson => &self.http[signal as usize],
        }
    }

    /// Reads the address of one signal. Over HTTP it is used as it is, and no path means `/`; over
    /// gRPC it is a base address.
    ///
    /// # Errors
    ///
    /// When the text is no address.
    pub fn of_signal(
        text: &str,
        signal: Signal,
        protocol: Protocol,
        insecure: bool,
    ) -> Result<Uri, EndpointError> {
        let text = with_scheme(text, protocol, insecure);
        match protocol {
            Protocol::Grpc => {
                let endpoint: Self = text.parse()?;
                Ok(endpoint.uri(signal, protocol).clone())
            }
            Protocol::HttpProtobuf | Protocol::HttpJson => parse(&text),
        }
    }
}

/// The base address without a slash at its end.
impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.base)
    }
}

/// Whether an address is one of this machine alone: `localhost` or of the loopback interface. Names are
/// not looked up.
pub(crate) fn is_here(uri: &Uri) -> bool {
    let Some(host) = uri.host() else {
        return false;
    };
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || address.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

fn has_scheme(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    lower.starts_with("http://") || lower.starts_with("https://")
}

fn with_scheme(text: &str, protocol: Protocol, insecure: bool) -> String {
    let is_bare = protocol == Protocol::Grpc && !text.contains("://");
    match (is_bare, insecure) {
        (false, _) => text.to_owned(),
        (true, true) => format!("http://{text}"),
        (true, false) => format!("https://{text}"),
    }
}

fn parse(text: &str) -> Result<Uri, EndpointError> {
    if !has_scheme(text) {
        return Err(EndpointError::Scheme);
    }
    let uri: Uri = text.parse().map_err(|_| EndpointError::Syntax)?;
    let authority = uri.authority().ok_or(EndpointError::Syntax)?;
    if authority.as_str().contains('@') {
        return Err(EndpointError::UserInfo);
    }
    if authority.host().is_empty() {
        return Err(EndpointError::Syntax);
    }
    Ok(uri)
}

fn uris(base: &str, path: impl Fn(Signal) -> String) -> Result<[Uri; 3], EndpointError> {
    let uri = |signal| {
        let uri: Result<Uri, _> = format!("{base}/{}", path(signal)).parse();
        uri.map_err(|_| EndpointError::Syntax)
    };
    let [traces, metrics, logs] = Signal::ALL;
    Ok([uri(traces)?, uri(metrics)?, uri(logs)?])
}

/// The method of a signal's service.
const fn method(signal: Signal) -> &'static str {
    match signal {
        Signal::Traces => "opentelemetry.proto.collector.trace.v1.TraceService/Export",
        Signal::Metrics => "opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
        Signal::Logs => "opentelemetry.proto.collector.logs.v1.LogsService/Export",
    }
}

/// An address as it may be shown: without its query, which may hold a key, and without the path
/// of a signal or service, so that signals that go to one receiver show one address.
pub(crate) fn shown(uri: &Uri, signal: Signal) -> String {
    let path = uri.path_and_query().map_or("/", PathAndQuery::path);
    let path = path.strip_suffix(method(signal)).unwrap_or(path);
    let path = path.strip_suffix(&format!("v1/{signal}")).unwrap_or(path);
    let scheme = uri.scheme_str().unwrap_or("http");
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    format!("{scheme}://{authority}{}", path.trim_end_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HTTP: Protocol = Protocol::HttpProtobuf;

    #[track_caller]
    fn check(input: &str, expected: Result<&str, EndpointError>) {
        let traces = input
            .parse()
            .map(|endpoint: Endpoint| endpoint.uri(Signal::Traces, HTTP).to_string());
        assert_eq!(traces, expected.map(str::to_owned), "{input}");
    }

    #[test]
    fn the_path_of_the_signal_is_appended() {
        check("http://h:4318", Ok("http://h:4318/v1/traces"));
        check("http://h:4318/", Ok("http://h:4318/v1/traces"));
        check("https://h/x/y/", Ok("https://h/x/y/v1/traces"));
        check("http://[::1]:4318", Ok("http://[::1]:4318/v1/traces"));
        let endpoint: Endpoint = "http://h/".parse().unwrap();
        assert_eq!(endpoint.uri(Signal::Logs, HTTP), "http://h/v1/logs");
        assert_eq!(endpoint.uri(Signal::Metrics, HTTP), "http://h/v1/metrics");
        assert_eq!(endpoint.to_string(), "http://h");
    }

    #[test]
    fn receivers_of_this_machine_are_known_by_their_addresses() {
        let check = |address, expected| assert_eq!(is_here(&Uri::from_static(address)), expected);
        check("http://localhost:4318/v1/logs", true);
        check("http://LocalHost/v1/logs", true);
        check("https://127.0.0.1:4318/v1/logs", true);
        check("http://127.9.9.9/v1/logs", true);
        check("http://[::1]:4317/v1/logs", true);
        check("http://localhost.example/v1/logs", false);
        check("http://192.0.2.1:4318/v1/logs", false);
        check("http://[2001:db8::1]/v1/logs", false);
    }

    #[test]
    fn what_is_no_base_address_is_refused() {
        check("localhost:4318", Err(EndpointError::Scheme));
        check("ftp://h", Err(EndpointError::Scheme));
        check("http://", Err(EndpointError::Syntax));
        check("http://a b", Err(EndpointError::Syntax));
        check("http://u:p@h", Err(EndpointError::UserInfo));
        check("http://h?x=1", Err(EndpointError::Query));
        check(
            "http://h/v1/logs/",
            Err(EndpointError::SignalPath(Signal::Logs)),
        );
    }

    #[test]
    fn grpc_goes_to_the_method_of_the_service() {
        let uri = |text: &str, insecure| {
            let endpoint = Endpoint::parse(text, Protocol::Grpc, insecure).unwrap();
            endpoint.uri(Signal::Logs, Protocol::Grpc).to_string()
        };
        const METHOD: &str = "opentelemetry.proto.collector.logs.v1.LogsService/Export";
        assert_eq!(
            uri("http://h:4317", false),
            format!("http://h:4317/{METHOD}")
        );
        assert_eq!(uri("h:4317", true), format!("http://h:4317/{METHOD}"));
        assert_eq!(uri("h:4317", false), format!("https://h:4317/{METHOD}"));
        // The scheme counts if there is one.
        assert_eq!(uri("https://h/x/", true), format!("https://h/x/{METHOD}"));
        let http = Endpoint::parse("h:4318", HTTP, true);
        assert_eq!(http, Err(EndpointError::Scheme));
    }

    #[test]
    fn the_address_of_a_signal_is_used_as_given() {
        let uri = |text: &str, protocol| Endpoint::of_signal(text, Signal::Traces, protocol, true);
        let http = |text: &str| uri(text, HTTP).unwrap().to_string();
        assert_eq!(http("http://h:4318"), "http://h:4318/");
        assert_eq!(http("http://h/in?key=k"), "http://h/in?key=k");
        let grpc = uri("h:4317", Protocol::Grpc).unwrap();
        assert!(grpc.path().ends_with("TraceService/Export"), "{grpc}");
        assert_eq!(uri("h:4318", HTTP), Err(EndpointError::Scheme));
        let shown = |text: &str| shown(&text.parse().unwrap(), Signal::Traces);
        assert_eq!(shown("http://h/in?key=k"), "http://h/in");
        assert_eq!(shown("http://h/x/v1/traces"), "http://h/x");
        assert_eq!(shown(&grpc.to_string()), "http://h:4317");
    }
}
