//! `stacklint trace`.

use clap::ValueEnum;

use super::{Failure, output};
use crate::files::{self, Disk, Files, Kind};
use crate::report::Masks;
use crate::rule::{Selection, SelectionRequest, registry};
use crate::rules::support::secrets::secret_name;
use crate::source::Span;
use crate::stack::{self, Candidate, Stack};
use crate::{check, discover, trace};

/// The arguments of `stacklint trace`.
#[derive(clap::Args)]
pub(super) struct Args {
    /// A line of a Dockerfile, a Compose file, a script or a template
    #[arg(value_name = "FILE:LINE[:COLUMN]")]
    place: String,
    /// As this service builds and runs it
    #[arg(long, value_name = "S")]
    service: Option<String>,
    /// A Compose file; several are merged in order as one project
    #[arg(short, long, value_name = "F")]
    file: Vec<String>,
    /// A profile of the Compose project
    #[arg(long, value_name = "P")]
    profile: Vec<String>,
    /// A file of variables for Compose, instead of .env
    #[arg(long, value_name = "F")]
    env_file: Vec<String>,
    /// A variable, as if it were set where Compose and the container run
    #[arg(short, long, value_name = "K=V")]
    env: Vec<String>,
    /// A build argument
    #[arg(long, value_name = "K=V")]
    build_arg: Vec<String>,
    /// How to print it
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// When to use colours
    #[arg(long, value_enum, default_value_t, value_name = "WHEN")]
    color: output::Color,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    Text,
    Json,
}

pub(super) fn run(args: &Args) -> Result<u8, Failure> {
    let disk = Disk::new(".");
    let (path, line, column) = place(&args.place)?;
    match disk.kind(&path) {
        Some(Kind::File) => {}
        Some(_) => return Err(format!("{path}: is no file")),
        None => return Err(format!("{path}: no such file")),
    }
    let env = args.env.iter().map(|e| pair(e, "--env")).collect::<Result<Vec<_>, _>>()?;
    let build_args = args.build_arg.iter().map(|e| pair(e, "--build-arg")).collect::<Result<Vec<_>, _>>()?;
    let clean = |paths: &[String]| paths.iter().map(|p| files::normalize(p)).collect::<Vec<_>>();
    let (compose_files, env_files) = (clean(&args.file), clean(&args.env_file));
    for path in compose_files.iter().chain(&env_files) {
        disk.read(path).map_err(|e| format!("cannot read {path}: {e}"))?;
    }
    let mut request = stack::Request {
        candidates: candidates(&path),
        compose_files,
        profiles: args.profile.clone(),
        env_files: env_files.clone(),
        build_args,
        ..stack::Request::default()
    };
    let mut stack = stack::load(&request, &disk);
    if let Some(given) = args.service.as_deref().and_then(|name| service_args(&stack, name, &path)) {
        let own = given.into_iter().filter(|(name, _)| !request.build_args.iter().any(|(n, _)| n == name));
        let own: Vec<_> = own.collect();
        request.build_args.extend(own);
        stack = stack::load(&request, &disk);
    }
    let selection = Selection::resolve(&SelectionRequest::default(), registry()).map_err(|e| e.to_string())?;
    let found = check::run(&stack, &selection);
    let masks = Masks::new(&stack.sources, &found.diagnostics, &found.masks);
    let is_secret = |name: &str, at: Option<Span>| {
        let masked = |span: Span| (span.start..span.end).any(|offset| masks.covers(span.file, offset as usize));
        secret_name(name) || at.is_some_and(masked)
    };
    let wanted = trace::Request {
        path: &path,
        line,
        column,
        service: args.service.as_deref(),
        env_files: &env_files,
        env: &env,
        is_secret: &is_secret,
    };
    let traced = trace::trace(&stack, &wanted).map_err(|failure| match failure {
        trace::Failure::NoLine(count) => format!("{path} has {count} lines, no line {line}"),
        trace::Failure::NoService(names) if names.is_empty() => "there is no service here: no Compose file was found".to_owned(),
        trace::Failure::NoService(names) => {
            format!("no service `{}`; there are {}", args.service.as_deref().unwrap_or_default(), names.join(", "))
        }
    })?;
    let text = match args.format {
        Format::Text => trace::text(&traced, &stack.sources, &output::style(args.color)),
        Format::Json => trace::json(&traced, &stack.sources),
    };
    super::print(&masks.hide(&text));
    Ok(0)
}

/// `FILE:LINE` or `FILE:LINE:COLUMN`; the file's name may hold colons.
fn place(text: &str) -> Result<(String, usize, Option<usize>), Failure> {
    let number = |t: &str| t.parse::<usize>().ok().filter(|n| *n > 0);
    let wrong = || format!("`{text}` names no line: write FILE:LINE, such as Dockerfile:12");
    let (rest, last) = text.rsplit_once(':').ok_or_else(wrong)?;
    let last = number(last).ok_or_else(wrong)?;
    if let Some((file, line)) = rest.rsplit_once(':').and_then(|(file, line)| Some((file, number(line)?))) {
        return Ok((files::normalize(file), line, Some(last)));
    }
    Ok((files::normalize(rest), last, None))
}

fn pair(text: &str, option: &str) -> Result<(String, String), Failure> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err(format!("{option} takes NAME=value, not `{text}`")),
    }
}

/// The working folder's files, and the one that is asked for.
fn candidates(path: &str) -> Vec<Candidate> {
    let outside = path.starts_with("../") || path.starts_with('/');
    let folder = if outside { files::parent(path).to_owned() } else { ".".to_owned() };
    let mut found = discover::find(&[folder], &|_| false).candidates;
    // a script or a template is found by what starts it, and is no candidate of its own
    if let Some(candidate) = found.iter_mut().find(|c| c.path == path) {
        candidate.explicit = stack::role_of_name(path).is_some();
    }
    found
}

/// The build arguments that a service gives to its build of a Dockerfile.
fn service_args(stack: &Stack, name: &str, path: &str) -> Option<Vec<(String, String)>> {
    let build = stack.builds.iter().find(|b| {
        let service = b.service.and_then(|at| stack.service(at)).map(|(_, s)| s.name.value.as_str());
        service == Some(name) && stack.dockerfiles.get(b.dockerfile).is_some_and(|u| u.path == path)
    })?;
    let known = build.args.iter().filter_map(|a| Some((a.name.value.clone(), a.value.as_ref()?.value.clone())));
    Some(known.collect())
}
