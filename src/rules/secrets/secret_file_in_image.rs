use globset::GlobBuilder;

use crate::files::{self, Kind};
use crate::rule::{Cx, Rule, rule};
use crate::rules::support::build_args::expand_in_stage;
use crate::rules::support::secret_files::{is_innocent_folder, kind, named_by_glob};
use crate::rules::support::secret_variables::is_shipped;
use crate::rules::support::secrets::{Value, judge, token};
use crate::stack::{BuildContext, BuildUse, DockerfileUnit, Stack};
use crate::syntax::dockerfile::{CopyOp, Instruction, Op};
use crate::text::Text;

rule!(SecretFileInImage, "secrets/secret-file-in-image");

/// A file that a source brings along: its path, what it is, and whether the source names it.
type Found = (String, &'static str, bool);

impl Rule for SecretFileInImage {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        for (stage, ast_stage) in unit.ast.stages.iter().enumerate() {
            let mut all: Vec<(&Text, &Instruction, Vec<Found>)> = Vec::new();
            for (item, instruction) in unit.ast.stage_instructions(ast_stage) {
                let (Op::Copy(copy) | Op::Add(copy)) = &instruction.op else { continue };
                if copy.from.is_some() || !reaches_an_image(cx.stack, unit, stage, item, copy) {
                    continue;
                }
                for source in &copy.sources {
                    let builds = cx.stack.builds_of(unit);
                    let found = builds.map(|b| brought(cx.stack, unit, b, stage, item, instruction, source)).find(|f| !f.is_empty());
                    all.extend(found.map(|found| (source, instruction, found)));
                }
            }
            for (item, instruction) in unit.ast.stage_instructions(ast_stage) {
                let (Op::Copy(copy) | Op::Add(copy)) = &instruction.op else { continue };
                if reaches_an_image(cx.stack, unit, stage, item, copy) {
                    written_here(instruction, cx);
                }
            }
            // a file is said once: where it is named, else where its folder is copied first
            let mut said: Vec<String> = all.iter().flat_map(|(_, _, f)| f).filter(|f| f.2).map(|f| f.0.clone()).collect();
            for (source, instruction, mut found) in all {
                found.retain(|(path, _, named)| *named || !said.contains(path));
                report(&found, source, instruction, cx);
                said.extend(found.into_iter().map(|(path, _, _)| path));
            }
        }
    }
}

/// Files whose content stands in the Dockerfile itself.
fn written_here(instruction: &Instruction, cx: &mut Cx<'_>) {
    for heredoc in &instruction.heredocs {
        let holds = token(&heredoc.content).map(str::to_owned).or_else(|| {
            let mut settings = heredoc.content.lines().filter_map(|line| line.trim_start_matches("export ").split_once('='));
            let (name, _) = settings.find(|(name, value)| judge(name.trim(), value.trim().trim_matches(['"', '\''])) == Value::Random)?;
            Some(format!("the secret `{}`", name.trim()))
        });
        let Some(holds) = holds else { continue };
        cx.report(heredoc.operator, format!("this file holds {holds} and becomes part of the image: whoever pulls it can read it"))
            .help("replace it where it counts, and mount the new one when the container runs")
            .mask(heredoc.body);
    }
}

fn report(found: &[Found], source: &Text, instruction: &Instruction, cx: &mut Cx<'_>) {
    let Some((path, what, named)) = found.first() else { return };
    let keyword = instruction.word.value.to_uppercase();
    let (message, help) = if *named {
        (
            format!("`{path}`, {what}, becomes part of the image: whoever pulls it can read it"),
            "leave it out, and mount it when the container runs, or as a build secret for the one RUN that needs it".to_owned(),
        )
    } else {
        let shown: Vec<String> = found.iter().take(3).map(|(p, w, _)| format!("`{p}` ({w})")).collect();
        let more = found.len().checked_sub(4).map(|n| format!(" and {} more files", n + 1)).unwrap_or_default();
        let names: Vec<&str> = found.iter().take(3).map(|(p, _, _)| p.as_str()).collect();
        (
            format!("this {keyword} takes {}{more} along: whoever pulls the image can read them", shown.join(", ")),
            format!("name them in `.dockerignore`: {}", names.join(", ")),
        )
    };
    cx.report(source.span, message).help(help);
}

/// The files that should not be in an image among those that a source brings.
fn brought(
    stack: &Stack,
    unit: &DockerfileUnit,
    build: &BuildUse,
    stage: usize,
    item: usize,
    instruction: &Instruction,
    source: &Text,
) -> Vec<Found> {
    let context = stack.context_of(build);
    let Some(path) = expand_in_stage(unit, build, stage, item, source) else {
        return context.map(|c| below_the_known_part(c, source)).unwrap_or_default();
    };
    if path.contains("://") || path.starts_with("git@") {
        return Vec::new();
    }
    let path = files::normalize(path.trim_start_matches('/'));
    let ignored = |path: &str| context.is_some_and(|c| c.ignore.rules.matches(path));
    if path.contains(['*', '?', '[']) {
        let matching = context.map(|c| matching(c, &path)).unwrap_or_default();
        if !matching.is_empty() {
            return matching;
        }
        let named = named_by_glob(&path).filter(|p| !ignored(p));
        return named.and_then(|p| kind(&p).map(|what| (p, what, true))).into_iter().collect();
    }
    let is_dir = path == "." || context.is_some_and(|c| c.entry(&path).is_some_and(|e| e.kind == Kind::Dir));
    if is_dir {
        return context.map(|c| below(c, &path, instruction)).unwrap_or_default();
    }
    let dumped = || {
        let raw = source.to_lowercase();
        (raw.contains('$') && (raw.contains("dump") || raw.contains("backup")) && path.ends_with(".sql")).then_some("a database dump")
    };
    let found = kind(&path).or_else(dumped).filter(|_| !ignored(&path));
    found.map(|what| (path.clone(), what, true)).into_iter().collect()
}

fn below(context: &BuildContext, dir: &str, instruction: &Instruction) -> Vec<Found> {
    let excluded: Vec<_> = instruction
        .flags
        .iter()
        .filter(|f| f.name.value == "exclude")
        .filter_map(|f| GlobBuilder::new(f.value.as_ref()?).literal_separator(true).build().ok())
        .map(|g| g.compile_matcher())
        .collect();
    let files = context.below(dir).filter(|e| e.kind == Kind::File && !is_innocent_folder(&e.path));
    let sent = files.filter(|e| !excluded.iter().any(|g| g.is_match(&e.path)));
    sent.filter_map(|e| Some((e.path.clone(), kind(&e.path)?, false))).collect()
}

fn matching(context: &BuildContext, pattern: &str) -> Vec<Found> {
    let Ok(glob) = GlobBuilder::new(pattern).literal_separator(true).build() else { return Vec::new() };
    let glob = glob.compile_matcher();
    let files = context.listing.files().filter(|e| glob.is_match(&e.path));
    files.filter_map(|e| Some((e.path.clone(), kind(&e.path)?, true))).collect()
}

/// `dumps/$name`, where nothing says what the name is: what lies in the folder that is known.
fn below_the_known_part(context: &BuildContext, source: &Text) -> Vec<Found> {
    let known = source.split('$').next().unwrap_or_default();
    let Some((dir, _)) = known.rsplit_once('/') else { return Vec::new() };
    let dir = files::normalize(dir.trim_start_matches('/'));
    if dir == "." {
        return Vec::new();
    }
    let files = context.below(&dir).filter(|e| e.kind == Kind::File);
    files.filter_map(|e| Some((e.path.clone(), kind(&e.path)?, false))).collect()
}

/// Whether what is copied here ends up in an image that is built: in its own stages, or copied on from this one.
fn reaches_an_image(stack: &Stack, unit: &DockerfileUnit, stage: usize, item: usize, copy: &CopyOp) -> bool {
    if is_shipped(stack, unit, stage) {
        return true;
    }
    let workdir = unit.workdir_at(stage, item);
    let Some(dest) = unit.expand_at(stage, item, &copy.dest).and_then(|d| absolute(workdir.as_deref(), &d)) else { return false };
    unit.stages.iter().filter(|s| is_shipped(stack, unit, s.index)).any(|shipped| {
        let Some(ast_stage) = unit.ast.stages.get(shipped.index) else { return false };
        unit.ast.stage_instructions(ast_stage).any(|(n, instruction)| {
            let Op::Copy(later) = &instruction.op else { return false };
            let from_here = shipped.needs.iter().any(|need| need.item == n && unit.chain(need.stage).contains(&stage));
            from_here
                && later.sources.iter().any(|s| {
                    let source = unit.expand_at(shipped.index, n, s).and_then(|s| absolute(Some("/"), &s));
                    source.is_some_and(|source| files::strip_prefix(&source, &dest).is_some())
                })
        })
    })
}

fn absolute(workdir: Option<&str>, path: &str) -> Option<String> {
    if path.starts_with('/') { Some(files::normalize(path)) } else { Some(files::join(workdir?, path)) }
}
