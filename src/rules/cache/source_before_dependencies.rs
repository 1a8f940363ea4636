use crate::diagnostic::{Applicability, Edit};
use crate::files;
use crate::rule::{Cx, Rule, replace, rule};
use crate::rules::support::dependencies::Tool;
use crate::rules::support::early_source::{self, Early, Late};
use crate::rules::support::steps;
use crate::source::Span;
use crate::stack::{BuildContext, DockerfileUnit};
use crate::syntax::dockerfile::Op;

rule!(SourceBeforeDependencies, "cache/source-before-dependencies");

impl Rule for SourceBeforeDependencies {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        for early in early_source::find(cx.stack, unit) {
            let Some(first) = early.installs.first() else { continue };
            let copied = early.copy.sources.iter().map(|s| format!("`{}`", s.text.value)).collect::<Vec<_>>().join(", ");
            let head = early.copy.step.instruction.head;
            let message =
                format!("any edit in {copied} runs `{}` again: the source is copied before the dependencies are installed", first.title);
            let fix = fix(cx, unit, &early, first);
            let mut report = cx.report(head, message).help(help(first));
            for late in early.installs.iter().take(3) {
                report = report.label(late.span, "runs again after every edit");
            }
            if let Some(edits) = fix {
                report.fix("copy what the install reads, install, then copy the rest", Applicability::Unsafe, edits);
            }
        }
    }
}

fn help(first: &Late) -> String {
    if first.reads.is_empty() {
        return format!("run `{}` above this instruction: it needs nothing of what is copied", first.title);
    }
    let names = first.reads.iter().map(|r| format!("`{r}`")).collect::<Vec<_>>().join(" and ");
    let extra = match first.tool {
        Some(Tool::Poetry) => " with `--no-root`",
        Some(Tool::Uv) if first.title == "uv sync" => " with `--no-install-project`",
        Some(Tool::Composer) => " with `--no-scripts --no-autoloader`",
        _ => "",
    };
    format!("copy {names} first, install{extra}, then copy the rest")
}

/// The COPY gives way to one of the manifests, and comes back after the install.
fn fix(cx: &Cx<'_>, unit: &DockerfileUnit, early: &Early<'_>, first: &Late) -> Option<Vec<Edit>> {
    let [_] = early.installs.as_slice() else { return None };
    let [source] = early.copy.sources.as_slice() else { return None };
    let context = steps::context(cx.stack, unit)?;
    let copy = early.copy.step.instruction;
    let dest = match &copy.op {
        Op::Copy(op) if copy.flags.is_empty() && copy.heredocs.is_empty() && !copy.json => &op.dest,
        _ => return None,
    };
    let fixable = matches!(first.tool, Some(Tool::Pip | Tool::Npm | Tool::Yarn | Tool::Pnpm | Tool::Bun | Tool::Go));
    let between = early.copy.step.item + 1..first.item;
    let relative = !dest.starts_with('/');
    let quiet = |item: usize| match unit.ast.instruction(item).map(|i| &i.op) {
        None => true,
        Some(Op::Workdir(_)) => !relative,
        Some(op) => matches!(op, Op::Env(_) | Op::Arg(_) | Op::Label(_) | Op::Expose(_)),
    };
    if !fixable
        || !first.alone
        || first.reads.is_empty()
        || reaches_further(context, &source.path, &first.reads)
        || !between.into_iter().all(quiet)
    {
        return None;
    }
    let install = unit.ast.instruction(first.item)?;
    if unit.ast.stage_of(first.item) != Some(early.copy.step.stage) || !install.heredocs.is_empty() {
        return None;
    }
    let dir = first.reads.first().map(|r| files::parent(r))?;
    if first.reads.iter().any(|r| files::parent(r) != dir) {
        return None;
    }
    let below = files::strip_prefix(&source.path, dir).filter(|b| *b != ".").map(|b| format!("{b}/")).unwrap_or_default();
    let target = format!("{}/{below}", dest.trim_end_matches('/'));
    let manifests = format!("{} {} {target}", copy.word.value, first.reads.join(" "));
    let whole = cx.text(copy.span);
    let at = Span { start: install.span.end, ..install.span };
    Some(vec![replace(copy.span, manifests), replace(at, format!("\n{whole}"))])
}

/// Whether the install may read more of the context than its manifests say: other requirement files, patches, workspaces.
fn reaches_further(context: &BuildContext, root: &str, reads: &[String]) -> bool {
    let inside = |entry: &crate::stack::context::Entry| files::strip_prefix(root, &entry.path).map(str::to_owned);
    context.listing.truncated
        || context.below(root).filter(|e| !e.path.contains("node_modules")).any(|entry| {
            let Some(rest) = inside(entry) else { return false };
            let name = files::file_name(&rest);
            let other_manifest = ["package.json", "go.mod", "go.work", "setup.py", "pyproject.toml"].contains(&name)
                || name.ends_with(".txt") && (name.contains("require") || name.contains("constraint"));
            ["patches", "prisma", "packages", "vendor", ".yarn"].contains(&rest.as_str())
                || [".npmrc", ".yarnrc", ".yarnrc.yml", ".pnpmfile.cjs", "pnpm-workspace.yaml"].contains(&rest.as_str())
                || other_manifest && !reads.contains(&entry.path)
        })
}
