//! What would run again: `--record`, `--against`, `--since`, and the last build.

use super::{Args, Format};
use crate::cli::Failure;
use crate::files::Disk;
use crate::plan::content::Contents;
use crate::plan::keys::Keys;
use crate::plan::record::Record;
use crate::plan::{self, Plan};
use crate::source::Sources;

/// Computes keys where somebody asks for them, and compares with what is there to compare with.
pub(super) fn predict(args: &Args, plan: &mut Plan, contents: &mut Contents, disk: &Disk, sources: &Sources) -> Result<(), Failure> {
    let before = match &args.against {
        Some(path) => Some(read(path)?),
        None => None,
    };
    if before.is_none() && args.record.is_none() && args.format != Format::Json {
        return Ok(());
    }
    contents.read(plan, disk);
    let keys = Keys::of(plan, contents);
    keys.enter(plan);
    if let Some(before) = &before {
        plan::predict(plan, &keys, contents, before);
    }
    if let Some(path) = &args.record {
        let record = Record::of(plan, &keys, contents, sources);
        std::fs::write(path, record.text()).map_err(|error| format!("{path}: the record cannot be written: {error}"))?;
    }
    Ok(())
}

fn read(path: &str) -> Result<Record, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?;
    Record::parse(&text).map_err(|error| format!("{path} {error}"))
}
