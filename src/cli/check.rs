//! `stacklint check`: reads the arguments, hands them to the check, prints what it found.

use std::collections::BTreeSet;
use std::io::Read;

use clap::builder::{PossibleValuesParser, TypedValueParser};

use super::shellcheck::Tool;
use super::{Failure, output, settings};
use crate::baseline::Baseline;
use crate::diagnostic::{Applicability, Diagnostic, Severity};
use crate::files::{self, Disk, Files, Memory, Overlay};
use crate::report::{self, Format, Masks, Report, RuleInfo, Style, fingerprint, statistics};
use crate::rule::{Config, FailOn, Preset, Registry, Selection, SelectionRequest};
use crate::source::Sources;
use crate::stack::{Candidate, Options, Request, Stack};
use crate::{check, diff, discover, fix};

/// The arguments of `stacklint check`.
#[derive(clap::Args)]
pub(super) struct Args {
    /// Files and folders, the working directory where none is named; `-` reads standard input
    #[arg(value_name = "PATH")]
    paths: Vec<String>,
    /// The name of standard input: it decides what the text is and where it stands
    #[arg(long, value_name = "F", default_value = "Dockerfile")]
    stdin_filename: String,

    /// How findings are printed
    #[arg(long, value_name = "FORMAT", default_value = "text", value_parser = formats(), help_heading = "Output")]
    format: Format,
    /// Write to a file instead of standard output
    #[arg(long, value_name = "F", help_heading = "Output")]
    output_file: Option<String>,
    /// When to use colours
    #[arg(long, value_enum, default_value_t, value_name = "WHEN", help_heading = "Output")]
    color: output::Color,
    /// Print how often each rule found something, instead of the findings
    #[arg(long, help_heading = "Output")]
    statistics: bool,

    /// Run exactly these: rules, ids of other linters, categories, presets, or ALL
    #[arg(long, value_name = "R,...", value_delimiter = ',', help_heading = "Rules")]
    select: Vec<String>,
    /// Leave these out
    #[arg(long, value_name = "R,...", value_delimiter = ',', help_heading = "Rules")]
    ignore: Vec<String>,
    /// Run these as well
    #[arg(long, value_name = "R,...", value_delimiter = ',', help_heading = "Rules")]
    extend_select: Vec<String>,
    /// The set of rules to start from: recommended, strict, hadolint, buildkit or security
    #[arg(long, value_name = "P", value_parser = presets(), help_heading = "Rules")]
    preset: Option<Preset>,
    /// The lowest severity that makes the exit status 1: error, warning, info, style, or never
    #[arg(long, value_name = "SEVERITY", value_parser = fail_on(), help_heading = "Rules")]
    fail_on: Option<FailOn>,
    /// Hide findings below this severity
    #[arg(long, value_name = "SEVERITY", value_parser = severities(), help_heading = "Rules")]
    severity: Option<Severity>,
    /// Read this configuration: ours, or a .hadolint.yaml
    #[arg(long, value_name = "F", conflicts_with = "no_config", help_heading = "Rules")]
    config: Option<String>,
    /// Read no configuration
    #[arg(long, help_heading = "Rules")]
    no_config: bool,
    /// Have this ShellCheck read every script as well, for what has no rule here
    #[arg(long, value_name = "PATH", help_heading = "Rules")]
    shellcheck: Option<String>,
    /// Leave out the findings that this file accepts
    #[arg(long, value_name = "F", help_heading = "Rules")]
    baseline: Option<String>,
    /// Accept all present findings in this file
    #[arg(long, value_name = "F", conflicts_with_all = ["fix", "diff"], help_heading = "Rules")]
    write_baseline: Option<String>,

    /// A Compose file; several are merged in order as one project
    #[arg(short, long, value_name = "F", help_heading = "Project")]
    file: Vec<String>,
    /// A profile of the Compose project
    #[arg(long, value_name = "P", help_heading = "Project")]
    profile: Vec<String>,
    /// A file of variables for Compose
    #[arg(long, value_name = "F", help_heading = "Project")]
    env_file: Vec<String>,
    /// A build argument
    #[arg(long, value_name = "K=V", help_heading = "Project")]
    build_arg: Vec<String>,
    /// The stage that is built
    #[arg(long, value_name = "STAGE", help_heading = "Project")]
    target: Option<String>,
    /// The platform that is built for
    #[arg(long, value_name = "P", help_heading = "Project")]
    platform: Option<String>,

    /// Apply safe fixes
    #[arg(long, help_heading = "Fixes")]
    fix: bool,
    /// Apply fixes that change behaviour as well
    #[arg(long, help_heading = "Fixes")]
    unsafe_fixes: bool,
    /// Show what the fixes would change, and change nothing
    #[arg(long, help_heading = "Fixes")]
    diff: bool,
}

/// The path that stands for standard input.
const STDIN: &str = "-";

const SEVERITIES: [&str; 4] = ["error", "warning", "info", "style"];

fn formats() -> impl TypedValueParser<Value = Format> {
    PossibleValuesParser::new(Format::ALL.map(Format::name)).map(|word| Format::parse(&word).unwrap_or(Format::Text))
}

fn presets() -> impl TypedValueParser<Value = Preset> {
    PossibleValuesParser::new(Preset::ALL.map(Preset::name)).map(|word| Preset::parse(&word).unwrap_or_default())
}

fn severities() -> impl TypedValueParser<Value = Severity> {
    PossibleValuesParser::new(SEVERITIES).map(|word| Severity::parse(&word).unwrap_or(Severity::Style))
}

fn fail_on() -> impl TypedValueParser<Value = FailOn> {
    let words = SEVERITIES.into_iter().chain(["never"]);
    PossibleValuesParser::new(words).map(|word| FailOn::parse(&word).unwrap_or(FailOn::Never))
}

/// What is asked for, worked out once and checked as often as fixing needs it.
struct Job<'a> {
    args: &'a Args,
    config: Config,
    selection: Selection,
    request: Request,
    baseline: Option<Baseline>,
}

/// What one check gave, ready to be printed.
struct Found {
    checked: check::Checked,
    /// Those of the findings, in their order.
    fingerprints: Vec<String>,
}

pub(super) fn run(args: &Args) -> Result<u8, Failure> {
    let disk = Disk::new(".");
    let base = Overlay::new(&disk, stdin(args)?);
    let config = config(args, &base)?;
    let wanted = config.selection(selection_request(args), args.preset);
    let selection = Selection::resolve(&wanted, config.registry).map_err(|e| e.to_string())?;
    let (request, unreadable) = request(args, &config, &base)?;
    let baseline = args.baseline.as_deref().map(|path| read_baseline(&base, path)).transpose()?;
    let job = Job { args, config, selection, request, baseline };

    let (found, status) = if args.diff || args.fix || args.unsafe_fixes { job.fix(&base)? } else { job.report(&base)? };
    let unread: Vec<String> =
        unreadable.iter().chain(&found.checked.unreadable).map(|(path, why)| format!("cannot read {path}: {why}")).collect();
    unread.iter().for_each(|line| super::say(&format!("stacklint: {line}")));
    if found.checked.files == 0 && unread.is_empty() {
        let place = if args.paths.is_empty() { "this folder".to_owned() } else { args.paths.join(", ") };
        super::say(&format!("stacklint: no Dockerfile and no Compose file in {place}"));
    }
    // the process ends here, and the system takes its memory back at once
    std::mem::forget(found);
    Ok(if unread.is_empty() { status } else { super::EXIT_USAGE })
}

/// The configuration for what is checked: the nearest one to all the paths.
fn config(args: &Args, files: &dyn Files) -> Result<Config, Failure> {
    if args.no_config {
        return Ok(Config::default());
    }
    let mut paths: Vec<String> = args.paths.iter().chain(&args.file).filter(|p| *p != STDIN).cloned().collect();
    if args.paths.iter().any(|p| p == STDIN) {
        paths.push(args.stdin_filename.clone());
    }
    let mut config = settings::read(args.config.as_deref(), &settings::common_folder(&paths, files), files, &super::here())?;
    if !args.select.is_empty() {
        // what the command line selects is exactly what runs
        config.overrides.clear();
    }
    Ok(config)
}

fn selection_request(args: &Args) -> SelectionRequest {
    let names = |list: &[String]| list.iter().map(|n| n.trim().to_owned()).filter(|n| !n.is_empty()).collect();
    SelectionRequest {
        preset: Preset::default(),
        select: names(&args.select),
        extend: names(&args.extend_select),
        ignore: names(&args.ignore),
        elsewhere: Vec::new(),
    }
}

/// What to load, and what the walk could not read. A path that was named and is not there ends the run.
fn request(args: &Args, config: &Config, files: &dyn Files) -> Result<(Request, Vec<(String, String)>), Failure> {
    let clean = |paths: &[String]| paths.iter().map(|p| files::normalize(p)).collect::<Vec<_>>();
    let (compose_files, env_files) = (clean(&args.file), clean(&args.env_file));
    for path in compose_files.iter().chain(&env_files) {
        files.read(path).map_err(|e| format!("cannot read {path}: {e}"))?;
    }
    let mut paths: Vec<String> = args.paths.iter().filter(|p| *p != STDIN).cloned().collect();
    if args.paths.is_empty() && compose_files.is_empty() {
        paths.push(".".to_owned());
    }
    let mut found = discover::find(&paths, &|path| config.excludes(path));
    if let Some((path, why)) = found.unreadable.iter().find(|(path, _)| paths.contains(path)) {
        return Err(format!("cannot read {path}: {why}"));
    }
    if args.paths.iter().any(|p| p == STDIN) {
        let path = files::normalize(&args.stdin_filename);
        found.candidates.retain(|c| c.path != path);
        found.candidates.push(Candidate { path, explicit: true, size: None });
        found.candidates.sort_unstable();
    }
    let build_args = args.build_arg.iter().map(|a| build_arg(a)).collect();
    let request = Request {
        candidates: found.candidates,
        compose_files,
        profiles: args.profile.clone(),
        env_files,
        build_args,
        target: args.target.clone(),
        options: Options { platform: args.platform.clone(), ..config.options.clone() },
    };
    Ok((request, found.unreadable))
}

/// `K=V`; a bare `K` takes its value from the environment, as `docker build` does.
fn build_arg(text: &str) -> (String, String) {
    match text.split_once('=') {
        Some((key, value)) => (key.to_owned(), value.to_owned()),
        None => (text.to_owned(), std::env::var(text).unwrap_or_default()),
    }
}

impl Job<'_> {
    fn check(&self, files: &dyn Files) -> Result<Found, Failure> {
        let tool = self.args.shellcheck.as_deref().map(Tool::new);
        let outside = |stack: &Stack| tool.as_ref().map_or(Ok(Vec::new()), |tool| tool.findings(stack));
        let mut checked = check::in_parts(&self.request, files, &self.selection, outside)?;
        let masks = self.config.apply(&checked.sources, &self.selection, &mut checked.outcome.diagnostics);
        checked.outcome.masks.extend(masks);
        Ok(reported(checked, self.args.severity, self.baseline.as_ref()))
    }

    /// Prints the findings, or accepts them as they are.
    fn report(&self, base: &dyn Files) -> Result<(Found, u8), Failure> {
        let found = self.check(base)?;
        if let Some(path) = &self.args.write_baseline {
            let text = Baseline::of(&found.checked.sources, &found.checked.outcome.diagnostics, &found.fingerprints).text();
            output::write(Some(path), &text)?;
            return Ok((found, 0));
        }
        self.print(&found)?;
        let status = self.status(&found);
        Ok((found, status))
    }

    /// Fixes on disk, or as a diff only.
    fn fix(&self, base: &dyn Files) -> Result<(Found, u8), Failure> {
        let args = self.args;
        let allowed = if args.unsafe_fixes { Applicability::Unsafe } else { Applicability::Safe };
        let fixed = fix::until_settled(base, allowed, |files| self.check(files), |f| (&f.checked.sources, &f.checked.outcome.diagnostics))?;
        if !fixed.settled {
            super::say("stacklint: some fixes undo each other; this is a fault of stacklint, please report it");
        }
        if args.diff {
            let found = self.check(base)?;
            let masks = Masks::new(&found.checked.sources, &found.checked.outcome.diagnostics, &found.checked.outcome.masks);
            let diffs = fixed.texts.iter().filter_map(|(path, text)| masked_diff(&found.checked.sources, &masks, path, text));
            output::write(args.output_file.as_deref(), &diffs.collect::<String>())?;
            let status = self.status(&found);
            return Ok((found, status));
        }
        for (path, text) in &fixed.texts {
            std::fs::write(path, text).map_err(|e| format!("cannot write {path}: {}", super::reason(&e)))?;
        }
        self.print(&fixed.last)?;
        if fixed.applied > 0 {
            let count = |n: usize, word: &str| format!("{n} {word}{}", if n == 1 { "" } else { "s" });
            super::say(&format!("{} fixed in {}", count(fixed.applied, "finding"), count(fixed.texts.len(), "file")));
        }
        let status = self.status(&fixed.last);
        Ok((fixed.last, status))
    }

    fn print(&self, found: &Found) -> Result<(), Failure> {
        let args = self.args;
        let rules = rules_of(&found.checked.outcome.diagnostics, self.config.registry);
        let report = Report {
            sources: &found.checked.sources,
            diagnostics: &found.checked.outcome.diagnostics,
            fingerprints: &found.fingerprints,
            files: found.checked.files,
            suppressed: found.checked.outcome.suppressed,
            rules: &rules,
            masks: &found.checked.outcome.masks,
        };
        let style = match args.output_file {
            Some(_) => Style { color: args.color == output::Color::Always, ..Style::default() },
            None => output::style(args.color),
        };
        let text = if args.statistics {
            statistics::render(args.format, &report)
                .ok_or_else(|| format!("--statistics is not there as {}; use text, compact or json", args.format.name()))?
        } else {
            report::render(args.format, &report, &style)
        };
        output::write(args.output_file.as_deref(), &text)
    }

    fn status(&self, found: &Found) -> u8 {
        let fail_on = self.args.fail_on.or(self.config.fail_on).unwrap_or(FailOn::Severity(Severity::Warning));
        let fails = |d: &Diagnostic| matches!(fail_on, FailOn::Severity(lowest) if d.severity >= lowest);
        u8::from(found.checked.outcome.diagnostics.iter().any(fails))
    }
}

/// What reports say about the rules that found something; of others they say nothing.
fn rules_of(diagnostics: &[Diagnostic], registry: &Registry) -> Vec<RuleInfo> {
    let names: BTreeSet<&str> = diagnostics.iter().map(|d| d.rule).collect();
    names.into_iter().filter_map(|name| registry.find(name)).map(super::rules::info).collect()
}

fn masked_diff(sources: &Sources, masks: &Masks, path: &str, new: &str) -> Option<String> {
    let file = sources.get(sources.find(path)?);
    Some(diff::unified_shown(path, &file.text, new, &masks.hide_places(file), &masks.hide_in_code(new)))
}

/// The findings that are reported: those at or above the severity asked for, without what the baseline accepts.
fn reported(mut checked: check::Checked, lowest: Option<Severity>, baseline: Option<&Baseline>) -> Found {
    let outcome = &mut checked.outcome;
    report::sort(&checked.sources, &mut outcome.diagnostics);
    let prints = fingerprint::all(&checked.sources, &outcome.diagnostics);
    let lowest = lowest.unwrap_or(Severity::Style);
    let mut fingerprints = Vec::with_capacity(prints.len());
    let mut prints = prints.into_iter();
    outcome.diagnostics.retain_mut(|d| {
        let Some(print) = prints.next() else { return false };
        let shown = d.severity >= lowest && !baseline.is_some_and(|b| b.accepts(&print));
        match shown {
            true => fingerprints.push(print),
            // What is not shown still says what must stay secret.
            false => outcome.masks.append(&mut d.masks),
        }
        shown
    });
    Found { checked, fingerprints }
}

fn read_baseline(files: &dyn Files, path: &str) -> Result<Baseline, Failure> {
    let bytes = files.read(&files::normalize(path)).map_err(|e| format!("cannot read {path}: {e}"))?;
    Baseline::parse(&String::from_utf8_lossy(&bytes)).map_err(|e| format!("{path} {e}"))
}

/// Standard input under its name, where `-` asks for it.
fn stdin(args: &Args) -> Result<Memory, Failure> {
    let mut files = Memory::new();
    if !args.paths.iter().any(|p| p == STDIN) {
        return Ok(files);
    }
    if (args.fix || args.unsafe_fixes) && !args.diff {
        return Err("standard input cannot be fixed in place; --diff shows what would change".to_owned());
    }
    let mut bytes = Vec::new();
    let limit = crate::source::MAX_FILE_BYTES;
    std::io::stdin()
        .lock()
        .take(limit + 1)
        .read_to_end(&mut bytes)
        .map_err(|e| format!("cannot read standard input: {}", super::reason(&e)))?;
    if bytes.len() as u64 > limit {
        return Err("standard input has more than 64 MiB".to_owned());
    }
    files.insert(&args.stdin_filename, bytes);
    Ok(files)
}
