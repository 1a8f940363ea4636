//! What would run again: `--record`, `--against`, `--since`, and the last build.

use super::{Args, Format, records};
use crate::cli::Failure;
use crate::files::git::Repository;
use crate::files::{Disk, Files};
use crate::plan::content::Contents;
use crate::plan::keys::Keys;
use crate::plan::load::{LoadError, Request, load};
use crate::plan::record::Record;
use crate::plan::{self, Plan, Problem};
use crate::source::Sources;

/// Computes keys where somebody asks for them, and compares with what is there to compare with.
pub(super) fn predict(
    args: &Args,
    request: &Request,
    plan: &mut Plan,
    contents: &mut Contents,
    disk: &Disk,
    sources: &mut Sources,
) -> Result<(), Failure> {
    if let Some(name) = &args.since {
        return since(name, args, request, plan, disk, sources);
    }
    let before = match &args.against {
        Some(path) => Some(read(path)?),
        None => records::last(request),
    };
    if before.is_none() && args.record.is_none() && args.format != Format::Json {
        return Ok(());
    }
    let keys = keys(plan, contents, disk);
    disk.remember();
    if let Some(before) = &before {
        plan::predict(plan, &keys, contents, before);
    }
    write(args, plan, &keys, contents, sources)
}

/// Compares a plan that is about to be run with the last build, and gives the record of what it will leave in the cache.
#[cfg(feature = "execute")]
pub(super) fn before_build(request: &Request, plan: &mut Plan, contents: &mut Contents, disk: &Disk, sources: &Sources) -> Record {
    let keys = keys(plan, contents, disk);
    disk.remember();
    if let Some(before) = records::last(request) {
        plan::predict(plan, &keys, contents, &before);
    }
    Record::of(plan, &keys, contents, sources)
}

/// The keys of a plan, entered into it.
pub(super) fn keys(plan: &mut Plan, contents: &mut Contents, files: &dyn Files) -> Keys {
    contents.read(plan, files);
    let keys = Keys::of(plan, contents);
    keys.enter(plan);
    keys
}

/// Compares with a commit. Both sides are seen as git sees them: without what it ignores, and with its permissions.
fn since(name: &str, args: &Args, request: &Request, plan: &mut Plan, disk: &Disk, sources: &mut Sources) -> Result<(), Failure> {
    let repository = Repository::of(std::path::Path::new("."))?;
    let working = repository.working_tree(disk);
    let then = repository.tree(repository.commit(name)?, false)?.or_ignored(&working);
    let before = record(request, &then).map_err(|error| format!("as it was at {name}, there is no plan: {error}"))?;
    let mut contents = Contents::list(plan, &working, sources).map_err(|problems| first(&problems))?;
    let keys = keys(plan, &mut contents, &working);
    disk.remember();
    plan::predict(plan, &keys, &contents, &before);
    write(args, plan, &keys, &contents, sources)
}

/// The record of a build of these files.
fn record(request: &Request, files: &dyn Files) -> Result<Record, String> {
    let mut sources = Sources::new();
    let loaded = load(request, files, &mut sources).map_err(|error| match error {
        LoadError::Usage(text) => text,
        LoadError::Problems(problems) => first(&problems),
    })?;
    let mut plan = plan::plan(&loaded.input()).map_err(|problems| first(&problems))?;
    let mut contents = Contents::list(&plan, files, &mut sources).map_err(|problems| first(&problems))?;
    let keys = keys(&mut plan, &mut contents, files);
    Ok(Record::of(&plan, &keys, &contents, &sources))
}

fn first(problems: &[Problem]) -> String {
    problems.first().map_or_else(String::new, |problem| problem.message.clone())
}

fn write(args: &Args, plan: &Plan, keys: &Keys, contents: &Contents, sources: &Sources) -> Result<(), Failure> {
    let Some(path) = &args.record else { return Ok(()) };
    let record = Record::of(plan, keys, contents, sources);
    std::fs::write(path, record.text()).map_err(|error| format!("{path}: the record cannot be written: {error}"))
}

fn read(path: &str) -> Result<Record, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?;
    Record::parse(&text).map_err(|error| format!("{path} {error}"))
}
