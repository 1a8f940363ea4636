//! What COPY and ADD bring into images that should not be in them.

use globset::GlobBuilder;

use super::build_args::expand_in_stage;
use super::secret_files::{is_innocent_folder, kind, literal_prefix, named_by_glob};
use super::secret_variables::is_shipped;
use crate::files::{self, Kind};
use crate::stack::{BuildContext, BuildUse, DockerfileUnit, Stack};
use crate::syntax::dockerfile::{CopyOp, Instruction, Op};
use crate::text::Text;

/// A file that a source brings along: its path, what it is, and whether the source names it.
pub(crate) type Found = (String, &'static str, bool);

/// The files that should not be in an image among those that a source brings.
pub(crate) fn brought(
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
    let path = files::in_context(&path);
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
    // patterns are dear to compile, and few are about such files
    let prefix = literal_prefix(pattern);
    let files = context.listing.files().filter(|e| e.path.starts_with(prefix));
    let mut found: Vec<Found> = files.filter_map(|e| Some((e.path.clone(), kind(&e.path)?, true))).collect();
    if !found.is_empty() {
        let Ok(glob) = GlobBuilder::new(pattern).literal_separator(true).build() else { return Vec::new() };
        let glob = glob.compile_matcher();
        found.retain(|(path, ..)| glob.is_match(path));
    }
    found
}

/// `dumps/$name`, where nothing says what the name is: what lies in the folder that is known.
fn below_the_known_part(context: &BuildContext, source: &Text) -> Vec<Found> {
    let known = source.split('$').next().unwrap_or_default();
    let Some((dir, _)) = known.rsplit_once('/') else { return Vec::new() };
    let dir = files::in_context(dir);
    if dir == "." {
        return Vec::new();
    }
    let files = context.below(&dir).filter(|e| e.kind == Kind::File);
    files.filter_map(|e| Some((e.path.clone(), kind(&e.path)?, false))).collect()
}

/// Whether what is copied here ends up in an image that is built: in its own stages, or copied on from this one.
pub(crate) fn reaches_an_image(stack: &Stack, unit: &DockerfileUnit, stage: usize, item: usize, copy: &CopyOp) -> bool {
    if is_shipped(stack, unit, stage) {
        return true;
    }
    let workdir = unit.workdir_at(stage, item);
    let Some(dest) = unit.expand_at(stage, item, &copy.dest).and_then(|d| absolute(workdir.as_deref(), &d)) else { return false };
    unit.stages.iter().filter(|s| is_shipped(stack, unit, s.index)).any(|shipped| {
        let Some(ast_stage) = unit.ast.stages.get(shipped.index) else { return false };
        unit.ast.stage_instructions(ast_stage).any(|(n, instruction)| {
            let Op::Copy(later) = &instruction.op else { return false };
            let from_here = shipped.needs.iter().any(|need| need.item == n && unit.builds_on(need.stage, stage));
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
