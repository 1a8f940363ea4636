//! The Dockerfile that the classic builder is given. That builder runs every stage above the target, needed or not;
//! so stages that are not needed, and stages that were built already, are replaced by a single FROM. Lines keep their
//! numbers.

use std::collections::BTreeMap;

use crate::source::SourceFile;
use crate::syntax::dockerfile::{Dockerfile, Item, ItemKind, Op, Stage};

/// A Dockerfile cut down to what one build needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rewritten {
    /// Its text; `None` where the file can be sent as it is.
    pub text: Option<String>,
    /// The instructions, in the order in which the builder counts them.
    pub instructions: Vec<Line>,
}

/// An instruction of the Dockerfile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// Its line.
    pub line: usize,
    /// The number of its stage; `None` before the first FROM.
    pub stage: Option<usize>,
    /// Something is executed for it (RUN, COPY, ADD, WORKDIR), so that it counts as cached or not.
    pub works: bool,
}

/// Keeps the stages `keep` up to `target`; `built` names images that stand for stages.
pub(super) fn rewrite(ast: &Dockerfile, file: &SourceFile, target: usize, keep: &[usize], built: &BTreeMap<usize, String>) -> Rewritten {
    let mut out = String::new();
    let mut instructions = Vec::new();
    let mut replaced = target + 1 < ast.stages.len();
    let first = ast.stages.first().map_or(ast.items.len(), |stage| stage.from);
    for item in ast.items.get(..first).unwrap_or_default() {
        out.push_str(file.slice(item.span));
        instructions.extend(counted(item, file, None));
    }
    for (index, stage) in ast.stages.iter().enumerate().take(target + 1) {
        let end = ast.stages.get(index + 1).map_or(ast.items.len(), |next| next.from);
        let items = ast.items.get(stage.from..end).unwrap_or_default();
        let stands_for = match built.get(&index) {
            Some(image) => Some(image.as_str()),
            None if !keep.contains(&index) => Some("scratch"),
            None => None,
        };
        match stands_for {
            Some(image) => {
                replaced = true;
                instructions.extend(items.first().and_then(|from| counted(from, file, Some(index))));
                out.push_str(&placeholder(image, stage, items, file));
            }
            None => {
                instructions.extend(items.iter().filter_map(|item| counted(item, file, Some(index))));
                items.iter().for_each(|item| out.push_str(file.slice(item.span)));
            }
        }
    }
    Rewritten { text: replaced.then_some(out), instructions }
}

fn placeholder(image: &str, stage: &Stage, items: &[Item], file: &SourceFile) -> String {
    let name = stage.name.as_ref().map(|name| format!(" AS {}", name.value)).unwrap_or_default();
    let breaks: usize = items.iter().map(|item| file.slice(item.span).matches('\n').count()).sum();
    format!("FROM {image}{name}{}", "\n".repeat(breaks.max(1)))
}

fn counted(item: &Item, file: &SourceFile, stage: Option<usize>) -> Option<Line> {
    let ItemKind::Instruction(instruction) = &item.kind else { return None };
    let works = matches!(instruction.op, Op::Run(_) | Op::Copy(_) | Op::Add(_) | Op::Workdir(_));
    Some(Line { line: file.line_of(instruction.span.start as usize), stage, works })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Sources;
    use crate::syntax::dockerfile::parse;

    const TEXT: &str = "# head\nARG V=1\nFROM a AS one\nRUN \\\n  x\n\nFROM b \\\n  AS two\nRUN y\nFROM one\nCOPY --from=two /y /y\nFROM one AS after\nRUN z\n";

    fn cut(target: usize, keep: &[usize], built: &[(usize, &str)]) -> Rewritten {
        let mut sources = Sources::new();
        let id = sources.add("Dockerfile", TEXT.to_owned());
        let file = sources.get(id);
        let built = built.iter().map(|(n, id)| (*n, (*id).to_owned())).collect();
        rewrite(&parse(file), file, target, keep, &built)
    }

    #[test]
    fn a_file_that_is_needed_whole_stays_as_it_is() {
        let all = cut(3, &[0, 1, 2, 3], &[]);
        assert_eq!(all.text, None);
        let lines: Vec<(usize, bool)> = all.instructions.iter().map(|i| (i.line, i.works)).collect();
        let expected = [(2, false), (3, false), (4, true), (7, false), (9, true), (10, false), (11, true), (12, false), (13, true)];
        assert_eq!(lines, expected);
    }

    #[test]
    fn what_is_not_needed_or_built_already_is_one_line_and_lines_keep_their_numbers() {
        let part = cut(2, &[1, 2], &[(0, "sha256:1")]);
        let text = part.text.unwrap_or_default();
        assert_eq!(text, "# head\nARG V=1\nFROM sha256:1 AS one\n\n\n\nFROM b \\\n  AS two\nRUN y\nFROM one\nCOPY --from=two /y /y\n");
        let lines: Vec<usize> = part.instructions.iter().map(|i| i.line).collect();
        assert_eq!(lines, [2, 3, 7, 9, 10, 11]);
        let unneeded = cut(3, &[0, 3], &[]).text.unwrap_or_default();
        assert!(unneeded.contains("\nFROM scratch AS two\n\n\nFROM scratch\n\nFROM one AS after\nRUN z\n"), "{unneeded}");
    }
}
