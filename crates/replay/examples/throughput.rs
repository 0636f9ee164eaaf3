//! Measures how fast replay sends on the loopback interface, sink included:
//! `throughput REQUESTS RECORDS_PER_REQUEST max|RATE IN_FLIGHT`, with a rate in requests per second.

use std::error::Error;
use std::net::TcpListener;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use otolith_capture::{InputFormat, Signal, Source};
use otolith_replay::{NoWatch, Pace, ReplayOptions, plan, run};
use prost::Message as _;

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [requests, records, pace, in_flight] = &*args else {
        return Err("expected REQUESTS RECORDS_PER_REQUEST max|RATE IN_FLIGHT".into());
    };
    let requests: u64 = requests.parse()?;
    let records: usize = records.parse()?;
    let in_flight: NonZeroUsize = in_flight.parse()?;
    let (pace, gap_nanos) = match pace.as_str() {
        "max" => (Pace::Max, 1),
        rate => (Pace::speed(1.0)?, (1e9 / rate.parse::<f64>()?) as u64),
    };
    let received = Arc::new(AtomicU64::new(0));
    let url = sink(Arc::clone(&received))?;
    let mut options = ReplayOptions::new(url.parse()?);
    options.pace = pace;
    options.in_flight = in_flight;
    options.read.input_format = Some(InputFormat::ProtoFrames);
    options.read.signal = Some(Signal::Logs);
    let source = Source::from_bytes("generated", capture(requests, records, gap_nanos));
    let never = AtomicBool::new(false);
    let plan = plan(&[source], &options, &NoWatch, &never)?;
    let outcome = run(plan, &options, &NoWatch, &never)?;
    println!("{}", serde_json::to_string_pretty(&outcome)?);
    if received.load(Ordering::Relaxed) == requests && outcome.is_clean() {
        Ok(())
    } else {
        Err("not everything arrived".into())
    }
}

/// Proto frames with log requests, so many nanoseconds apart.
fn capture(requests: u64, records: usize, gap_nanos: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    for i in 0..requests {
        let text = |text: &str| AnyValue {
            value: Some(Value::StringValue(text.to_owned())),
        };
        let attribute = |key: &str| KeyValue {
            key: key.to_owned(),
            value: Some(text("some value")),
            ..KeyValue::default()
        };
        let record = LogRecord {
            time_unix_nano: 1_700_000_000_000_000_000 + i * gap_nanos,
            body: Some(text("something happened")),
            attributes: vec![attribute("session.id"), attribute("model")],
            ..LogRecord::default()
        };
        let logs = ScopeLogs {
            log_records: vec![record; records],
            ..ScopeLogs::default()
        };
        let logs = ResourceLogs {
            scope_logs: vec![logs],
            ..ResourceLogs::default()
        };
        let body = ExportLogsServiceRequest {
            resource_logs: vec![logs],
        }
        .encode_to_vec();
        bytes.extend((body.len() as u32).to_be_bytes());
        bytes.extend(body);
    }
    bytes
}

/// Starts a receiver that reads each request whole, and gives its address.
fn sink(received: Arc<AtomicU64>) -> Result<String, Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    thread::spawn(move || runtime.block_on(serve(listener, received)));
    Ok(format!("http://{address}"))
}

async fn serve(listener: TcpListener, received: Arc<AtomicU64>) -> std::io::Result<()> {
    let listener = tokio::net::TcpListener::from_std(listener)?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let received = Arc::clone(&received);
        tokio::spawn(async move {
            let service = service_fn(|request: Request<Incoming>| {
                let received = Arc::clone(&received);
                async move {
                    request.into_body().collect().await?;
                    received.fetch_add(1, Ordering::Relaxed);
                    Ok::<_, hyper::Error>(Response::new(Full::new(Bytes::new())))
                }
            });
            // The client closes its connections when it is done.
            let _ = http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}
