//! The environment variables of the OpenTelemetry specification, and what is made of them together
//! with what is given otherwise.

use std::path::PathBuf;
use std::time::Duration;

use otolith_capture::Signal;

use crate::endpoint::{Endpoint, EndpointError};
use crate::headers::{HeaderError, Headers};
use crate::percent::percent_decoded;
use crate::route::{BadCompression, BadProtocol, Compression, Protocol, Route, TlsFiles};

/// What is said of an exporter: by options, or by the variables of one signal or of all. What is
/// not said is `None`.
#[derive(Clone, Default)]
pub struct Settings {
    /// Address of the receiver: the base, or of one signal the whole.
    pub endpoint: Option<String>,
    /// Encoding and carrier.
    pub protocol: Option<Protocol>,
    /// Headers as name and value.
    pub headers: Option<Vec<(String, String)>>,
    /// Compression of bodies.
    pub compression: Option<Compression>,
    /// How long one attempt may take.
    pub timeout: Option<Duration>,
    /// PEM file with the authorities to trust.
    pub certificate: Option<PathBuf>,
    /// PEM file with the client's key.
    pub client_key: Option<PathBuf>,
    /// PEM file with the client's certificate.
    pub client_certificate: Option<PathBuf>,
    /// Over gRPC: whether an address without scheme is one without TLS.
    pub insecure: Option<bool>,
}

/// `OTEL_EXPORTER_OTLP_*`.
#[derive(Clone, Default)]
pub struct Environment {
    generic: Settings,
    /// By `Signal as usize`; `None` where nothing is said of a signal.
    signals: [Option<Settings>; 3],
}

/// A variable cannot be used. Shows no headers.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid `{variable}`: {reason}")]
pub struct EnvironmentError {
    /// Its name.
    pub variable: String,
    /// What was expected.
    pub reason: String,
}

impl Environment {
    /// Reads the variables; empty ones count as not set, as the specification says.
    ///
    /// # Errors
    ///
    /// When one of them is set to what cannot be used.
    pub fn read(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, EnvironmentError> {
        let generic = settings("", &lookup)?.unwrap_or_default();
        let [traces, metrics, logs] = ["TRACES_", "METRICS_", "LOGS_"];
        let signals = [
            settings(traces, &lookup)?,
            settings(metrics, &lookup)?,
            settings(logs, &lookup)?,
        ];
        Ok(Self { generic, signals })
    }
}

/// The settings of variables with this infix; `None` if there are none.
fn settings(
    infix: &str,
    lookup: &impl Fn(&str) -> Option<String>,
) -> Result<Option<Settings>, EnvironmentError> {
    let mut is_set = false;
    let mut get = |name: &str| {
        let variable = format!("OTEL_EXPORTER_OTLP_{infix}{name}");
        let value = lookup(&variable).map(|value| value.trim().to_owned());
        let value = value.filter(|value| !value.is_empty())?;
        is_set = true;
        Some((variable, value))
    };
    let found = Settings {
        endpoint: text(get("ENDPOINT")),
        protocol: parsed(get("PROTOCOL"), |text| {
            text.parse().map_err(|error: BadProtocol| error.to_string())
        })?,
        headers: parsed(get("HEADERS"), headers)?,
        compression: parsed(get("COMPRESSION"), |text| {
            text.parse()
                .map_err(|error: BadCompression| error.to_string())
        })?,
        timeout: parsed(get("TIMEOUT"), milliseconds)?,
        certificate: text(get("CERTIFICATE")).map(PathBuf::from),
        client_key: text(get("CLIENT_KEY")).map(PathBuf::from),
        client_certificate: text(get("CLIENT_CERTIFICATE")).map(PathBuf::from),
        // As the specification says of truth values: nothing but `true` is true.
        insecure: text(get("INSECURE")).map(|text| text.eq_ignore_ascii_case("true")),
    };
    Ok(is_set.then_some(found))
}

fn text(found: Option<(String, String)>) -> Option<String> {
    found.map(|(_, value)| value)
}

fn parsed<T>(
    found: Option<(String, String)>,
    parse: impl FnOnce(&str) -> Result<T, String>,
) -> Result<Option<T>, EnvironmentError> {
    let Some((variable, value)) = found else {
        return Ok(None);
    };
    match parse(&value) {
        Ok(value) => Ok(Some(value)),
        Err(reason) => Err(EnvironmentError { variable, reason }),
    }
}

fn milliseconds(text: &str) -> Result<Duration, String> {
    match text.parse() {
        Ok(millis) if millis > 0 => Ok(Duration::from_millis(millis)),
        _ => Err("expected milliseconds above 0".to_owned()),
    }
}

/// Pairs joined by commas, values percent-encoded.
fn headers(text: &str) -> Result<Vec<(String, String)>, String> {
    let pairs = text
        .split(',')
        .map(str::trim)
        .filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (name, value) = pair
                .split_once('=')
                .ok_or_else(|| "expected pairs as `name=value`, joined by commas".to_owned())?;
            let name = name.trim().to_owned();
            let value = percent_decoded(value.trim().as_bytes());
            let value = String::from_utf8(value)
                .map_err(|_| format!("the value of header `{name}` is not UTF-8"))?;
            Ok((name, value))
        })
        .collect()
}

/// Where and how requests go: a generic part, and routes of signals that differ.
#[derive(Clone, Debug)]
pub struct Exporter {
    /// The receiver.
    pub to: Endpoint,
    /// Encoding and carrier.
    pub protocol: Protocol,
    /// Compression of bodies.
    pub compression: Compression,
    /// Sent with each request.
    pub headers: Headers,
    /// How long one attempt may take.
    pub timeout: Duration,
    /// Whom to trust.
    pub tls: TlsFiles,
    /// By `Signal as usize`.
    pub own: [Option<Route>; 3],
}

/// Settings do not make an exporter.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExporterError {
    /// No address at all.
    #[error("no receiver is named: by `--to URL`, or `OTEL_EXPORTER_OTLP_ENDPOINT`")]
    NoEndpoint,
    /// Not an address. Says where it stands.
    #[error("invalid {place}: {error}")]
    Endpoint {
        /// The option or variable.
        place: String,
        /// What is wrong.
        error: EndpointError,
    },
    /// Not a header.
    #[error(transparent)]
    Header(#[from] HeaderError),
}

/// Default of the specification.
const TIMEOUT: Duration = Duration::from_secs(10);

impl Exporter {
    /// Takes for each setting the first of: what is `given`, the variable of the signal, the generic
    /// variable, the default of the specification. Headers that are given take the place of those
    /// of the same name. Signals without any address, where others have one, go to the
    /// default, which is on this machine.
    ///
    /// # Errors
    ///
    /// When there is no address at all, or an address or header cannot be used.
    pub fn new(given: &Settings, environment: &Environment) -> Result<Self, ExporterError> {
        let own_address = |settings: &Option<Settings>| {
            settings.as_ref().is_some_and(|own| own.endpoint.is_some())
        };
        if given.endpoint.is_none()
            && environment.generic.endpoint.is_none()
            && !environment.signals.iter().any(own_address)
        {
            return Err(ExporterError::NoEndpoint);
        }
        let none = Settings::default();
        let layers = Layers {
            given,
            own: &none,
            generic: &environment.generic,
        };
        let mut own = [None, None, None];
        for signal in Signal::ALL {
            if let Some(settings) = &environment.signals[signal as usize] {
                let layers = Layers {
                    own: settings,
                    ..layers
                };
                own[signal as usize] = Some(layers.route(signal)?);
            }
        }
        Ok(Self {
            to: layers.base()?,
            protocol: layers.protocol(),
            compression: layers.compression(),
            headers: layers.headers()?,
            timeout: layers.timeout(),
            tls: layers.tls(),
            own,
        })
    }
}

/// What is said, the first word first.
#[derive(Clone, Copy)]
struct Layers<'a> {
    given: &'a Settings,
    own: &'a Settings,
    generic: &'a Settings,
}

impl Layers<'_> {
    fn first<T>(&self, setting: impl Fn(&Settings) -> Option<T>) -> Option<T> {
        let layers = [self.given, self.own, self.generic];
        layers.into_iter().find_map(setting)
    }

    fn protocol(&self) -> Protocol {
        self.first(|s| s.protocol).unwrap_or_default()
    }

    fn compression(&self) -> Compression {
        self.first(|s| s.compression).unwrap_or_default()
    }

    fn timeout(&self) -> Duration {
        self.first(|s| s.timeout).unwrap_or(TIMEOUT)
    }

    fn insecure(&self) -> bool {
        self.first(|s| s.insecure).unwrap_or(false)
    }

    fn tls(&self) -> TlsFiles {
        TlsFiles {
            authorities: self.first(|s| s.certificate.clone()),
            client_certificate: self.first(|s| s.client_certificate.clone()),
            client_key: self.first(|s| s.client_key.clone()),
        }
    }

    fn headers(&self) -> Result<Headers, HeaderError> {
        let layers = [self.own, self.generic];
        let from_environment = layers.into_iter().find_map(|s| s.headers.clone());
        let given = self.given.headers.clone().unwrap_or_default();
        let mut headers = from_environment.unwrap_or_default();
        headers.retain(|(name, _)| {
            !given
                .iter()
                .any(|(taken, _)| taken.eq_ignore_ascii_case(name))
        });
        Headers::new(headers.into_iter().chain(given))
    }

    fn base(&self) -> Result<Endpoint, ExporterError> {
        let (place, text) = match (&self.given.endpoint, &self.generic.endpoint) {
            (Some(text), _) => ("--to", text.as_str()),
            (None, Some(text)) => ("`OTEL_EXPORTER_OTLP_ENDPOINT`", text.as_str()),
            (None, None) => (
                "default",
                match self.protocol() {
                    Protocol::Grpc => "http://localhost:4317",
                    Protocol::HttpProtobuf | Protocol::HttpJson => "http://localhost:4318",
                },
            ),
        };
        let endpoint = Endpoint::parse(text, self.protocol(), self.insecure());
        endpoint.map_err(|error| ExporterError::Endpoint {
            place: place.to_owned(),
            error,
        })
    }

    fn route(&self, signal: Signal) -> Result<Route, ExporterError> {
        let protocol = self.protocol();
        let uri = match (&self.given.endpoint, &self.own.endpoint) {
            (None, Some(text)) => Endpoint::of_signal(text, signal, protocol, self.insecure())
                .map_err(|error| {
                    let name = signal.as_str().to_ascii_uppercase();
                    let place = format!("`OTEL_EXPORTER_OTLP_{name}_ENDPOINT`");
                    ExporterError::Endpoint { place, error }
                })?,
            _ => self.base()?.uri(signal, protocol).clone(),
        };
        Ok(Route {
            uri,
            protocol,
            compression: self.compression(),
            headers: self.headers()?,
            timeout: self.timeout(),
            tls: self.tls(),
        })
    }
}

#[cfg(test)]
mod tests;
