//! `otolith tables`.

use anyhow::{Result, bail};
use otolith_lake::{Lake, TableInfo};
use otolith_tables::{DatabaseName, Table};

use crate::args::TablesArgs;
use crate::exit::{Outcome, UsageError};
use crate::progress::Terminal;
use crate::render::lake::{Listing, TableListing};
use crate::render::{self, Output};

/// Runs the command.
pub fn run(args: TablesArgs, terminal: Terminal) -> Result<Outcome> {
    let target = args.target.as_deref().map(Target::parse).transpose()?;
    let lake = Lake::open(&args.lake)?;
    let mut out = Output::stdout();
    let look = out.look();
    match target {
        Some(Target::Table(database, table)) => {
            let tables = tables_of(&lake, &database)?;
            let Some(info) = tables.iter().find(|info| info.table == table) else {
                let names: Vec<&str> = tables.iter().map(|info| info.table.as_str()).collect();
                bail!(
                    "no table `{table}` in database `{database}`; there are {}",
                    names.join(", ")
                );
            };
            let listing = TableListing::new(info);
            match args.json {
                true => render::object(&listing, &mut out)?,
                false => listing.write(look, &mut out)?,
            }
        }
        target => {
            let mut databases = Vec::new();
            let names = match target {
                Some(Target::Database(name)) => vec![name],
                _ => lake.databases()?,
            };
            for name in names {
                databases.push((name.clone(), tables_of(&lake, &name)?));
            }
            if databases.is_empty() {
                terminal.say("note: the lake is empty");
            }
            let listing = Listing::new(&databases);
            match args.json {
                true => render::object(&listing, &mut out)?,
                false => listing.write(look, &mut out)?,
            }
        }
    }
    out.finish()?;
    Ok(Outcome::Clean)
}

fn tables_of(lake: &Lake, database: &DatabaseName) -> Result<Vec<TableInfo>> {
    let known = lake.databases()?;
    if !known.contains(database) {
        let names: Vec<&str> = known.iter().map(DatabaseName::as_str).collect();
        if names.is_empty() {
            bail!("no database `{database}` in the lake; it is empty");
        }
        bail!(
            "no database `{database}` in the lake; there are {}",
            names.join(", ")
        );
    }
    Ok(lake.tables(database)?)
}

/// What to list.
enum Target {
    Database(DatabaseName),
    Table(DatabaseName, Table),
}

impl Target {
    /// Reads `DB` or `DB.TABLE`. Service names are taken as well as database names.
    fn parse(text: &str) -> Result<Self, UsageError> {
        let Some((database, table)) = text.rsplit_once('.') else {
            return Ok(Self::Database(DatabaseName::from_service(text)));
        };
        let Some(table) = Table::parse(table) else {
            let names = Table::ALL.map(Table::as_str).join(", ");
            return Err(UsageError(format!(
                "no table is named `{table}`; there are {names}"
            )));
        };
        Ok(Self::Table(DatabaseName::from_service(database), table))
    }
}
