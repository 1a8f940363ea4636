use crate::diagnostic::Severity;
use crate::files;
use crate::rule::{Cx, Rule, rule};
use crate::rules::support::clutter::{self, Clutter};
use crate::rules::support::copies;
use crate::rules::support::steps;
use crate::stack::context::size;
use crate::stack::{BuildContext, DockerfileUnit};
use crate::syntax::dockerfile::Op;

rule!(CopyWithoutDockerignore, "cache/copy-without-dockerignore");

/// A context from here on is worth a word whatever is in it.
const LARGE: u64 = 100_000_000;

impl Rule for CopyWithoutDockerignore {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        let Some(context) = steps::context(cx.stack, unit).filter(|c| c.ignore.path.is_none()) else { return };
        let all = |path: &str| path == "." || path == "*";
        // what cannot come to that is not worked out
        let may_be_all =
            |text: &str| text.contains(['$', '\'', '"', '\\', '`']) || text.contains("..") || text.trim_matches(['.', '/', '*']).is_empty();
        let whole = (0..unit.stages.len())
            .flat_map(|n| steps::own(unit, n))
            .filter(|s| matches!(&s.instruction.op, Op::Copy(op) | Op::Add(op) if op.sources.iter().any(|t| may_be_all(t))))
            .filter_map(|step| copies::copy(unit, step, Some(context)))
            .find(|copy| copy.sources.iter().any(|s| all(&s.path)) && copy.step.instruction.flag("exclude").is_none());
        let Some(copy) = whole else { return };
        let found = clutter::find(context, ".");
        let files = context.listing.files().count();
        let head = copy.step.instruction.head;
        let sent = format!("{files} files, {}", size(context.listing.total_bytes));
        if !found.is_empty() || context.listing.total_bytes >= LARGE {
            let message = match found.is_empty() {
                true => format!("the whole folder goes into the image ({sent}), and no .dockerignore keeps anything out"),
                false => format!("{} into the image: no .dockerignore keeps anything out of what is copied ({sent})", list(&found)),
            };
            cx.report(head, message).help(help(context, &found));
        } else if let Some(expected) = expected(context) {
            let message = format!("no .dockerignore keeps `{expected}` and the like of a developer's machine out of the image");
            cx.report(head, message).severity(Severity::Info).help(help(context, &[Clutter { path: expected.to_owned(), bytes: 0 }]));
        }
    }
}

fn list(found: &[Clutter]) -> String {
    let shown: Vec<String> = found.iter().take(3).map(|c| format!("`{}` ({})", c.path, size(c.bytes))).collect();
    let more = found.len().saturating_sub(3);
    let verb = if found.len() == 1 { "goes" } else { "go" };
    if more > 0 { format!("{} and {more} more {verb}", shown.join(", ")) } else { format!("{} {verb}", shown.join(" and ")) }
}

fn help(context: &BuildContext, found: &[Clutter]) -> String {
    let mut lines: Vec<String> = vec![".git".to_owned()];
    for one in found.iter().take(6) {
        let name = files::file_name(&one.path);
        let line = if one.path.contains('/') { format!("**/{name}") } else { name.to_owned() };
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    let names = lines.iter().map(|l| format!("`{l}`")).collect::<Vec<_>>().join(", ");
    format!("write `{}` with {names} in it", files::join(&context.dir, ".dockerignore"))
}

/// What a checkout does not hold and a developer's folder does: made by the tools that the context has manifests for.
fn expected(context: &BuildContext) -> Option<&'static str> {
    let top = |name: &str| context.has_file(name);
    if top("package.json") {
        return Some("node_modules");
    }
    let repository = context.listing.entries.iter().any(|e| e.path == ".gitignore" || e.path == ".github" || e.path == ".gitlab-ci.yml");
    repository.then_some(".git")
}
