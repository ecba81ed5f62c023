//! Questions to the ledger that are answered by a list of its entries, in one way for all.

use std::io;
use std::io::Write;

use clap::Args;
use clap::ValueEnum;

use super::audit::Names;
use crate::audit;
use crate::audit::ClockFace;
use crate::audit::Csv;
use crate::audit::Filter;
use crate::audit::Format;
use crate::audit::Html;
use crate::audit::JsonLines;
use crate::audit::Section;
use crate::audit::Table;
use crate::cli::Exit;
use crate::cli::configured;
use crate::cli::desk::moment;
use crate::cli::refuse;
use crate::config::Config;
use crate::time::UtcMicros;

/// How a list is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Written {
    /// One line for each entry
    Table,
    /// RFC 4180, the columns of an audit
    Csv,
    /// JSON, one object a line
    Json,
    /// A page for printing
    Html,
}

/// Of when, and how it is written.
#[derive(Args, Clone, Debug)]
pub struct Telling {
    /// From this day or moment on (UTC)
    #[arg(long, value_name = "WHEN", value_parser = moment)]
    pub from: Option<UtcMicros>,
    /// Before this day or moment (UTC)
    #[arg(long, value_name = "WHEN", value_parser = moment)]
    pub to: Option<UtcMicros>,
    /// How it is written
    #[arg(long, value_enum, default_value = "table")]
    pub format: Written,
    /// Local times of this zone, as in Europe/Vienna
    #[arg(long, value_name = "ZONE", default_value = "UTC", value_parser = ClockFace::of)]
    pub time_zone: ClockFace,
    /// The configuration file
    #[arg(long, value_name = "FILE", default_value = "credence.toml")]
    pub config: std::path::PathBuf,
}

impl Telling {
    /// Lists the entries that `filter` takes of those of the time asked for, about whom and what `names` says.
    ///
    /// # Errors
    /// When `out` cannot be written, or a running gateway does not answer.
    pub fn list(&self, names: &Names, filter: Filter, out: &mut dyn Write) -> io::Result<Exit> {
        match configured(&self.config) {
            Ok(config) => self.list_with(&config, names, filter, None, out),
            Err(exit) => Ok(exit),
        }
    }

    /// The same, with `section` on the page.
    ///
    /// # Errors
    /// As [`Telling::list`].
    pub fn list_with(
        &self,
        config: &Config,
        names: &Names,
        filter: Filter,
        section: Option<Section>,
        out: &mut dyn Write,
    ) -> io::Result<Exit> {
        let clock = self.time_zone.clone();
        let known = match names.known(config) {
            Ok(known) => known,
            Err(why) => return refuse(&why),
        };
        let filter = Filter {
            from: self.from,
            to: self.to,
            patients: known.patients,
            study: known.study,
            ..filter
        };
        let mut format: Box<dyn Format> = match self.format {
            Written::Table => Box::new(Table::new(clock)),
            Written::Csv => Box::new(Csv::new(clock)),
            Written::Json => Box::new(JsonLines),
            Written::Html => {
                let html = Html::new(super::audit::site(config), clock);
                Box::new(match section {
                    Some(section) => html.with_section(section),
                    None => html,
                })
            }
        };
        match audit::list(&config.gateway.data_dir, &filter, &mut *format, out) {
            Ok(0) => {
                writeln!(io::stderr(), "credence: no entry is of that kind")?;
                Ok(Exit::Success)
            }
            Ok(_) => Ok(Exit::Success),
            Err(error) => refuse(&error),
        }
    }
}
