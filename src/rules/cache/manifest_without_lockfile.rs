use crate::diagnostic::Applicability;
use crate::files;
use crate::rule::{Cx, Rule, replace, rule};
use crate::rules::support::copies::SourceKind;
use crate::rules::support::lockfiles;
use crate::rules::support::steps;
use crate::source::Span;
use crate::stack::DockerfileUnit;

rule!(ManifestWithoutLockfile, "cache/manifest-without-lockfile");

impl Rule for ManifestWithoutLockfile {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        let Some(context) = steps::context(cx.stack, unit).filter(|c| !c.listing.truncated) else { return };
        let mut said: Vec<Span> = Vec::new();
        for placed in lockfiles::installs(cx.stack, unit) {
            let tool = placed.install.tool;
            if tool.lockfiles().iter().any(|name| placed.brings(name, Some(context)).is_some()) {
                continue;
            }
            let Some(brought) = placed.brings(&placed.manifest, Some(context)) else { continue };
            let Some(copy) = brought.by else { continue };
            let Some(source) = copy.sources.iter().find(|s| s.path == brought.origin && s.kind == SourceKind::File) else { continue };
            let dir = files::parent(&brought.origin);
            let there = tool.lockfiles().iter().map(|name| files::join(dir, name)).find(|path| context.has_file(path));
            let Some(lockfile) = there.filter(|_| !said.contains(&source.text.span)) else { continue };
            said.push(source.text.span);
            let title = &placed.install.title;
            let report = cx
                .report(source.text.span, format!("`{title}` picks versions anew: `{lockfile}` lies beside and is not copied before it"))
                .label(placed.install.head, "installs without the lockfile")
                .help(format!("copy `{lockfile}` along"));
            let plain = source.text.is_verbatim() && !copy.step.instruction.json && !source.text.contains('$');
            if plain && copy.dest_is_dir {
                let written = source.text.strip_suffix(files::file_name(&source.path)).unwrap_or_default();
                let text = format!(" {written}{}", files::file_name(&lockfile));
                report.fix(format!("copy `{lockfile}` along"), Applicability::Unsafe, vec![replace(source.text.span.at_end(), text)]);
            }
        }
    }
}
