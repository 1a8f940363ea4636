//! `stacklint context`.

use std::collections::BTreeMap;
use std::fmt::Write;

use clap::ValueEnum;
use serde_json::json;

use super::Failure;
use crate::files::{self, Disk, Files, Kind};
use crate::source::Sources;
use crate::stack::context::{Context, Ignore, size};

/// The arguments of `stacklint context`.
#[derive(clap::Args)]
pub(super) struct Args {
    /// The build context
    #[arg(value_name = "DIR")]
    dir: String,
    /// The Dockerfile; its own `<Dockerfile>.dockerignore` wins over the context's
    #[arg(long, value_name = "F")]
    dockerfile: Option<String>,
    /// How to print it
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    Text,
    Json,
}

pub(super) fn run(args: Args) -> Result<u8, Failure> {
    let disk = Disk::new(".");
    let dir = files::normalize(&args.dir);
    let dockerfile = args.dockerfile.as_deref().map(|path| dockerfile(&disk, &dir, path));
    let mut sources = Sources::new();
    if disk.kind(&dir).is_none() {
        return Err(format!("{dir}: no such file or folder"));
    }
    let ignore =
        Ignore::find(&disk, &dir, dockerfile.as_deref(), &mut sources).map_err(|(path, error)| format!("cannot read {path}: {error}"))?;
    if let Some(error) = ignore.error() {
        let place = format!("{}:{}", sources.path(error.span.file), sources.line(error.span));
        return Err(format!("{place}: {}", error.message));
    }
    let context = Context::list(&disk, &dir, &ignore.rules).map_err(|error| format!("{dir}: {error}"))?;
    if let Some((folder, error)) = context.unreadable.first() {
        return Err(format!("cannot read {}: {error}", files::join(&dir, folder)));
    }
    if context.truncated {
        return Err(format!("{dir}: more than {} files and folders; leave some out in .dockerignore", context.entries.len()));
    }
    super::print(&match args.format {
        Format::Json => as_json(&context, ignore.path.as_deref()),
        Format::Text => as_text(&context, ignore.path.as_deref()),
    });
    Ok(0)
}

/// A Dockerfile is looked for from the working directory first, then in the context.
fn dockerfile(disk: &Disk, dir: &str, path: &str) -> String {
    let here = files::normalize(path);
    if disk.kind(&here) == Some(Kind::File) { here } else { files::join(dir, path) }
}

fn as_json(context: &Context, ignore_file: Option<&str>) -> String {
    let files: Vec<_> = context.files().map(|file| json!({"path": file.path, "size": file.size})).collect();
    let value = json!({
        "root": context.dir,
        "ignore_file": ignore_file,
        "files": files,
        "total_bytes": context.total_bytes,
        "ignored": context.ignored,
    });
    format!("{value:#}\n")
}

/// The folders (and bare files) at the context's root, the largest first.
fn as_text(context: &Context, ignore_file: Option<&str>) -> String {
    let mut roots: BTreeMap<&str, (usize, u64, bool)> = BTreeMap::new();
    for file in context.files() {
        let (root, below) = file.path.split_once('/').map_or((file.path.as_str(), false), |(root, _)| (root, true));
        let sum = roots.entry(root).or_insert((0, 0, below));
        sum.0 += 1;
        sum.1 += file.size;
    }
    let mut rows: Vec<_> = roots.into_iter().collect();
    rows.sort_by(|a, b| b.1.1.cmp(&a.1.1).then(a.0.cmp(b.0)));
    let mut out = String::new();
    let shown = 20;
    for (root, (count, bytes, folder)) in rows.iter().take(shown) {
        let name = if *folder { format!("{root}/") } else { (*root).to_owned() };
        let files = if *folder { plural(*count, "file") } else { String::new() };
        let _ = writeln!(out, "{:>10}  {name}{}{files}", size(*bytes), if files.is_empty() { "" } else { "  " });
    }
    if rows.len() > shown {
        let rest: u64 = rows.iter().skip(shown).map(|row| row.1.1).sum();
        let _ = writeln!(out, "{:>10}  {} more", size(rest), rows.len() - shown);
    }
    if !rows.is_empty() {
        out.push('\n');
    }
    let ignored = match (ignore_file, context.ignored) {
        (None, _) => "no .dockerignore".to_owned(),
        (Some(path), 0) => format!("{path} leaves nothing out"),
        (Some(path), n) => format!("{path} leaves {n} out"),
    };
    let count = context.files().count();
    let _ = writeln!(out, "{}, {} · {ignored}", plural(count, "file"), size(context.total_bytes));
    out
}

fn plural(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}
