//! Reads price files.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use anyhow::{Context as _, Result};
use otolith_report::{Prices, Pricing, Rules};

use crate::args::PricingArgs;

/// The prices that were asked for, and the tier.
pub fn read(args: &PricingArgs) -> Result<Pricing> {
    let prices = match &args.prices {
        Some(path) => of_file(path)?,
        None => Prices::embedded(),
    };
    Ok(Pricing {
        prices,
        rules: Rules {
            service_tier: args.service_tier,
            long_context: args.long_context,
        },
    })
}

fn of_file(path: &Path) -> Result<Prices> {
    let bytes = bytes(path);
    let bytes =
        bytes.with_context(|| format!("failed to read prices from `{}`", path.display()))?;
    let prices = Prices::parse(&bytes);
    prices.with_context(|| format!("`{}` is no price file", path.display()))
}

/// The bytes of a file, as far as a price file can go and one more.
fn bytes(path: &Path) -> io::Result<Vec<u8>> {
    let limit = u64::try_from(Prices::MAX_LEN_BYTES).unwrap_or(u64::MAX);
    let mut bytes = Vec::new();
    let file = File::open(path)?;
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok(bytes)
}
