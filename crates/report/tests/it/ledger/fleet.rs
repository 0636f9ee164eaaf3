//! A fleet's captures: a file per day of arrival, so that late requests lie in later files.

use std::collections::BTreeMap;
use std::sync::Arc;

use otolith_capture::Source;
use otolith_corpus::{Dialect, FleetSpec, Ledger, generate_fleet};
use otolith_ingest::{ConvertOptions, NoWatch, collect};
use otolith_report::{Calendar, Prices, Pricing, usage_wanted};
use otolith_tables::Extract;

use super::DAY;
use crate::support::{TestLake, embedded, lake_of_sources};

pub struct Fleet {
    pub ledger: Ledger,
    sources: Vec<Source>,
}

impl Fleet {
    pub fn new(spec: FleetSpec, dialect: Dialect) -> Self {
        let mut files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        let ledger = generate_fleet(spec, dialect.encoding(), &mut |request| {
            let day = request.arrival_unix_nano / DAY;
            let name = match dialect {
                Dialect::Protobuf => format!("{day}/{:?}.bin", request.signal).to_lowercase(),
                _ => format!("{day}.jsonl"),
            };
            dialect.append(request, files.entry(name).or_default())
        });
        let source = |(name, bytes): (String, Vec<u8>)| Source::from_bytes(&name, bytes);
        Self {
            ledger: ledger.unwrap(),
            sources: files.into_iter().map(source).collect(),
        }
    }

    pub fn lake(&self) -> TestLake {
        lake_of_sources(&self.sources)
    }

    /// What reports over usage want, straight from the captures.
    pub fn extract(&self) -> Extract {
        let wanted = Arc::new(usage_wanted(None));
        let options = ConvertOptions::default();
        let collected = collect(&self.sources, &wanted, &options, &NoWatch).unwrap();
        assert!(collected.account.is_clean(), "{:?}", collected.account);
        collected.extract
    }
}

/// The calendar of a zone.
pub fn calendar(zone: &str) -> Calendar {
    Calendar {
        tz: otolith_report::time_zone(zone).unwrap(),
        ..Calendar::default()
    }
}

/// The prices that the ledger reckons with.
pub fn pricing() -> Pricing {
    Pricing {
        prices: Prices::parse(otolith_corpus::price_file().as_bytes()).unwrap(),
        ..embedded()
    }
}
