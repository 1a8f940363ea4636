//! `stacklint plan`.

mod advice;
mod history;
mod predict;
mod records;

use std::collections::BTreeMap;

use clap::ValueEnum;

use super::Failure;
use crate::files::{self, Disk, Files};
use crate::plan::content::Contents;
use crate::plan::load::{LoadError, Loaded, Request};
use crate::plan::{self, ContextSize, Plan, Problem};
use crate::source::Sources;

/// The arguments of `stacklint plan`.
#[derive(clap::Args)]
pub(super) struct Args {
    /// A folder, Compose file or Dockerfile, and the services to build (all where none is named)
    #[arg(value_name = "PATH | TARGET")]
    names: Vec<String>,
    /// Compose file; several are merged in order, and every name is a service then
    #[arg(short, long = "file", value_name = "FILE")]
    files: Vec<String>,
    /// How to print the plan
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// The stage to build, over what the Compose file says
    #[arg(long, value_name = "STAGE")]
    target: Option<String>,
    /// Build argument; without a value it is taken from the environment
    #[arg(long = "build-arg", value_name = "K[=V]")]
    build_args: Vec<String>,
    /// Platform to build for
    #[arg(long = "platform", value_name = "OS/ARCH", value_delimiter = ',')]
    platforms: Vec<String>,
    /// Compose profile to turn on
    #[arg(long = "profile", value_name = "P")]
    profiles: Vec<String>,
    /// File with variables for the Compose file
    #[arg(long = "env-file", value_name = "F")]
    env_files: Vec<String>,
    /// Name of the Compose project
    #[arg(long, value_name = "N")]
    project_name: Option<String>,
    /// Take no step from the cache
    #[arg(long)]
    no_cache: bool,
    /// Ask the registry for newer base images
    #[arg(long)]
    pull: bool,
    /// Further name for the image
    #[arg(short, long = "tag", value_name = "NAME")]
    tags: Vec<String>,
    /// Run the plan on the engine
    #[arg(long)]
    execute: bool,
    /// What runs the plan: BuildKit (of the engine, or the daemon that BUILDKIT_HOST names), else the classic builder
    #[arg(long, value_enum, default_value_t = Builder::Auto)]
    builder: Builder,
    /// At most N builds at once
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    parallel: Option<u16>,
    /// After a failure, go on with what does not depend on it
    #[arg(long)]
    keep_going: bool,
    /// How progress is shown
    #[arg(long, value_enum, default_value_t = Progress::Auto)]
    progress: Progress,
    /// Say what would be run, and run nothing
    #[arg(long)]
    dry_run: bool,
    /// Run the plan although `check` finds errors
    #[arg(long)]
    allow_findings: bool,
    /// No progress; print only the images
    #[arg(short, long)]
    quiet: bool,
    /// Put the result there instead of keeping the image in the engine: `type=local,dest=DIR`, `type=tar|oci|docker,dest=FILE`
    #[arg(short, long, value_name = "WHERE")]
    output: Option<String>,
    /// Push the images after the build
    #[arg(long)]
    push: bool,
    /// Write the cache key of every step
    #[arg(long, value_name = "FILE")]
    record: Option<String>,
    /// Compare with such a record: which steps would run again, and why
    #[arg(long, value_name = "FILE", conflicts_with = "since")]
    against: Option<String>,
    /// Compare with the tree of a git revision
    #[arg(long, value_name = "GITREF")]
    since: Option<String>,
    /// Which steps each of the last N commits would have run again, and which of them hurt most
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..), conflicts_with_all = ["against", "since", "record", "execute"])]
    history: Option<u16>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
    Bake,
    Dot,
    Mermaid,
    Dockerrun,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Builder {
    Auto,
    Buildkit,
    Classic,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Progress {
    Auto,
    Tty,
    Plain,
    Json,
}

pub(super) fn run(args: &Args) -> Result<u8, Failure> {
    let disk = records::disk();
    let mut sources = Sources::new();
    let request = request(args, &disk);
    if args.format == Format::Bake {
        return bake(args, &request, &disk, &mut sources);
    }
    if args.format == Format::Dockerrun {
        return dockerrun(args, &request, &disk, &mut sources);
    }
    if let Some(count) = args.history {
        return history::run(args, &request, count.into());
    }
    let loaded = match plan::load::load(&request, &disk, &mut sources) {
        Ok(loaded) => loaded,
        Err(LoadError::Usage(text)) => return Err(text),
        Err(LoadError::Problems(problems)) => return Ok(say_problems(&problems, &sources)),
    };
    let input = loaded.input();
    let made = plan::plan(&input).and_then(|plan| Ok((Contents::list(&plan, &disk, &mut sources)?, plan)));
    let (mut contents, mut plan) = match made {
        Ok(made) => made,
        Err(problems) => return Ok(say_problems(&problems, &sources)),
    };
    if args.execute {
        return execute(args, plan, contents, (&loaded, &request), &disk, &sources);
    }
    predict::predict(args, &request, &mut plan, &mut contents, &disk, &mut sources)?;
    super::print(&match args.format {
        Format::Json => plan::json(&plan, &sources),
        Format::Dot => plan::dot(&plan),
        Format::Mermaid => plan::mermaid(&plan),
        _ => plan::text(&plan, &sources, &sizes(&plan, &contents)) + &advice(&plan, &request, &loaded, &disk, &sources),
    });
    Ok(0)
}

/// What another order of instructions would change, where a step runs again because of files that it copies.
fn advice(plan: &Plan, request: &Request, loaded: &Loaded, disk: &Disk, sources: &Sources) -> String {
    let copies = |step: &&plan::Step| matches!(step.kind, plan::StepKind::Copy | plan::StepKind::Add);
    let own = |step: &&plan::Step| step.cached == Some(false) && step.cause.as_ref().is_some_and(|cause| !cause.above);
    let changed: Vec<(&str, usize)> =
        plan.steps.iter().filter(copies).filter(own).map(|step| (sources.path(step.span.file), sources.line(step.span))).collect();
    if changed.is_empty() {
        return String::new();
    }
    let found = advice::findings(request, loaded, disk);
    let told = found.iter().filter(|(file, line, _)| changed.contains(&(file.as_str(), *line)));
    told.map(|(file, line, help)| format!("{file}:{line}: {help}, and the install stays cached after such an edit\n")).collect()
}

/// What each image's context sends, by the image's place.
fn sizes(plan: &Plan, contents: &Contents) -> BTreeMap<usize, ContextSize> {
    let sent = |image| contents.get(plan.context_of(image)?);
    let size = |(n, image)| sent(image).map(|sent| (n, ContextSize { files: sent.files, bytes: sent.bytes }));
    plan.images.iter().enumerate().filter_map(size).collect()
}

fn bake(args: &Args, request: &Request, disk: &Disk, sources: &mut Sources) -> Result<u8, Failure> {
    if args.execute {
        return Err("--format bake prints a file and runs nothing; leave out --execute".to_owned());
    }
    let options = plan::bake::Options { no_cache: args.no_cache, pull: args.pull };
    match plan::bake::bake(request, options, disk, sources) {
        Ok(file) => super::print(&file),
        Err(LoadError::Usage(text)) => return Err(text),
        Err(LoadError::Problems(problems)) => return Ok(say_problems(&problems, sources)),
    }
    Ok(0)
}

fn dockerrun(args: &Args, request: &Request, disk: &Disk, sources: &mut Sources) -> Result<u8, Failure> {
    if args.execute {
        return Err("--format dockerrun prints a file and runs nothing; leave out --execute".to_owned());
    }
    match plan::dockerrun::dockerrun(request, disk, sources) {
        Ok(export) => {
            super::print(&export.text);
            export.lost.iter().for_each(|lost| say_problem(lost, "note", sources));
        }
        Err(LoadError::Usage(text)) => return Err(text),
        Err(LoadError::Problems(problems)) => return Ok(say_problems(&problems, sources)),
    }
    Ok(0)
}

fn request(args: &Args, disk: &Disk) -> Request {
    let mut services = args.names.clone();
    let mut path = None;
    if args.files.is_empty()
        && let Some(at) = services.iter().position(|name| disk.kind(&files::normalize(name)).is_some())
    {
        path = Some(files::normalize(&services.remove(at)));
    }
    let env: BTreeMap<String, String> =
        std::env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?))).collect();
    // Looks like a path, so the error should be about a file, not about a service.
    if path.is_none() && args.files.is_empty() && services.first().is_some_and(|name| name.contains(['/', '.'])) {
        path = Some(services.remove(0));
    }
    let arg = |arg: &String| match arg.split_once('=') {
        Some((name, value)) => Some((name.to_owned(), value.to_owned())),
        None => Some((arg.clone(), env.get(arg)?.clone())),
    };
    Request {
        path,
        compose_files: args.files.iter().map(|path| files::normalize(path)).collect(),
        services,
        target: args.target.clone(),
        build_args: args.build_args.iter().filter_map(arg).collect(),
        platforms: args.platforms.clone(),
        profiles: args.profiles.clone(),
        env_files: args.env_files.clone(),
        project_name: args.project_name.clone(),
        tags: args.tags.clone(),
        no_cache: args.no_cache,
        root: std::env::current_dir().map_or_else(|_| String::new(), |dir| dir.display().to_string()),
        env,
        platform: platform(),
    }
}

/// The platform of an engine on this machine.
fn platform() -> String {
    let arch = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    format!("linux/{arch}")
}

fn say_problems(problems: &[Problem], sources: &Sources) -> u8 {
    problems.iter().for_each(|problem| say_problem(problem, "error", sources));
    1
}

fn say_problem(problem: &Problem, word: &str, sources: &Sources) {
    let place = problem.span.map(|span| {
        let at = sources.get(span.file).line_column(span.start as usize);
        format!("{}:{}:{}: ", sources.path(span.file), at.line, at.column)
    });
    super::say(&format!("{}{word}: {}", place.unwrap_or_default(), problem.message));
    if let Some(help) = &problem.help {
        super::say(&format!("  help: {help}"));
    }
}

/// Error findings of what is about to be run, one line each: a plan with such does not run without `--allow-findings`.
#[cfg(feature = "execute")]
fn gate(loaded: &Loaded, request: &Request) -> Result<Vec<String>, Failure> {
    use crate::diagnostic::Severity;
    use crate::rule::Selection;
    use crate::stack::{self, Candidate};
    let disk = Disk::new(".");
    let config = super::settings::read(None, ".", &disk, &super::here())?;
    let explicit = |path: &str| Candidate { path: path.to_owned(), explicit: true, size: None };
    let wanted = stack::Request {
        candidates: loaded.dockerfiles().map(explicit).collect(),
        compose_files: loaded.compose_files.clone(),
        profiles: request.profiles.clone(),
        env_files: request.env_files.clone(),
        build_args: request.build_args.clone(),
        target: request.target.clone(),
        options: config.options.clone(),
    };
    let stack = stack::load(&wanted, &disk);
    let selection = config.selection(crate::rule::SelectionRequest::default(), None);
    let selection = Selection::resolve(&selection, config.registry).map_err(|error| error.to_string())?;
    let mut found = crate::check::run(&stack, &selection).diagnostics;
    config.apply(&stack.sources, &selection, &mut found);
    let line = |d: &crate::diagnostic::Diagnostic| {
        let at = stack.sources.get(d.primary.file).line_column(d.primary.start as usize);
        format!("{}:{}:{}: error {}: {}", stack.sources.path(d.primary.file), at.line, at.column, d.rule, d.message)
    };
    Ok(found.iter().filter(|d| d.severity == Severity::Error).map(line).collect())
}

#[cfg(not(feature = "execute"))]
fn execute(_: &Args, _: Plan, _: Contents, _: (&Loaded, &Request), _: &Disk, _: &Sources) -> Result<u8, Failure> {
    Err("this stacklint was built without the feature `execute`".to_owned())
}

#[cfg(feature = "execute")]
fn execute(
    args: &Args,
    mut plan: Plan,
    mut contents: Contents,
    (loaded, request): (&Loaded, &Request),
    disk: &Disk,
    sources: &Sources,
) -> Result<u8, Failure> {
    use crate::execute::{self, Host, Job, Options, report};
    let style = match args.progress {
        _ if args.quiet => execute::Style::Quiet,
        Progress::Auto => execute::Style::auto(),
        Progress::Tty => execute::Style::Tty,
        Progress::Plain => execute::Style::Plain,
        Progress::Json => execute::Style::Json,
    };
    let builder = match args.builder {
        Builder::Auto => execute::Builder::Auto,
        Builder::Buildkit => execute::Builder::BuildKit,
        Builder::Classic => execute::Builder::Classic,
    };
    let parallel = args.parallel.map(usize::from);
    let output = args.output.as_deref().map(|text| Ok::<_, Failure>((put_out(&plan, request)?, output(text)?))).transpose()?;
    let to_stdout = matches!(output, Some((_, execute::Output::Archive { dest: None, .. })));
    let options = Options {
        builder,
        parallel,
        keep_going: args.keep_going,
        no_cache: args.no_cache,
        pull: args.pull,
        push: args.push,
        output,
        style,
    };
    let root = std::env::current_dir().map_err(|error| format!("the working folder: {error}"))?;
    let input = loaded.input();
    let record = predict::before_build(request, &mut plan, &mut contents, disk, sources);
    let sent = |image| Some(contents.get(plan.context_of(image)?)?.ignore.clone());
    let ignores = plan.images.iter().enumerate().filter_map(|(n, image)| Some((n, sent(image)?))).collect();
    let job = Job { plan: &plan, input: &input, sources, ignores: &ignores, root, options };
    let findings = if args.allow_findings { Vec::new() } else { gate(loaded, request)? };
    if !findings.is_empty() {
        findings.iter().for_each(|line| super::say(line));
        super::say("\nnothing was run: mend these errors, or run the plan as it is with --allow-findings");
        return Ok(1);
    }
    if plan.images.is_empty() {
        super::say("nothing to build");
        return Ok(0);
    }
    if args.dry_run {
        super::print(&execute::report::dry_run(&job));
        return Ok(0);
    }
    let host = Host::find()?;
    let report = execute::run(&job, host)?;
    if let Some(engine) = report.builder.as_ref().filter(|_| report.complete()) {
        records::store(request, engine, record);
    }
    let failures = report::failures(&job, &report, super::output::error_width());
    if !failures.is_empty() {
        super::say(failures.trim_end());
    }
    if to_stdout {
        return Ok(u8::from(!report.complete()));
    }
    super::print(&if args.quiet { report::ids(&report) } else { execute::table(&job, &report) });
    Ok(match (report.interrupted, report.complete()) {
        (true, _) => 130,
        (false, true) => 0,
        (false, false) => 1,
    })
}

/// The image that `--output` is about; those that it is made from are kept in the engine.
#[cfg(feature = "execute")]
fn put_out(plan: &Plan, request: &Request) -> Result<usize, Failure> {
    let asked =
        |image: &crate::plan::Image| request.services.is_empty() || image.services.iter().any(|name| request.services.contains(name));
    let all: Vec<(usize, &str)> =
        plan.images.iter().enumerate().filter(|(_, image)| asked(image)).map(|(place, image)| (place, image.name.as_str())).collect();
    match all[..] {
        [(place, _)] => Ok(place),
        [] => Err("--output: there is nothing to build".to_owned()),
        _ => {
            let names: Vec<&str> = all.iter().map(|(_, name)| *name).collect();
            Err(format!("--output takes one image, and this would build {}; name one service", names.join(", ")))
        }
    }
}

/// `type=…,dest=…`; a path alone is a folder, `-` an archive on standard output.
#[cfg(feature = "execute")]
fn output(text: &str) -> Result<crate::execute::Output, Failure> {
    use crate::execute::{Archive, Output};
    if !text.contains('=') {
        return Ok(if text == "-" { Output::Archive { kind: Archive::Tar, dest: None } } else { Output::Folder(text.into()) });
    }
    let mut fields: BTreeMap<&str, &str> = text.split(',').filter_map(|pair| pair.split_once('=')).collect();
    let (kind, dest) = (fields.remove("type").unwrap_or("local"), fields.remove("dest"));
    if let Some(field) = fields.keys().next() {
        return Err(format!("--output {text}: `{field}` is not known here; write type and dest"));
    }
    let file = dest.filter(|dest| *dest != "-").map(std::path::PathBuf::from);
    match (kind, dest) {
        ("local", Some(dest)) => Ok(Output::Folder(dest.into())),
        ("local", None) => Err(format!("--output {text}: a folder is missing; write `type=local,dest=DIR`")),
        ("tar", _) => Ok(Output::Archive { kind: Archive::Tar, dest: file }),
        ("oci", _) => Ok(Output::Archive { kind: Archive::Oci, dest: file }),
        ("docker", _) => Ok(Output::Archive { kind: Archive::Docker, dest: file }),
        _ => Err(format!("--output {text}: the type is one of local, tar, oci and docker; images are kept in the engine without --output")),
    }
}
