use crate::files;
use crate::rule::{Cx, Rule, rule};
use crate::rules::support::copies::{self, Copy, SourceKind};
use crate::rules::support::steps;
use crate::stack::{BuildContext, DockerfileUnit};
use crate::syntax::edit_distance;

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
                if context.has(&source.path) || context.ignore.rules.matches(&source.path) || source.text.contains('$') {
                    continue;
                }
                // a checkout may lack files for many reasons; one that lies elsewhere, or is spelt otherwise, was meant
                let taken = |path: &str| named().any(|s| s.path == path);
                let Some(meant) = near(context, &source.path).filter(|m| !taken(m)).or_else(|| moved(context, &source.path)) else {
                    continue;
                };
                let dir = if context.dir == "." { "the folder of the build".to_owned() } else { format!("`{}`", context.dir) };
                cx.report(source.text.span, format!("the build stops here: `{}` is not in {dir}", source.text.value))
                    .help(format!("did you mean `{meant}`? Paths of COPY count from the build's context"));
            }
        }
    }
}

/// The same file at another place of the context: the path was written as seen from another folder.
fn moved(context: &BuildContext, path: &str) -> Option<String> {
    let mut rest = path;
    while let Some((_, shorter)) = rest.split_once('/') {
        rest = shorter;
        if context.has_file(rest) {
            return Some(rest.to_owned());
        }
    }
    let ending = format!("/{path}");
    let mut found = context.listing.files().filter(|e| e.path.ends_with(&ending));
    match (found.next(), found.next()) {
        (Some(only), None) => Some(only.path.clone()),
        _ => None,
    }
}

/// A name in the same folder that differs in case, or by a letter or two.
fn near(context: &BuildContext, path: &str) -> Option<String> {
    let (dir, name) = (files::parent(path), files::file_name(path));
    let entries = context.below(dir).filter(|e| files::parent(&e.path) == dir);
    if name.len() <= 4 {
        return None;
    }
    let (wanted, limit) = (name.to_lowercase(), if name.len() > 8 { 2 } else { 1 });
    let mut near: Vec<(usize, &str)> = entries
        .filter(|e| same_kind(&e.path, name))
        .map(|e| (edit_distance(&wanted, &files::file_name(&e.path).to_lowercase(), limit), e.path.as_str()))
        .filter(|(edits, _)| *edits <= limit)
        .collect();
    near.sort_unstable();
    near.first().map(|(_, path)| (*path).to_owned())
}

fn same_kind(a: &str, b: &str) -> bool {
    let ending = |path: &str| {
        let ending = files::file_name(path).rsplit_once('.').map_or("", |(_, e)| e).to_lowercase();
        if ending == "yaml" { "yml".to_owned() } else { ending }
    };
    ending(a) == ending(b)
}
