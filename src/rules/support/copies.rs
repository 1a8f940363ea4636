//! What COPY and ADD bring from the build context, and where it ends up.

use super::steps::Step;
use crate::files::{self, Kind};
use crate::stack::{BuildContext, DockerfileUnit};
use crate::syntax::dockerfile::Op;
use crate::text::Text;

/// A COPY or ADD of files of the context.
pub(crate) struct Copy<'a> {
    /// The instruction.
    pub(crate) step: Step<'a>,
    /// Destination, absolute; where the working folder is unknown it begins with [`UNKNOWN`].
    pub(crate) dest: String,
    /// The destination is a folder, whatever the sources are.
    pub(crate) dest_is_dir: bool,
    /// What it brings.
    pub(crate) sources: Vec<Source<'a>>,
}

/// Stands for a working folder that the base image sets.
pub(crate) const UNKNOWN: &str = "/\u{0}";

/// A source of a COPY.
pub(crate) struct Source<'a> {
    /// As written.
    pub(crate) text: &'a Text,
    /// Path from the context's root, variables expanded.
    pub(crate) path: String,
    /// What it is.
    pub(crate) kind: SourceKind,
}

/// What a source of a COPY is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SourceKind {
    /// A folder: its content is copied.
    Dir,
    /// A file.
    File,
    /// A pattern.
    Glob,
}

/// Reads a COPY or ADD that brings files of the context; those from other stages, of URLs and of heredocs alone are none.
pub(crate) fn copy<'a>(unit: &'a DockerfileUnit, step: Step<'a>, context: Option<&BuildContext>) -> Option<Copy<'a>> {
    let (Op::Copy(op) | Op::Add(op)) = &step.instruction.op else { return None };
    if op.from.is_some() {
        return None;
    }
    let raw = unit.expand_at(step.stage, step.item, &op.dest)?;
    let workdir = unit.workdir_at(step.stage, step.item).unwrap_or_else(|| UNKNOWN.to_owned());
    let dest_is_dir = raw.ends_with('/') || raw.ends_with("/.") || raw == "." || raw == ".." || op.sources.len() > 1;
    let dest = files::join(&workdir, &raw);
    let mut sources = Vec::new();
    for text in &op.sources {
        let Some(path) = unit.expand_at(step.stage, step.item, text) else { continue };
        if path.contains("://") || path.starts_with("git@") {
            continue;
        }
        let path = files::in_context(&path);
        let kind = kind(text, &path, context);
        sources.push(Source { text, path, kind });
    }
    (!sources.is_empty()).then_some(Copy { step, dest, dest_is_dir, sources })
}

fn kind(text: &Text, path: &str, context: Option<&BuildContext>) -> SourceKind {
    if path == "." || text.ends_with('/') {
        return SourceKind::Dir;
    }
    if path.contains(['*', '?', '[']) {
        return SourceKind::Glob;
    }
    match context.and_then(|c| c.entry(path)) {
        Some(entry) if entry.kind == Kind::Dir => return SourceKind::Dir,
        Some(_) => return SourceKind::File,
        None => {}
    }
    let name = files::file_name(path);
    let plain = !name.trim_start_matches('.').contains('.') && !name.starts_with('.');
    let known_file =
        name.chars().next().is_some_and(|c| c.is_ascii_uppercase()) || ["mvnw", "gradlew", "go.mod", "yarn.lock"].contains(&name);
    if plain && !known_file { SourceKind::Dir } else { SourceKind::File }
}

impl Copy<'_> {
    /// The path in the context that this copy puts at `path` of the image, as far as the words say. A folder may lack the file.
    pub(crate) fn origin(&self, path: &str, context: Option<&BuildContext>) -> Option<String> {
        self.brought_by(path, context).map(|(_, origin)| origin)
    }

    /// The same with the source that brings it: one that names the file itself, where there is one.
    pub(crate) fn brought_by(&self, path: &str, context: Option<&BuildContext>) -> Option<(&Source<'_>, String)> {
        let by = |source| Some((source, self.origin_in(source, path, context)?));
        let named = self.sources.iter().rev().filter(|s| s.kind == SourceKind::File).find_map(by);
        named.or_else(|| self.sources.iter().rev().find_map(by))
    }

    fn origin_in(&self, source: &Source<'_>, path: &str, context: Option<&BuildContext>) -> Option<String> {
        let rest = files::strip_prefix(&self.dest, path)?;
        let sent = |origin: String| context.is_none_or(|c| c.has(&origin)).then_some(origin);
        match source.kind {
            SourceKind::Dir if rest == "." => None,
            SourceKind::Dir => sent(files::join(&source.path, rest)),
            SourceKind::File if rest == "." => (!self.dest_is_dir).then(|| source.path.clone()),
            SourceKind::File => (files::file_name(&source.path) == rest).then(|| source.path.clone()),
            SourceKind::Glob => {
                let dir = files::parent(&source.path);
                let first = rest.split('/').next().unwrap_or(rest);
                (glob(files::file_name(&source.path), first)).then(|| files::join(dir, rest)).and_then(|o| {
                    // a pattern proves nothing without the files that it matches
                    context.is_some_and(|c| c.has(&o)).then_some(o)
                })
            }
        }
    }
}

/// Whether a name matches a pattern of `*`, `?` and `[…]`.
pub(crate) fn glob(pattern: &str, name: &str) -> bool {
    let (p, n): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    let (mut at, mut star, mut pi) = (0, None, 0);
    while at < n.len() {
        let step = p.get(pi).and_then(|c| one(*c, p.get(pi..).unwrap_or_default(), n.get(at).copied().unwrap_or_default()));
        match (p.get(pi), step) {
            (Some('*'), _) => {
                star = Some((pi, at));
                pi += 1;
            }
            (_, Some(len)) => {
                pi += len;
                at += 1;
            }
            _ => match &mut star {
                Some((back, from)) => {
                    *from += 1;
                    (pi, at) = (*back + 1, *from);
                }
                None => return false,
            },
        }
    }
    p.get(pi..).unwrap_or_default().iter().all(|c| *c == '*')
}

/// How many characters of the pattern match this one character.
fn one(first: char, pattern: &[char], c: char) -> Option<usize> {
    match first {
        '*' => None,
        '?' => Some(1),
        '[' => {
            let end = pattern.iter().position(|c| *c == ']')?;
            let set = pattern.get(1..end)?;
            let (negated, set) = match set {
                ['^', rest @ ..] => (true, rest),
                _ => (false, set),
            };
            let mut found = false;
            let mut i = 0;
            while let Some(low) = set.get(i) {
                match (set.get(i + 1), set.get(i + 2)) {
                    (Some('-'), Some(high)) => {
                        found |= (*low..=*high).contains(&c);
                        i += 3;
                    }
                    _ => {
                        found |= *low == c;
                        i += 1;
                    }
                }
            }
            (found != negated).then_some(end + 1)
        }
        '\\' => (pattern.get(1) == Some(&c)).then_some(2),
        other => (other == c).then_some(1),
    }
}

#[cfg(test)]
mod tests {
    use super::glob;

    #[test]
    fn patterns_match_as_the_builder_matches_them() {
        for (pattern, name, hit) in [
            ("package*.json", "package-lock.json", true),
            ("package*.json", "packages.yaml", false),
            (".en[v]", ".env", true),
            ("[^a]b", "ab", false),
            ("?.t[a-f]t", "x.tet", true),
            ("*", "", true),
            ("a**b*", "axxbyy", true),
            ("[", "[", false),
        ] {
            assert_eq!(glob(pattern, name), hit, "{pattern} {name}");
        }
    }
}
