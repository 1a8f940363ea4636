//! `stacklint config`.

use super::{EXIT_USAGE, Failure, print, say};
use crate::compose::{self, Explained, Loaded, Problem, ProblemKind, Request, explain};
use crate::files::Disk;
use crate::rules::support::secrets;
use crate::source::{Sources, Span};

#[derive(clap::Args)]
pub(super) struct Args {
    /// A Compose file; several are merged in order
    #[arg(short, long = "file", value_name = "FILE")]
    files: Vec<String>,
    /// Activate a profile
    #[arg(long = "profile", value_name = "PROFILE")]
    profiles: Vec<String>,
    /// The project's name
    #[arg(short, long, value_name = "NAME")]
    project_name: Option<String>,
    /// An env file in place of `.env`
    #[arg(long = "env-file", value_name = "FILE")]
    env_files: Vec<String>,
    /// Output format
    #[arg(long, default_value = "yaml", value_parser = ["yaml", "json"])]
    format: String,
    /// Say where the values at or below a key path come from, such as services.web.environment.DEBUG
    #[arg(long, value_name = "KEY.PATH")]
    explain: Option<String>,
}

pub(super) fn run(args: Args) -> Result<u8, Failure> {
    let cwd = std::env::current_dir().map_err(|e| format!("the working directory cannot be read: {e}"))?;
    let root = cwd.to_str().ok_or("the working directory's path is no UTF-8")?.to_owned();
    let disk = Disk::new(&cwd);
    let environment: std::collections::BTreeMap<String, String> =
        std::env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?))).collect();
    let files = match args.files.is_empty() {
        true => named_by_environment(&environment).unwrap_or_else(|| compose::default_files(&disk, ".")),
        false => args.files,
    };
    if files.is_empty() {
        return Err("no Compose file here; name one with -f".to_owned());
    }
    let files = files.iter().map(|f| crate::files::normalize(f)).collect();
    let request = Request {
        files,
        profiles: args.profiles,
        env_files: args.env_files,
        project_name: args.project_name,
        environment,
        root,
        canonical: true,
        yaml: args.format != "json",
        explain: args.explain.clone(),
        ..Request::default()
    };
    let mut sources = Sources::new();
    let mut trees = compose::Trees::new();
    let loaded = compose::load_with(&request, &disk, &mut sources, &mut trees);
    if let (Some(path), Some(explained), true) = (&args.explain, &loaded.explained, loaded.unreadable.is_empty()) {
        let asked = Asked { path, explained, written: written_at(path, &trees), sources: &sources };
        return explain(&asked, &loaded, &args.format);
    }
    report(&loaded, &sources);
    if !loaded.unreadable.is_empty() {
        return Ok(EXIT_USAGE);
    }
    if loaded.is_refused() {
        return Ok(1);
    }
    let mut json = loaded.json.unwrap_or_default();
    let text = match args.format.as_str() {
        "json" => {
            // Compose leaves them out of JSON, not out of YAML
            json.as_object_mut().map(|top| top.shift_remove("models"));
            serde_json::to_string_pretty(&json).map(|t| t + "\n").map_err(|e| e.to_string())?
        }
        _ => serde_yaml::to_string(&json).map_err(|e| e.to_string())?,
    };
    print(&text);
    Ok(0)
}

/// Prints where values come from, and then what is wrong with them; what is wrong elsewhere is counted.
fn explain(asked: &Asked<'_>, loaded: &Loaded, format: &str) -> Result<u8, Failure> {
    let Asked { path, explained, sources, .. } = *asked;
    if let Explained::Found(all) = explained {
        print(&if format == "json" { explain::json(path, all, sources, &is_secret) } else { explain::text(all, sources, &is_secret) });
    }
    let fatal = loaded.project.problems.iter().filter(|p| p.fatal);
    let (here, elsewhere): (Vec<&Problem>, Vec<&Problem>) = fatal.partition(|p| asked.concerns(p));
    here.iter().for_each(|problem| say_problem(problem, sources));
    if !elsewhere.is_empty() {
        let (more, errors) = (if here.is_empty() { "" } else { " more" }, if elsewhere.len() == 1 { "error" } else { "errors" });
        say(&format!("stacklint: Compose refuses the project for {}{more} {errors}, which `stacklint config` lists", elsewhere.len()));
    }
    match explained {
        Explained::Found(_) => Ok(u8::from(loaded.is_refused())),
        Explained::Unknown { parent, key, nearest, inactive } => Err(match (nearest, parent.as_str()) {
            _ if *inactive => format!("`{key}` is not active: name one of its profiles with --profile"),
            (Some(nearest), _) => format!("the project has no `{path}`; did you mean `{nearest}`?"),
            (None, "") => format!("the project has no `{key}` at its top"),
            (None, parent) => format!("`{parent}` has no `{key}`"),
        }),
    }
}

/// A key path that was asked for.
struct Asked<'a> {
    path: &'a str,
    explained: &'a Explained,
    /// Where the files have something at it.
    written: Vec<Span>,
    sources: &'a Sources,
}

impl Asked<'_> {
    /// Whether a problem has to do with it: it stands where one of the values or their keys does, or hides lines.
    fn concerns(&self, problem: &Problem) -> bool {
        let line = |span: Span| (span.file, self.sources.get(span.file).line_column(span.start as usize).line);
        let within = |span: &Span| span.file == problem.span.file && problem.span.start < span.end && span.start <= problem.span.start;
        if problem.kind == ProblemKind::YamlSyntax || self.written.iter().any(within) {
            return true;
        }
        match self.explained {
            Explained::Found(all) => {
                let contributions = all.iter().flat_map(|one| &one.contributions);
                contributions
                    .flat_map(|c| c.span.iter().chain(c.via.iter().map(|(_, span)| span)))
                    .any(|span| line(problem.span) == line(*span))
            }
            Explained::Unknown { key, .. } => self.sources.slice(problem.span) == key,
        }
    }
}

/// Keys with their values that files have at a key path.
fn written_at(path: &str, trees: &compose::Trees) -> Vec<Span> {
    let keys: Vec<&str> = path.split('.').collect();
    let Some((last, above)) = keys.split_last() else { return Vec::new() };
    let documents = trees.values().flat_map(|tree| &tree.documents);
    let holders = documents.filter_map(|document| above.iter().try_fold(document, |node, key| node.get(key)));
    let entries = holders.flat_map(|holder| holder.entries()).filter(|entry| entry.key.as_str() == Some(last));
    entries.map(|entry| entry.key.span.to(entry.value.span)).collect()
}

/// Whether a value is shown as dots: where values come from is asked to be passed on, the values themselves are not.
fn is_secret(path: &str, value: &str) -> bool {
    let name = path.rsplit('.').next().unwrap_or_default();
    !matches!(secrets::judge(name, value), secrets::Value::Nothing)
}

/// `COMPOSE_FILE`: paths between colons.
fn named_by_environment(environment: &std::collections::BTreeMap<String, String>) -> Option<Vec<String>> {
    let separator = environment.get("COMPOSE_PATH_SEPARATOR").filter(|s| !s.is_empty()).map_or(":", String::as_str);
    let names = environment.get("COMPOSE_FILE").filter(|f| !f.is_empty())?;
    Some(names.split(separator).map(str::to_owned).collect())
}

fn report(loaded: &Loaded, sources: &Sources) {
    for (path, reason) in &loaded.unreadable {
        say(&format!("stacklint: {path}: {reason}"));
    }
    for problem in &loaded.project.problems {
        say_problem(problem, sources);
    }
}

fn say_problem(problem: &Problem, sources: &Sources) {
    let file = sources.get(problem.span.file);
    let at = file.line_column(problem.span.start as usize);
    let word = if problem.fatal { "error" } else { "warning" };
    say(&format!("{}:{}:{}: {word}: {}", file.path, at.line, at.column, problem.message));
    if let Some(help) = &problem.help {
        say(&format!("  help: {help}"));
    }
}
