//! Price tables.

use super::error::PriceError;
use super::names::{after_path, spellings};
use super::rate::{Factor, Rate};
use super::{litellm, own};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, LazyLock};

/// The embedded table.
static EMBEDDED: LazyLock<Prices> = LazyLock::new(|| {
    let prices = Prices::parse(include_bytes!("prices.json"));
    let mut prices = prices.expect("a test reads the embedded prices");
    prices.form = "embedded";
    prices
});

/// Most models that a table may have.
pub(super) const MAX_MODELS: usize = 100_000;

/// Longest name of a model, in bytes.
pub(super) const MAX_NAME_BYTES: usize = 512;

/// Most prices above a length of the input, per model and service tier.
pub(super) const MAX_BRACKETS: usize = 16;

/// A dated table of list prices by model.
#[derive(Clone, Debug)]
pub struct Prices {
    /// Where it comes from: `embedded`, `otolith-prices` or `litellm`.
    form: &'static str,
    /// What the table calls itself.
    name: Option<String>,
    /// Of the bytes.
    fingerprint: u64,
    models: Arc<[Model]>,
    /// Indices by name and alias in lower case.
    by_name: Arc<HashMap<String, usize>>,
    /// Indices by what follows the last `/` of a name.
    by_last: Arc<HashMap<String, Vec<usize>>>,
}

/// A model with its prices, in order of their dates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Model {
    pub(super) name: String,
    pub(super) aliases: Vec<String>,
    pub(super) prices: Vec<Price>,
}

/// What a model costs from a day until the next price.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Price {
    /// Nanoseconds since the Unix epoch of the day's begin in UTC; the least number for always.
    pub(super) from: i64,
    pub(super) tiers: BTreeMap<ServiceTier, Vec<Bracket>>,
    /// Where the table says that it was found.
    pub(super) source: Option<String>,
}

impl Price {
    /// Whether usage costs the same by both, wherever they were found.
    fn is_as(&self, other: &Self) -> bool {
        self.from == other.from && self.tiers == other.tiers
    }
}

/// Rates of requests whose whole input exceeds a number of tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bracket {
    /// 0 for the base.
    pub(super) above: u64,
    pub(super) rates: Rates,
}

/// How a request is served, which decides its price.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum ServiceTier {
    /// At once, at the list price.
    #[default]
    Standard,
    /// Within a day, as part of a batch.
    Batch,
    /// When there is room.
    Flex,
    /// Before others.
    Priority,
    /// By more machines.
    Fast,
}

impl ServiceTier {
    /// All tiers.
    pub const ALL: [Self; 5] = [
        Self::Standard,
        Self::Batch,
        Self::Flex,
        Self::Priority,
        Self::Fast,
    ];

    /// Its word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Batch => "batch",
            Self::Flex => "flex",
            Self::Priority => "priority",
            Self::Fast => "fast",
        }
    }

    /// The tier of a word of this program or of an emitter.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "normal" | "default" | "auto" => Some(Self::Standard),
            "batches" => Some(Self::Batch),
            word => Self::ALL.into_iter().find(|tier| tier.as_str() == word),
        }
    }
}

/// What is priced apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Class {
    Input,
    CacheRead,
    CacheCreation5m,
    CacheCreation1h,
    Output,
    Reasoning,
}

impl Class {
    pub(super) const ALL: [Self; 6] = [
        Self::Input,
        Self::CacheRead,
        Self::CacheCreation5m,
        Self::CacheCreation1h,
        Self::Output,
        Self::Reasoning,
    ];

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::CacheRead => "cache_read",
            Self::CacheCreation5m => "cache_creation_5m",
            Self::CacheCreation1h => "cache_creation_1h",
            Self::Output => "output",
            Self::Reasoning => "reasoning",
        }
    }
}

/// Rates by class, as far as there are any.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Rates([Option<Rate>; Class::ALL.len()]);

impl Rates {
    pub(super) fn get(&self, class: Class) -> Option<Rate> {
        self.0[class as usize]
    }

    pub(super) fn set(&mut self, class: Class, rate: Rate) {
        self.0[class as usize] = Some(rate);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.iter().all(Option::is_none)
    }

    /// These, and where there are none those of others.
    pub(super) fn or(&self, others: &Self) -> Self {
        let mut rates = *self;
        for (rate, other) in rates.0.iter_mut().zip(others.0) {
            *rate = rate.or(other);
        }
        rates
    }

    fn times(&self, factor: Factor) -> Self {
        Self(self.0.map(|rate| rate.map(|rate| rate.times(factor))))
    }
}

/// Longest text about where a price was found, in characters.
const MAX_SOURCE_CHARS: usize = 512;

/// What a report tells of where a price was found.
pub(super) fn source(text: &str) -> String {
    text.chars().take(MAX_SOURCE_CHARS).collect()
}

/// Brackets by rising length; each takes from the one below what it does not name.
pub(super) fn brackets(base: Rates, above: BTreeMap<u64, Rates>) -> Vec<Bracket> {
    let mut found = vec![Bracket {
        above: 0,
        rates: base,
    }];
    let mut below = base;
    for (above, rates) in above {
        let rates = rates.or(&below);
        below = rates;
        found.push(Bracket { above, rates });
    }
    found
}

/// Brackets with every rate times a factor.
pub(super) fn times(brackets: &[Bracket], factor: Factor) -> Vec<Bracket> {
    let times = |bracket: &Bracket| Bracket {
        above: bracket.above,
        rates: bracket.rates.times(factor),
    };
    brackets.iter().map(times).collect()
}

impl Prices {
    /// Longest file, in bytes.
    pub const MAX_LEN_BYTES: usize = 16 << 20;

    /// The list prices that come with the program.
    pub fn embedded() -> Self {
        EMBEDDED.clone()
    }

    /// Reads a file of either form, recognised by its content: an object with
    /// `"format": "otolith-prices"`, or an object of models with the fields of LiteLLM.
    ///
    /// # Errors
    /// When the bytes are too many, no JSON, of neither form, or an entry is wrong, by its name.
    pub fn parse(bytes: &[u8]) -> Result<Self, PriceError> {
        if bytes.len() > Self::MAX_LEN_BYTES {
            return Err(PriceError::TooLong {
                limit_bytes: Self::MAX_LEN_BYTES,
            });
        }
        let file: Value = serde_json::from_slice(bytes).map_err(PriceError::Json)?;
        let Value::Object(file) = file else {
            return Err(PriceError::Unrecognised);
        };
        let (form, name, models) = if own::is_own(&file) {
            let name = own::name(&file);
            (own::FORMAT, name, own::models(file)?)
        } else if litellm::is_litellm(&file) {
            ("litellm", None, litellm::models(&file)?)
        } else {
            return Err(PriceError::Unrecognised);
        };
        Self::of_models(form, name, fingerprint(bytes), models)
    }

    fn of_models(
        form: &'static str,
        name: Option<String>,
        fingerprint: u64,
        models: Vec<Model>,
    ) -> Result<Self, PriceError> {
        let mut by_name = HashMap::new();
        let mut by_last: HashMap<String, Vec<usize>> = HashMap::new();
        for (index, model) in models.iter().enumerate() {
            by_name.insert(model.name.to_ascii_lowercase(), index);
        }
        for (index, model) in models.iter().enumerate() {
            for alias in &model.aliases {
                let known = by_name.insert(alias.to_ascii_lowercase(), index);
                if known.is_some_and(|known| known != index) {
                    return Err(PriceError::Entry {
                        entry: model.name.clone(),
                        field: format!("`aliases`, `{alias}`"),
                        problem: "is the name of another entry",
                    });
                }
            }
            if let Some(last) = after_path(&model.name) {
                let last = last.to_ascii_lowercase();
                by_last.entry(last).or_default().push(index);
            }
        }
        Ok(Self {
            form,
            name,
            fingerprint,
            models: models.into(),
            by_name: Arc::new(by_name),
            by_last: Arc::new(by_last),
        })
    }

    /// Which table it is, for the parameters of a report: `form`, `name`, `models`, `fingerprint`.
    pub(crate) fn parameters(&self) -> Map<String, Value> {
        let parameters = json!({
            "form": self.form,
            "name": self.name,
            "models": self.models.len(),
            "fingerprint": format!("{:016x}", self.fingerprint),
        });
        let Value::Object(parameters) = parameters else {
            unreachable!("it is written as an object");
        };
        parameters
    }

    /// The model of a name as sent, served by a provider.
    pub(super) fn find(&self, name: &str, provider: Option<&str>) -> Find<'_> {
        if name.len() > MAX_NAME_BYTES {
            return Find::Unknown;
        }
        let spellings = spellings(name);
        let provider = provider.map(litellm::provider);
        for spelling in &spellings {
            let of_provider = provider.map(|provider| format!("{provider}/{spelling}"));
            let of_provider = of_provider.and_then(|key| self.by_name.get(&key));
            if let Some(index) = of_provider.or_else(|| self.by_name.get(spelling)) {
                return Find::One(&self.models[*index]);
            }
        }
        for spelling in &spellings {
            if let Some(all) = self.by_last.get(spelling) {
                let first = &self.models[all[0]];
                let same = all.iter().all(|i| self.models[*i].costs_as(first));
                return if same {
                    Find::One(first)
                } else {
                    Find::Several
                };
            }
        }
        Find::Unknown
    }
}

/// What is found of a model.
pub(super) enum Find<'a> {
    One(&'a Model),
    /// The same model of several providers at different prices.
    Several,
    Unknown,
}

impl Model {
    /// Whether usage of both costs the same at any time.
    fn costs_as(&self, other: &Self) -> bool {
        let prices = self.prices.iter().zip(&other.prices);
        self.prices.len() == other.prices.len() && prices.into_iter().all(|(a, b)| a.is_as(b))
    }

    /// The price that holds at a time.
    pub(super) fn at(&self, time: i64) -> Option<&Price> {
        self.prices.iter().rev().find(|price| price.from <= time)
    }
}

/// FNV-1a with 64 bits: tells one file from another, not against forgery.
fn fingerprint(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
