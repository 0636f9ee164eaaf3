use super::*;

fn environment(variables: &[(&str, &str)]) -> Result<Environment, EnvironmentError> {
    Environment::read(|name| {
        let name = name.strip_prefix("OTEL_EXPORTER_OTLP_").unwrap();
        let mut found = variables.iter().filter(|(set, _)| *set == name);
        found.next().map(|(_, value)| (*value).to_owned())
    })
}

fn exporter(given: &Settings, variables: &[(&str, &str)]) -> Exporter {
    Exporter::new(given, &environment(variables).unwrap()).unwrap()
}

/// Addresses of traces, metrics, logs.
fn addresses(given: &Settings, variables: &[(&str, &str)]) -> [String; 3] {
    let exporter = exporter(given, variables);
    Signal::ALL.map(|signal| match &exporter.own[signal as usize] {
        Some(route) => route.uri.to_string(),
        None => exporter.to.uri(signal, exporter.protocol).to_string(),
    })
}

fn to(address: &str) -> Settings {
    Settings {
        endpoint: Some(address.to_owned()),
        ..Settings::default()
    }
}

#[test]
fn the_generic_address_gets_the_path_of_the_signal_and_the_own_one_does_not() {
    let found = addresses(
        &Settings::default(),
        &[
            ("ENDPOINT", "http://h:1/x"),
            ("LOGS_ENDPOINT", "http://l:2"),
            ("METRICS_ENDPOINT", "  "),
        ],
    );
    let expected = [
        "http://h:1/x/v1/traces",
        "http://h:1/x/v1/metrics",
        "http://l:2/",
    ];
    assert_eq!(found, expected);
}

#[test]
fn what_is_given_wins() {
    let given = Settings {
        protocol: Some(Protocol::HttpJson),
        compression: Some(Compression::Zstd),
        timeout: Some(Duration::from_secs(3)),
        headers: Some(vec![("A".to_owned(), "given".to_owned())]),
        ..to("http://g")
    };
    let exporter = exporter(
        &given,
        &[
            ("ENDPOINT", "http://h"),
            ("TRACES_ENDPOINT", "http://t"),
            ("PROTOCOL", "grpc"),
            ("TRACES_COMPRESSION", "gzip"),
            ("TIMEOUT", "5"),
            ("HEADERS", "a=generic,b=generic"),
            ("TRACES_HEADERS", "a=own , c=x%2Cy"),
        ],
    );
    assert_eq!(exporter.to.to_string(), "http://g");
    assert_eq!(exporter.protocol, Protocol::HttpJson);
    assert_eq!(exporter.timeout, Duration::from_secs(3));
    let traces = exporter.own[0].as_ref().unwrap();
    assert_eq!(traces.uri, "http://g/v1/traces");
    assert_eq!(traces.compression, Compression::Zstd);
    let shown = |headers: &Headers| {
        let mut pairs: Vec<String> = headers
            .map()
            .iter()
            .map(|(name, value)| format!("{name}={}", value.to_str().unwrap()))
            .collect();
        pairs.sort();
        pairs.join(" ")
    };
    assert_eq!(shown(&traces.headers), "a=given c=x,y");
    assert_eq!(shown(&exporter.headers), "a=given b=generic");
    assert!(exporter.own[1].is_none() && exporter.own[2].is_none());
}

#[test]
fn settings_of_a_signal_stand_before_generic_ones() {
    let exporter = exporter(
        &to("http://h"),
        &[
            ("PROTOCOL", "http/json"),
            ("LOGS_PROTOCOL", "grpc"),
            ("COMPRESSION", "gzip"),
            ("LOGS_TIMEOUT", "2500"),
            ("CERTIFICATE", "/ca"),
            ("LOGS_CERTIFICATE", "/logs-ca"),
            ("LOGS_CLIENT_KEY", "/key"),
            ("LOGS_CLIENT_CERTIFICATE", "/cert"),
        ],
    );
    assert_eq!(exporter.protocol, Protocol::HttpJson);
    assert_eq!(exporter.compression, Compression::Gzip);
    assert_eq!(exporter.timeout, TIMEOUT);
    assert_eq!(exporter.tls.authorities, Some("/ca".into()));
    let logs = exporter.own[2].as_ref().unwrap();
    assert_eq!(logs.protocol, Protocol::Grpc);
    assert_eq!(logs.compression, Compression::Gzip);
    assert_eq!(logs.timeout, Duration::from_millis(2_500));
    let files = TlsFiles {
        authorities: Some("/logs-ca".into()),
        client_certificate: Some("/cert".into()),
        client_key: Some("/key".into()),
    };
    assert_eq!(logs.tls, files);
}

#[test]
fn insecure_is_for_grpc_without_scheme() {
    let scheme = |variables: &[(&str, &str)]| {
        let exporter = exporter(&Settings::default(), variables);
        exporter.to.to_string()
    };
    let grpc = ("PROTOCOL", "grpc");
    assert_eq!(scheme(&[grpc, ("ENDPOINT", "h:1")]), "https://h:1");
    assert_eq!(
        scheme(&[grpc, ("ENDPOINT", "h:1"), ("INSECURE", "TRUE")]),
        "http://h:1"
    );
    assert_eq!(
        scheme(&[grpc, ("ENDPOINT", "h:1"), ("INSECURE", "1")]),
        "https://h:1"
    );
    assert_eq!(
        scheme(&[grpc, ("ENDPOINT", "https://h:1"), ("INSECURE", "true")]),
        "https://h:1"
    );
}

#[test]
fn signals_without_address_go_to_the_default_of_the_specification() {
    let found = addresses(&Settings::default(), &[("TRACES_ENDPOINT", "http://t/in")]);
    let expected = [
        "http://t/in",
        "http://localhost:4318/v1/metrics",
        "http://localhost:4318/v1/logs",
    ];
    assert_eq!(found, expected);
    let none = Exporter::new(&Settings::default(), &Environment::default());
    assert_eq!(none.err(), Some(ExporterError::NoEndpoint));
}

#[test]
fn errors_name_the_variable_and_no_secret() {
    let error = |name: &str, value: &str| {
        let error = environment(&[(name, value)]).err().unwrap().to_string();
        assert!(
            error.contains(&format!("`OTEL_EXPORTER_OTLP_{name}`")),
            "{error}"
        );
        error
    };
    assert!(error("PROTOCOL", "http").contains("`http/protobuf`"));
    assert!(error("LOGS_COMPRESSION", "zip").contains("`gzip`"));
    assert!(error("TIMEOUT", "10s").contains("milliseconds"));
    assert!(error("TIMEOUT", "0").contains("milliseconds"));
    assert!(!error("HEADERS", "s3cret").contains("s3cret"));
    assert!(!error("TRACES_HEADERS", "a=s3cret%FF").contains("s3cret"));
    let bad = environment(&[("HEADERS", "a=s3cret%0A1"), ("ENDPOINT", "http://h")]).unwrap();
    let error = Exporter::new(&Settings::default(), &bad).err().unwrap();
    assert_eq!(
        error,
        ExporterError::Header(HeaderError::Value("a".to_owned()))
    );
    let bad = environment(&[("LOGS_ENDPOINT", "h:4318")]).unwrap();
    let error = Exporter::new(&Settings::default(), &bad).err().unwrap();
    assert!(
        error
            .to_string()
            .contains("`OTEL_EXPORTER_OTLP_LOGS_ENDPOINT`"),
        "{error}"
    );
}
