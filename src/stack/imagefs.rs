//! Where a file of an image comes from: COPY and ADD are followed back to the context, files that a RUN writes are read
//! from its text.

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use crate::files::{self, Files, Kind};
use crate::source::Span;
use crate::syntax::dockerfile::{CopyOp, Instruction, Op};
use crate::text::Text;
use crate::text::holds;

use super::{Base, BuildContext, DockerfileUnit};

/// What stands at a path of a container.
#[derive(Clone, Debug)]
pub(super) enum Located {
    /// A file of the project.
    File {
        /// Its path.
        path: String,
        /// What brought it: a COPY, or a mount.
        by: Span,
        /// It comes from the image, where its mode bits count as the context has them.
        copied: bool,
    },
    /// A text that an instruction writes.
    Generated {
        /// The text.
        text: Text,
        /// The instruction.
        by: Span,
    },
}

const MAX_STAGE_HOPS: usize = 16;

/// What the stages put into their images: worked out once, asked for every program that may be a file.
#[derive(Default)]
pub(super) struct Images {
    /// By Dockerfile and stage.
    stages: RefCell<BTreeMap<(usize, usize), Writes>>,
}

type Writes = Rc<Vec<Write>>;

/// What a RUN writes: path, text, and whether it is added to what is there.
type Made = (String, Text, bool);

/// An instruction that puts something into an image.
struct Write {
    item: usize,
    what: What,
}

enum What {
    Copy {
        dest: String,
        dest_is_dir: bool,
        /// What can be told of its sources, the last first, as paths of the context.
        sources: OnceCell<Vec<String>>,
    },
    /// What a RUN writes out of its own text, by path.
    Run(OnceCell<Vec<Made>>),
}

impl Images {
    fn of(&self, unit: &DockerfileUnit, stage: usize) -> Writes {
        Rc::clone(self.stages.borrow_mut().entry((unit.index, stage)).or_insert_with(|| Rc::new(writes(unit, stage))))
    }
}

fn writes(unit: &DockerfileUnit, stage: usize) -> Vec<Write> {
    let Some(ast_stage) = unit.ast.stages.get(stage) else { return Vec::new() };
    let written = unit.ast.stage_instructions(ast_stage).filter_map(|(item, instruction)| {
        let what = match &instruction.op {
            Op::Copy(copy) | Op::Add(copy) => {
                let raw = unit.expand_at(stage, item, &copy.dest)?;
                let dest = files::join(&unit.workdir_at(stage, item).unwrap_or_else(|| "/".to_owned()), &raw);
                let dest_is_dir = raw.ends_with('/') || raw.ends_with("/.") || raw == "." || copy.sources.len() > 1;
                What::Copy { dest, dest_is_dir, sources: OnceCell::new() }
            }
            // nothing else writes a file out of the instruction's own text
            Op::Run(_)
                if instruction.rest.value.contains('>') || holds(&instruction.rest.value, "tee") || !instruction.heredocs.is_empty() =>
            {
                What::Run(OnceCell::new())
            }
            _ => return None,
        };
        Some(Write { item, what })
    });
    written.collect()
}

/// Whether [`locate`] may find a file of this name in one of these folders: `false` is certain. Nearly all names are asked for in vain.
pub(super) fn may_hold(
    images: &Images,
    unit: &DockerfileUnit,
    stage: usize,
    context: Option<&BuildContext>,
    dirs: &[&str],
    name: &str,
) -> bool {
    let is_file = |source: &str| context.is_some_and(|c| !c.listing.truncated && c.has_file(source));
    let writes = |stage: usize, write: &Write| {
        let Some(instruction) = unit.ast.instruction(write.item) else { return false };
        match (&write.what, &instruction.op) {
            (What::Copy { dest, sources, .. }, Op::Copy(copy) | Op::Add(copy)) => {
                let sources = || sources.get_or_init(|| context_paths(unit, stage, write.item, copy));
                // a file keeps its name in a folder; a folder may hold any
                let any = || copy.from.is_some() || !instruction.heredocs.is_empty();
                let brings = || any() || sources().iter().any(|s| files::file_name(s) == name || !is_file(s));
                files::file_name(dest) == name && dirs.contains(&files::parent(dest))
                    || dirs.iter().any(|dir| files::strip_prefix(dest, dir).is_some()) && brings()
            }
            _ => holds(&instruction.rest.value, name) || !instruction.heredocs.is_empty(),
        }
    };
    name.starts_with('.') || unit.lineage(stage).any(|n| images.of(unit, n).iter().any(|write| writes(n, write)))
}

/// Finds `path` (absolute) in the image of a stage.
pub(super) fn locate(
    images: &Images,
    unit: &DockerfileUnit,
    stage: usize,
    context: Option<&BuildContext>,
    path: &str,
    disk: &dyn Files,
    hops: usize,
) -> Option<Located> {
    if hops > MAX_STAGE_HOPS {
        return None;
    }
    for n in unit.lineage(stage) {
        for write in images.of(unit, n).iter().rev() {
            let Some(instruction) = unit.ast.instruction(write.item) else { continue };
            let found = match (&write.what, &instruction.op) {
                (What::Copy { dest, dest_is_dir, sources }, Op::Copy(copy) | Op::Add(copy)) => {
                    let sources = || sources.get_or_init(|| context_paths(unit, n, write.item, copy)).as_slice();
                    copied(images, unit, instruction, copy, &sources, (dest, *dest_is_dir), context, path, disk, hops)
                }
                (What::Run(made), _) => generated(unit, n, write.item, instruction, made, path),
                _ => None,
            };
            if found.is_some() {
                return found;
            }
        }
        if !matches!(unit.stages.get(n)?.base, Base::Stage(_)) {
            break;
        }
    }
    None
}

/// The sources of a COPY that are files of the context, the last first.
fn context_paths(unit: &DockerfileUnit, stage: usize, item: usize, copy: &CopyOp) -> Vec<String> {
    let sources = copy.sources.iter().rev().filter_map(|source| unit.expand_at(stage, item, source));
    sources.filter(|source| !source.contains("://")).map(|source| files::in_context(&source)).collect()
}

#[allow(clippy::too_many_arguments, reason = "one call, from `locate`")]
fn copied<'a>(
    images: &Images,
    unit: &DockerfileUnit,
    instruction: &Instruction,
    copy: &CopyOp,
    sources: &dyn Fn() -> &'a [String],
    (dest, dest_is_dir): (&str, bool),
    context: Option<&BuildContext>,
    path: &str,
    disk: &dyn Files,
    hops: usize,
) -> Option<Located> {
    let rest = files::strip_prefix(dest, path)?;
    for heredoc in instruction.heredocs.iter() {
        if rest == heredoc.name || (rest == "." && !dest_is_dir) {
            return Some(Located::Generated { text: Text::verbatim(heredoc.content.clone(), heredoc.body), by: instruction.head });
        }
    }
    for source in sources() {
        if let Some(from) = &copy.from {
            let Some(found) = from_stage(images, unit, from, source, rest, dest_is_dir, context, disk, hops) else { continue };
            return Some(found);
        }
        let context = context?;
        for candidate in candidates(source, rest, dest_is_dir) {
            if !context.listing.truncated && !context.has_file(&candidate) {
                continue;
            }
            let full = files::join(&context.dir, &candidate);
            if disk.kind(&full) == Some(Kind::File) {
                return Some(Located::File { path: full, by: instruction.head, copied: true });
            }
        }
    }
    None
}

/// The paths of a source that could end up at `rest` below the destination: a folder's content, or a file itself.
fn candidates(source: &str, rest: &str, dest_is_dir: bool) -> Vec<String> {
    let mut found = Vec::new();
    if rest == "." {
        if !dest_is_dir {
            found.push(source.to_owned());
        }
        return found;
    }
    let glob = source.contains(['*', '?', '[']);
    if glob {
        let dir = files::parent(source);
        if !rest.contains('/') {
            found.push(files::join(dir, rest));
        } else if let Some((_, below)) = rest.split_once('/') {
            found.push(files::join(dir, rest));
            found.push(files::join(dir, below));
        }
        return found;
    }
    if files::file_name(source) == rest {
        found.push(source.to_owned());
    }
    found.push(files::join(source, rest));
    found
}

#[allow(clippy::too_many_arguments, reason = "one call, from `copied`")]
fn from_stage(
    images: &Images,
    unit: &DockerfileUnit,
    from: &Text,
    source: &str,
    rest: &str,
    dest_is_dir: bool,
    context: Option<&BuildContext>,
    disk: &dyn Files,
    hops: usize,
) -> Option<Located> {
    let name = from.value.to_lowercase();
    let by_name = unit.stages.iter().rev().find(|s| s.name.as_deref() == Some(name.as_str())).map(|s| s.index);
    let stage = by_name.or_else(|| name.parse().ok().filter(|n| *n < unit.stages.len()))?;
    let source = files::join("/", source);
    candidates(&source, rest, dest_is_dir).iter().find_map(|path| locate(images, unit, stage, context, path, disk, hops + 1))
}

fn generated(
    unit: &DockerfileUnit,
    stage: usize,
    item: usize,
    instruction: &Instruction,
    made: &OnceCell<Vec<Made>>,
    path: &str,
) -> Option<Located> {
    // a cheap look first: this is asked for every RUN and every program that may be a script
    if !holds(&instruction.rest.value, files::file_name(path)) && instruction.heredocs.is_empty() {
        return None;
    }
    let script = unit.script(item)?;
    let made = made.get_or_init(|| {
        let workdir = unit.workdir_at(stage, item).unwrap_or_else(|| "/".to_owned());
        let files = crate::quoting::generated_files(script).into_iter();
        files.filter_map(|f| Some((files::join(&workdir, &unit.expand_at(stage, item, &f.path)?), f.text, f.append))).collect()
    });
    let mut found: Option<Text> = None;
    for (_, text, append) in made.iter().filter(|(written, ..)| written == path) {
        match &mut found {
            Some(before) if *append => before.append(text),
            _ => found = Some(text.clone()),
        }
    }
    found.map(|text| Located::Generated { text, by: instruction.head })
}

/// Paths that COPY and ADD may have brought from the context below a folder of the image; [`locate`] tells whether they did.
pub(super) fn names_below(images: &Images, unit: &DockerfileUnit, stage: usize, context: Option<&BuildContext>, dir: &str) -> Vec<String> {
    let mut found = Vec::new();
    let Some(context) = context else { return found };
    for n in unit.lineage(stage) {
        for write in images.of(unit, n).iter() {
            let What::Copy { dest, .. } = &write.what else { continue };
            let Some(Op::Copy(copy) | Op::Add(copy)) = unit.ast.instruction(write.item).map(|i| &i.op) else { continue };
            if files::strip_prefix(dir, dest).is_some() {
                found.push(dest.clone());
                let sources = copy.sources.iter().filter_map(|s| unit.expand_at(n, write.item, s)).filter(|_| copy.from.is_none());
                found.extend(sources.flat_map(|s| brought(context, &s)).map(|name| files::join(dest, &name)));
            }
        }
    }
    found.truncate(MAX_NAMES);
    found
}

const MAX_NAMES: usize = 200;

/// The names below the destination that a source of a COPY may make.
fn brought(context: &BuildContext, source: &str) -> Vec<String> {
    let source = files::in_context(source);
    let dir = if source.contains(['*', '?', '[']) { files::parent(&source).to_owned() } else { source.clone() };
    let below = context.below(&dir).filter_map(|e| files::strip_prefix(&dir, &e.path)).map(str::to_owned);
    std::iter::once(files::file_name(&source).to_owned()).chain(below).take(MAX_NAMES).collect()
}
