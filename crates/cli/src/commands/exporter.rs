//! The receiver, of options and environment.

use otolith_replay::{Environment, Exporter, HttpVersion, ReplayOptions, Settings};

use crate::args::{ExporterArgs, HttpArg};
use crate::exit::UsageError;

/// Options of a replay to the receiver that is named, everything else by default.
///
/// # Errors
///
/// When no receiver is named, or options or variables cannot be used. No message shows the value of
/// a header.
pub fn options(
    args: &ExporterArgs,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<ReplayOptions, UsageError> {
    let headers: Result<Vec<_>, UsageError> = args.header.iter().map(|h| header(h)).collect();
    let headers = headers?;
    let given = Settings {
        endpoint: args.to.clone(),
        protocol: args.protocol,
        headers: (!headers.is_empty()).then_some(headers),
        compression: args.compression,
        timeout: args.timeout,
        certificate: args.cacert.clone(),
        client_key: args.client_key.clone(),
        client_certificate: args.client_cert.clone(),
        insecure: args.insecure.then_some(true),
    };
    let usage = |error: &dyn std::error::Error| UsageError(error.to_string());
    let environment = Environment::read(variable).map_err(|error| usage(&error))?;
    let exporter = Exporter::new(&given, &environment).map_err(|error| usage(&error))?;
    Ok(ReplayOptions {
        protocol: exporter.protocol,
        compression: exporter.compression,
        compression_level: args.compression_level,
        headers: exporter.headers,
        timeout: exporter.timeout,
        tls: exporter.tls,
        own: exporter.own,
        http: match args.http {
            HttpArg::Auto => HttpVersion::Auto,
            HttpArg::Http1 => HttpVersion::Http1,
            HttpArg::Http2 => HttpVersion::Http2,
        },
        connections: args.connections,
        keep_alive: !args.no_keep_alive,
        ..ReplayOptions::new(exporter.to)
    })
}

/// Reads `Name: value`. Errors show names only, as values may be secrets.
fn header(text: &str) -> Result<(String, String), UsageError> {
    let Some((name, value)) = text.split_once(':') else {
        return Err(UsageError(
            "expected `Name: value` after --header".to_owned(),
        ));
    };
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}
