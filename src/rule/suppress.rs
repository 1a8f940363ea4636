//! Comments that silence findings: ours, hadolint's, BuildKit's, dclint's and ShellCheck's, each with its own scope.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::CheckOptions;
use crate::diagnostic::Diagnostic;
use crate::source::{FileId, SourceFile, Span};
use crate::stack::{DockerfileUnit, Stack};
use crate::syntax::dockerfile::{ItemKind, Keyword};

/// Checks of BuildKit's that no comment above an instruction silences.
const WHOLE_FILE_ONLY: [&str; 5] =
    ["NoEmptyContinuation", "ConsistentInstructionCasing", "DuplicateStageName", "ReservedStageName", "InvalidDefaultArgInFrom"];

/// The check that the builder reports at an instruction, while it heeds the comment above the later one that overrides it.
const REPORTED_EARLY: &str = "MultipleInstructionsDisallowed";

/// The check that no file-wide skip reaches: it runs only where the same directive asks for it.
const EXPERIMENTAL: &str = "InvalidDefinitionDescription";

/// All suppressions of a stack.
#[derive(Debug, Default)]
pub struct Suppressions {
    by_file: BTreeMap<FileId, Vec<Scope>>,
}

#[derive(Clone, Debug)]
struct Scope {
    /// The comment itself, from its `#` or from what follows it.
    comment: Span,
    /// What it is about; `None` for a comment that stands above nothing.
    span: Option<Span>,
    names: Names,
    /// The names that silenced a finding.
    used: BTreeSet<String>,
}

/// A comment, with those of its names that silenced nothing.
pub(crate) struct Unused {
    /// The comment, from its `#` or from what follows it.
    pub comment: Span,
    /// All its names, in their order.
    pub names: Vec<String>,
    /// Those that silenced nothing.
    pub idle: Vec<String>,
}

#[derive(Clone, Debug)]
enum Names {
    /// These names: rules, categories or peers' ids.
    These(Vec<String>),
    /// What a check directive at the head of the file skips.
    CheckOfFile(CheckOptions),
    /// What a check comment above an instruction skips.
    CheckAbove(CheckOptions),
    /// Every finding that some rule of dclint's would report.
    AllOfDclint,
}

impl Suppressions {
    /// Reads the comments of all files.
    pub fn new(stack: &Stack) -> Self {
        let mut all = Suppressions::default();
        for unit in &stack.dockerfiles {
            dockerfile(unit, stack, &mut all);
        }
        for (&file, tree) in &stack.yaml {
            let source = stack.sources.get(file);
            for &comment in &tree.comments {
                yaml_comment(source, comment, &mut all);
            }
        }
        for file in &stack.checked {
            if stack.yaml.contains_key(file) || stack.dockerfiles.iter().any(|u| u.file == *file) {
                continue;
            }
            plain_comments(stack.sources.get(*file), &mut all);
        }
        all
    }

    /// Whether a finding is silenced; `aliases` are the peers' ids that count for it.
    pub fn cover(&mut self, finding: &Diagnostic, aliases: &[&'static str]) -> bool {
        let Some(scopes) = self.by_file.get_mut(&finding.primary.file) else { return false };
        let later = finding.related.first().filter(|_| finding.aliases.contains(&REPORTED_EARLY)).map(|l| l.span);
        let mut covered = false;
        for scope in scopes {
            let here = scope.holds(finding.primary) && !(later.is_some() && matches!(scope.names, Names::CheckAbove(_)));
            if (here || later.is_some_and(|l| scope.holds(l))) && scope.names.match_finding(finding, aliases) {
                covered = true;
                scope.note_use(finding, aliases);
            }
        }
        covered
    }

    /// The comments that name rules, with the names that silenced nothing so far and of which `judged` says that they could have.
    pub(crate) fn unused(&self, mut judged: impl FnMut(&str) -> bool) -> Vec<Unused> {
        let mut all = Vec::new();
        for scope in self.by_file.values().flatten() {
            let Names::These(names) = &scope.names else { continue };
            let idle: Vec<String> = names.iter().filter(|n| !scope.used.contains(*n) && judged(n)).cloned().collect();
            if !idle.is_empty() {
                all.push(Unused { comment: scope.comment, names: names.clone(), idle });
            }
        }
        all
    }

    /// The comments that silence findings by name, where they stand.
    pub(crate) fn comments(&self) -> impl Iterator<Item = Span> {
        let named = |scope: &&Scope| matches!(scope.names, Names::These(_) | Names::AllOfDclint);
        self.by_file.values().flatten().filter(named).map(|scope| scope.comment)
    }

    fn add(&mut self, comment: Span, span: Span, names: Names) {
        self.keep(comment, Some(span), names);
    }

    fn keep(&mut self, comment: Span, span: Option<Span>, names: Names) {
        self.by_file.entry(comment.file).or_default().push(Scope { comment, span, names, used: BTreeSet::new() });
    }
}

impl Scope {
    fn holds(&self, place: Span) -> bool {
        self.span.is_some_and(|s| s.file == place.file && s.start <= place.start && place.start <= s.end)
    }

    fn note_use(&mut self, finding: &Diagnostic, aliases: &[&'static str]) {
        if let Names::These(names) = &self.names {
            self.used.extend(names.iter().filter(|n| names_finding(n, finding, aliases)).cloned());
        }
    }
}

/// Whether a name in a comment means a finding.
fn names_finding(name: &str, finding: &Diagnostic, aliases: &[&'static str]) -> bool {
    name == finding.rule || name == finding.category || aliases.iter().any(|a| *a == name || a.strip_prefix("kics:") == Some(name))
}

impl Names {
    fn match_finding(&self, finding: &Diagnostic, aliases: &[&'static str]) -> bool {
        match self {
            Names::These(names) => names.iter().any(|name| names_finding(name, finding, aliases)),
            Names::CheckOfFile(options) => checks_of(aliases).any(|a| a != EXPERIMENTAL && options.skips(a)),
            Names::CheckAbove(options) => checks_of(aliases).any(|a| !WHOLE_FILE_ONLY.contains(&a) && options.skips(a)),
            // what dclint cannot read at all, none of its comments silences
            Names::AllOfDclint => aliases.iter().any(|a| crate::rules::peers::is_dclint(a) && !a.starts_with("invalid-")),
        }
    }
}

/// The checks of BuildKit's that are among these ids.
fn checks_of(aliases: &[&'static str]) -> impl Iterator<Item = &'static str> {
    aliases.iter().copied().filter(|a| crate::rules::peers::is_buildkit(a))
}

/// What a comment asks for.
enum Pragma {
    /// For what stands below, or on the line.
    Here(Names),
    /// For the instruction on the very next line.
    Next(Names),
    /// For the whole file.
    File(Names),
    /// For the rest of the stage, above a FROM.
    Stage(Names),
    /// dclint's: for the whole file, where it stands on the first line that says anything.
    Head(Names),
    /// dclint's: for its own line, or for the very next one where it stands alone.
    Line(Names),
}

impl Pragma {
    fn names(self) -> Names {
        match self {
            Pragma::Here(names)
            | Pragma::Next(names)
            | Pragma::File(names)
            | Pragma::Stage(names)
            | Pragma::Head(names)
            | Pragma::Line(names) => names,
        }
    }
}

impl Suppressions {
    /// What is meant for the very next line is lost when something else stands there.
    fn drop_next(&mut self, pending: &mut Vec<(Span, Pragma)>) {
        for (comment, lost) in pending.extract_if(.., |(_, p)| matches!(p, Pragma::Next(_))) {
            self.keep(comment, None, lost.names());
        }
    }
}

/// Reads the text after `#`.
fn pragma(comment: &str) -> Option<Pragma> {
    let comment = comment.trim();
    if let Some(rest) = comment.strip_prefix("stacklint:") {
        let rest = rest.trim_start();
        let (file, rest) = match rest.strip_prefix("ignore-file[") {
            Some(rest) => (true, rest),
            None => (false, rest.strip_prefix("ignore[")?),
        };
        let (list, _) = rest.split_once(']')?;
        let names = Names::These(list.split(',').map(|n| n.trim().to_owned()).filter(|n| !n.is_empty()).collect());
        return Some(if file { Pragma::File(names) } else { Pragma::Here(names) });
    }
    if let Some(rest) = comment.strip_prefix("hadolint") {
        let rest = rest.strip_prefix([' ', '\t'])?.trim_start();
        let (scope, rest) = ["global", "stage"].iter().find_map(|w| Some((*w, rest.strip_prefix(w)?.trim_start()))).unwrap_or(("", rest));
        let list = rest.strip_prefix("ignore")?.trim_start().strip_prefix('=')?;
        let list = list.split('#').next().unwrap_or_default();
        let names: Vec<String> = list.split(',').map(|n| n.trim().to_owned()).collect();
        // anything but a code makes hadolint overlook the whole comment
        if names.iter().any(|n| n.is_empty() || !n.chars().all(|c| c.is_ascii_digit() || matches!(c, 'D' | 'L' | 'S' | 'C'))) {
            return None;
        }
        let names = Names::These(names);
        return Some(match scope {
            "global" => Pragma::File(names),
            "stage" => Pragma::Stage(names),
            _ => Pragma::Next(names),
        });
    }
    if let Some(rest) = comment.strip_prefix("shellcheck") {
        let list = rest.split_whitespace().find_map(|w| w.strip_prefix("disable="))?;
        return Some(Pragma::Here(Names::These(list.split(',').map(str::to_owned).collect())));
    }
    static DCLINT: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("dclint"));
    DCLINT.find(comment.as_bytes())?;
    // it may follow another comment on its line
    let rest = comment.split('#').find_map(|part| part.trim().strip_prefix("dclint"))?;
    let rest = rest.strip_prefix(char::is_whitespace)?.trim_start();
    let (word, list) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let names: Vec<String> = list.split([',', ' ', '\t']).filter(|n| !n.is_empty()).map(str::to_owned).collect();
    let names = if names.is_empty() || word == "disable-file" { Names::AllOfDclint } else { Names::These(names) };
    match word {
        "disable-file" | "disable" => Some(Pragma::Head(names)),
        "disable-line" => Some(Pragma::Line(names)),
        _ => None,
    }
}

fn dockerfile(unit: &DockerfileUnit, stack: &Stack, all: &mut Suppressions) {
    let source = stack.sources.get(unit.file);
    let hadolint = !stack.options.ignore_hadolint_comments;
    let pragma = |text: &str| if !hadolint && text.trim_start().starts_with("hadolint") { None } else { pragma(text) };
    if let Some(options) = CheckOptions::of_file(unit, stack) {
        all.add(source.span(), source.span(), Names::CheckOfFile(options));
    }
    let mut pending: Vec<(Span, Pragma)> = Vec::new();
    let mut check: Option<CheckOptions> = None;
    for item in &unit.ast.items {
        match &item.kind {
            ItemKind::Blank => all.drop_next(&mut pending),
            ItemKind::Comment(text) => {
                all.drop_next(&mut pending);
                // the builder's block of comments: an empty one ends it, blank lines do not, indented ones are not seen
                if text.value.is_empty() {
                    check = None;
                } else if check.is_none() && source.slice(item.span).starts_with('#') {
                    check = CheckOptions::comment(&text.value);
                }
                match pragma(&text.value) {
                    Some(Pragma::File(names)) => all.add(text.span, source.span(), names),
                    Some(other) => pending.push((text.span, other)),
                    None => {}
                }
            }
            ItemKind::Directive(_) => {}
            ItemKind::Instruction(instruction) => {
                if let Some(options) = check.take() {
                    all.add(instruction.span, instruction.span, Names::CheckAbove(options));
                }
                for (comment, found) in pending.drain(..) {
                    match found {
                        Pragma::Here(names) | Pragma::Next(names) => all.add(comment, instruction.span, names),
                        Pragma::Stage(names) => all.add(comment, stage_span(unit, instruction.span, source), names),
                        // dclint reads no Dockerfiles
                        Pragma::File(_) | Pragma::Head(_) | Pragma::Line(_) => {}
                    }
                }
                if instruction.keyword != Keyword::Unknown {
                    for comment in &instruction.comments {
                        if let Some(Pragma::Here(names)) = pragma(&comment.value) {
                            all.add(comment.span, comment.span.to(instruction.span.at_end()), names);
                        }
                    }
                }
            }
        }
    }
    for (comment, left) in pending {
        all.keep(comment, None, left.names());
    }
}

fn stage_span(unit: &DockerfileUnit, from: Span, source: &SourceFile) -> Span {
    unit.ast.stages.iter().map(|s| s.span).find(|s| s.start >= from.start).unwrap_or_else(|| source.span())
}

fn yaml_comment(source: &SourceFile, comment: Span, all: &mut Suppressions) {
    let text = source.slice(comment);
    let line = source.line_of(comment.start as usize);
    match pragma(text.trim_start_matches('#')) {
        Some(Pragma::File(names)) => all.add(comment, source.span(), names),
        Some(Pragma::Here(names) | Pragma::Next(names) | Pragma::Stage(names)) => {
            let range = source.line_range(line);
            let before = source.text.get(range.start..comment.start as usize).unwrap_or_default();
            let span = if before.trim().is_empty() { block_below(source, line) } else { Span::new(source.id, range.start, range.end) };
            all.add(comment, span, names);
        }
        Some(Pragma::Head(names)) => {
            let says = |n: &usize| !matches!(source.line_text(*n).trim(), "" | "---");
            match (1..=line).find(says) == Some(line) {
                true => all.add(comment, source.span(), names),
                false => all.keep(comment, None, names),
            }
        }
        Some(Pragma::Line(names)) => {
            let alone = source.line_text(line).trim_start().starts_with('#');
            all.add(comment, with_its_list(source, if alone { line + 1 } else { line }), names);
        }
        None => {}
    }
}

/// A line; with the list below it where it is the key of one: dclint reports the key for what is wrong with its items.
fn with_its_list(source: &SourceFile, line: usize) -> Span {
    let line = line.min(source.line_count());
    let range = source.line_range(line);
    let own = Span::new(source.id, range.start, range.end);
    let text = source.line_text(line);
    let key = text.split_once(" #").map_or(text, |(before, _)| before).trim_end().ends_with(':');
    let block = if key { block_below(source, line - 1) } else { own };
    let mut inside = source.slice(block).lines().skip(1).map(str::trim_start).filter(|l| !l.is_empty() && !l.starts_with('#'));
    let listed = inside.next().is_some_and(|first| first.starts_with('-'));
    if listed { block } else { own }
}

/// The lines of the node that starts below a line, by indentation.
fn block_below(source: &SourceFile, line: usize) -> Span {
    let lines = source.line_count();
    let content = |n: usize| {
        let text = source.line_text(n);
        let trimmed = text.trim_start();
        (!trimmed.is_empty() && !trimmed.starts_with('#'))
            .then(|| (text.len() - trimmed.len(), trimmed.starts_with("- ") || trimmed == "-"))
    };
    let Some((first, (indent, item))) = (line + 1..=lines).find_map(|n| Some((n, content(n)?))) else {
        return Span::new(source.id, source.text.len(), source.text.len());
    };
    let mut last = first;
    for n in first + 1..=lines {
        match content(n) {
            Some((i, is_item)) if i > indent || (i == indent && is_item && !item) => last = n,
            Some(_) => break,
            None => {}
        }
    }
    Span::new(source.id, source.line_range(first).start, source.line_range(last).end)
}

fn plain_comments(source: &SourceFile, all: &mut Suppressions) {
    if !source.text.contains("stacklint:") && !source.text.contains("shellcheck") {
        return;
    }
    for line in 1..=source.line_count() {
        let text = source.line_text(line);
        let Some((before, comment)) = text.split_once('#') else { continue };
        let target = if before.trim().is_empty() { line + 1 } else { line };
        let range = source.line_range(target);
        let written = Span::new(source.id, source.line_range(line).start + before.len(), source.line_range(line).end);
        match pragma(comment) {
            Some(Pragma::File(names) | Pragma::Head(names)) => all.add(written, source.span(), names),
            Some(Pragma::Here(names) | Pragma::Next(names) | Pragma::Stage(names) | Pragma::Line(names)) => {
                all.add(written, Span::new(source.id, range.start, range.end), names)
            }
            None => {}
        }
    }
}
