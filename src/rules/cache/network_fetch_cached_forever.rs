use crate::rule::{Cx, Rule, rule};
use crate::rules::support::steps;
use crate::source::Span;
use crate::stack::DockerfileUnit;
use crate::syntax::shell::{Command, Walk, Word};

rule!(NetworkFetchCachedForever, "cache/network-fetch-cached-forever");

impl Rule for NetworkFetchCachedForever {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        for step in (0..unit.stages.len()).flat_map(|n| steps::own(unit, n)) {
            let Some(script) = step.run(unit) else { continue };
            let mut commands = script.walk();
            while let Some((_, command)) = commands.next() {
                let Some((span, what)) = moving(command, &commands) else { continue };
                cx.report(span, format!("{what} is fetched once and then cached: later builds keep the copy of that day"))
                    .help("name a version, a tag or a commit, and change it when you want another one");
            }
        }
    }
}

/// What a command fetches that changes where it lies.
fn moving(command: &Command, rest: &Walk<'_>) -> Option<(Span, String)> {
    let effective = command.effective();
    let args = effective.args();
    match effective.program()?.as_ref() {
        "git" => cloned(args, rest),
        "curl" | "wget" => args.iter().find(|w| is_latest(&w.lossy())).map(|w| (w.span, "what is latest on that day".to_owned())),
        name if name.starts_with("pip") || name.starts_with("python") || name == "uv" => {
            args.iter().find(|w| is_unpinned_repository(&w.lossy())).map(|w| (w.span, "a branch".to_owned()))
        }
        _ => None,
    }
}

fn cloned(args: &[Word], rest: &Walk<'_>) -> Option<(Span, String)> {
    let values = ["-b", "--branch", "--depth", "-c", "-j", "--jobs", "-o", "--origin", "--filter", "--revision"];
    let operands = crate::syntax::shell::command::operands(args, &values);
    let url = operands.get(1).filter(|_| operands.first().is_some_and(|w| w.lossy() == "clone"))?;
    if args.iter().any(|w| w.lossy().starts_with("--revision")) {
        return None;
    }
    if let Some((branch, _)) = crate::syntax::shell::command::option(args, "--branch", "-b") {
        return is_branch(&branch).then(|| (url.span, format!("branch `{branch}`")));
    }
    // a checkout that follows may pin it, and so may a script
    let pinned = rest.clone().any(|(_, c)| {
        let words = c.effective().words.iter().map(Word::lossy).collect::<Vec<_>>();
        words.first().is_some_and(|w| w.ends_with("git"))
            && words.iter().any(|w| ["checkout", "reset", "switch", "fetch", "pull"].contains(&w.as_ref()))
    });
    (!pinned).then(|| (url.span, "the default branch".to_owned()))
}

fn is_branch(name: &str) -> bool {
    ["main", "master", "develop", "dev", "trunk", "head", "stable", "latest", "release", "production"]
        .contains(&name.to_lowercase().as_str())
}

fn is_latest(text: &str) -> bool {
    let Some((_, rest)) = text.split_once("://") else { return false };
    let path = rest.split(['?', '#']).next().unwrap_or_default();
    let (_, path) = path.split_once('/').unwrap_or((path, ""));
    let parts: Vec<&str> = path.split('/').collect();
    let file = parts.last().copied().unwrap_or_default();
    // an API that is asked what the latest version is answers with a pin
    let archive = [".tar.gz", ".tgz", ".zip", ".tar.xz", ".tar.bz2", ".deb", ".rpm", ".jar", ".sh", ".exe", ".gz", ".phar"]
        .iter()
        .any(|e| file.ends_with(e));
    let asked =
        text.contains("api.") || file.ends_with(".json") || file.ends_with(".asc") || file.ends_with(".gpg") || file.ends_with(".key");
    let download = path.contains("releases/latest/download/");
    let branch = parts.windows(2).any(|w| matches!(w, [a, _] if ["master", "main"].contains(a))) && (archive || text.contains("raw."));
    let latest = archive && (parts.contains(&"latest") || file.split(['-', '_', '.']).any(|w| w == "latest"));
    let head = archive && path.contains("/archive/") && ["master.", "main.", "heads/"].iter().any(|w| path.contains(w));
    !asked && (download || branch || latest || head)
}

fn is_unpinned_repository(text: &str) -> bool {
    let Some(at) = text.find("git+") else { return false };
    let rest = text.get(at..).and_then(|t| t.split_once("://")).map_or("", |(_, r)| r);
    let path = rest.split('#').next().unwrap_or_default();
    let path = path.split_once('/').map_or("", |(_, p)| p);
    match path.rsplit_once('@') {
        None => !path.is_empty() && !text.contains('$'),
        Some((_, reference)) => is_branch(reference),
    }
}
