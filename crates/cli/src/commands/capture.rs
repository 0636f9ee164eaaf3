//! `otolith capture`.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result};
use otolith_capture::{Dialect, Encoding};
use otolith_otlp::Limits;
use otolith_receive::{
    Compression, FileOptions, Grouping, Keep, ReceiveLimits, ReceiveOptions, Receiver, TlsIdentity,
    Token,
};

use crate::args::{
    CaptureArgs, CaptureFileArgs, CaptureLimitArgs, FileCompressionArg, GroupingArg,
};
use crate::exit::{Outcome, UsageError};
use crate::hints::Failure;
use crate::interrupt::{self, OnInterrupt};
use crate::progress::{CaptureBar, Terminal};
use crate::render::{self, Output};

/// How often it is looked whether to stop.
const LOOK: Duration = Duration::from_millis(100);

/// Runs the command.
pub fn run(args: CaptureArgs, terminal: Terminal) -> Result<Outcome> {
    let options = options(&args)?;
    let stop = Arc::new(AtomicBool::new(false));
    interrupt::handle(OnInterrupt::Finish(Arc::clone(&stop)));
    let receiver = Receiver::start(&options)?;
    greet(receiver.addresses(), &options, terminal);
    let bar = CaptureBar::new(terminal);
    let mut has_failed = false;
    while !stop.load(Ordering::Relaxed) {
        thread::sleep(LOOK);
        let outcome = receiver.outcome();
        bar.show(&outcome);
        let failure = outcome.files.and_then(|files| files.failure);
        if let Some(failure) = failure.filter(|_| !has_failed) {
            has_failed = true;
            bar.say(
                terminal,
                &format!("warning: cannot write: {failure}; senders are told to try again"),
            );
        }
    }
    let outcome = receiver.stop();
    bar.clear();
    let mut out = Output::stdout();
    if args.json {
        render::object(&outcome, &mut out)?;
    } else if !terminal.quiet {
        render::reception::write(&outcome, &mut out)?;
    }
    out.finish()?;
    Ok(Outcome::lossy_if(!outcome.is_clean()))
}

/// Says where to send to, and who can.
fn greet(addresses: &[SocketAddr], options: &ReceiveOptions, terminal: Terminal) {
    let scheme = match options.tls {
        Some(_) => "https",
        None => "http",
    };
    for address in addresses {
        terminal.say(format_args!(
            "listening on {scheme}://{address} (HTTP and gRPC)"
        ));
    }
    if options.token.is_none() && addresses.iter().any(|a| !a.ip().is_loopback()) {
        terminal
            .say("warning: whoever reaches this machine can send; --token-file asks for a token");
    }
}

fn options(args: &CaptureArgs) -> Result<ReceiveOptions> {
    let keep = match &args.out {
        None => Keep::Discard,
        Some(dir) => Keep::Files(files(dir, &args.files)?),
    };
    let access = &args.access;
    let tls = match (&access.tls_cert, &access.tls_key) {
        (Some(certificate), Some(key)) => Some(TlsIdentity::from_pem_files(certificate, key)?),
        _ => None,
    };
    let token = access.token_file.as_deref().map(token).transpose()?;
    let faults = args.faults.faults.clone();
    Ok(ReceiveOptions {
        listen: args.listen.clone(),
        limits: limits(&args.limits)?,
        decode: Limits::from(&args.decode),
        tls,
        token,
        faults: faults.map(|faults| faults.with_seed(args.faults.fault_seed)),
        ..ReceiveOptions::new(keep)
    })
}

fn files(dir: &Path, args: &CaptureFileArgs) -> Result<FileOptions, UsageError> {
    let dialect = Dialect::from(args.format);
    let mut files = FileOptions {
        compression: match args.compress {
            FileCompressionArg::None => Compression::None,
            FileCompressionArg::Gzip => Compression::Gzip,
            FileCompressionArg::Zstd => Compression::Zstd,
        },
        rotate_size: Some(args.rotate_size).filter(|size| *size > 0),
        rotate_every: args.rotate_every,
        durability: args.fsync,
        ..FileOptions::new(dir.to_owned(), dialect)
    };
    match args.files {
        None => {}
        Some(GroupingArg::BySignal) => files.grouping = Grouping::PerSignal,
        Some(GroupingArg::Together) if dialect.encoding() == Encoding::Protobuf => {
            return Err(UsageError(format!(
                "requests in protobuf do not name their signal: with --as {dialect} each signal has \
                 files of its own"
            )));
        }
        Some(GroupingArg::Together) => files.grouping = Grouping::Together,
    }
    Ok(files)
}

fn limits(args: &CaptureLimitArgs) -> Result<ReceiveLimits, UsageError> {
    let least = args.max_body.saturating_mul(2);
    if args.max_in_flight < least {
        return Err(UsageError(format!(
            "--max-in-flight must be twice --max-body at least: expected {least} bytes or more"
        )));
    }
    Ok(ReceiveLimits {
        // At most 100,000.
        connections: args.max_connections as usize,
        body_bytes: args.max_body,
        decompression_ratio: args.max_body_ratio,
        in_flight_bytes: args.max_in_flight,
        patience: args.max_wait,
        header_bytes: args.max_header,
        request_time: args.request_timeout,
        ..ReceiveLimits::default()
    })
}

/// Reads the token. Errors do not show it.
fn token(path: &Path) -> Result<Token> {
    let text = fs::read_to_string(path)
        .with_context(|| format!("failed to read the token in {}", path.display()))?;
    Token::new(&text).map_err(|error| {
        let failure = Failure {
            message: format!("{error} in {}", path.display()),
            hint: "`openssl rand -hex 32 > FILE` makes one",
        };
        failure.into()
    })
}
