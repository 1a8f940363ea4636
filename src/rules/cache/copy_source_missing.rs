use crate::files;
use crate::rule::{Cx, Rule, rule};
use crate::rules::support::copies::{self, Copy, SourceKind};
use crate::rules::support::steps;
use crate::stack::{BuildContext, DockerfileUnit};

rule!(CopySourceMissing, "cache/copy-source-missing");

impl Rule for CopySourceMissing {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        let Some(context) = steps::context(cx.stack, unit).filter(|c| !c.listing.truncated && c.listing.unreadable.is_empty()) else {
            return;
        };
        let copies: Vec<Copy<'_>> =
            (0..unit.stages.len()).flat_map(|n| steps::own(unit, n)).filter_map(|step| copies::copy(unit, step, Some(context))).collect();
        // without a Compose file that says so, the folder beside the Dockerfile is only a guess at the context
        let certain = cx.stack.builds_of(unit).all(|b| b.service.is_some());
        let named = || copies.iter().flat_map(|c| &c.sources).filter(|s| s.kind != SourceKind::Glob && s.path != ".");
        if !certain && !named().any(|s| context.has(&s.path)) {
            return;
        }
        for copy in &copies {
            for source in copy.sources.iter().filter(|s| s.kind != SourceKind::Glob && s.path != ".") {
                let outside = source.path.starts_with("..");
                if outside || context.has(&source.path) || context.ignore.rules.matches(&source.path) || source.text.contains('$') {
                    continue;
                }
                let near = near(context, &source.path);
                if near.is_none() && is_made_elsewhere(&source.path) {
                    continue;
                }
                let dir = if context.dir == "." { "the folder of the build".to_owned() } else { format!("`{}`", context.dir) };
                let report = cx.report(source.text.span, format!("the build stops here: `{}` is not in {dir}", source.text.value));
                match near {
                    Some(near) => report.help(format!("did you mean `{near}`?")),
                    None => report.help("paths of COPY count from the build's context, not from the Dockerfile"),
                };
            }
        }
    }
}

/// What a build beforehand, or the people who deploy, put there: not in a checkout, and rightly so.
fn is_made_elsewhere(path: &str) -> bool {
    const FOLDERS: &[&str] = &[
        "target",
        "dist",
        "build",
        "out",
        "bin",
        "publish",
        "_build",
        "artifacts",
        "release",
        "pkg",
        ".next",
        "node_modules",
        "vendor",
        "certs",
        "cert",
        "ssl",
        "secrets",
        "keys",
        "data",
        "dump",
        "dumps",
        "backup",
        "tmp",
        "output",
        "generated",
        "wheels",
        "wheelhouse",
        "public",
        "static",
        "obj",
        "models",
        "model",
        "linux",
        "docker-out",
        ".output",
        "install",
    ];
    const ENDINGS: &[&str] = &[
        ".jar", ".war", ".ear", ".whl", ".tgz", ".gz", ".zip", ".tar", ".deb", ".rpm", ".apk", ".pem", ".key", ".crt", ".cert", ".p12",
        ".jks", ".env", ".sql", ".so", ".a", ".bin", ".exe", ".xz", ".bz2", ".sqlite3", ".db", ".lock", ".local", ".csv",
    ];
    let name = files::file_name(path);
    let extension = name.trim_start_matches('.').contains('.');
    path.split('/').any(|part| FOLDERS.contains(&part))
        || ENDINGS.iter().any(|e| name.ends_with(e))
        || name.starts_with(".env")
        || !extension
}

/// A name in the same folder that differs in case, or by a letter or two.
fn near(context: &BuildContext, path: &str) -> Option<String> {
    let (dir, name) = (files::parent(path), files::file_name(path));
    let entries = context.below(dir).filter(|e| files::parent(&e.path) == dir);
    let mut near: Vec<(usize, &str)> = entries
        .map(|e| (distance(&name.to_lowercase(), &files::file_name(&e.path).to_lowercase()), e.path.as_str()))
        .filter(|(d, _)| *d <= 1 && name.len() > 4)
        .collect();
    near.sort_unstable();
    near.first().map(|(_, path)| (*path).to_owned())
}

/// Edits between two short names.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().take(64).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().take(64).enumerate() {
        let mut next = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let at = |row: &[usize], n: usize| row.get(n).copied().unwrap_or(usize::MAX - 1);
            let change = at(&row, j) + usize::from(x != *y);
            next.push(change.min(at(&row, j + 1) + 1).min(at(&next, j) + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}
