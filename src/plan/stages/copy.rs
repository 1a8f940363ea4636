//! COPY and ADD.

use super::state::{Environment, State};
use super::{Content, Place, Recipe, Root, Selection, StepKind, Topic, Walk, Work, owner};
use crate::files;
use crate::syntax::dockerfile::CopyOp;
use crate::syntax::dockerfile::expand::expand_heredoc;

/// Where a source lies.
enum Kind {
    /// In the context, or in what `--from` names.
    Tree,
    Url,
    Repository,
}

impl Walk<'_> {
    pub(super) fn copy_step(&mut self, place: Place<'_>, copy: &CopyOp, kind: StepKind, state: &mut State, work: &mut Work) {
        let mode = self.flag_word(place, "chmod", &state.env);
        let link = place.flag("link") && mode.is_empty();
        let mut needs = if link { Vec::new() } else { state.heads.clone() };
        let mut facts = vec![place.fact(Topic::Kind, "", "copy")];
        let exclude: Vec<String> = place
            .instruction
            .flags
            .iter()
            .filter(|flag| flag.name.value == "exclude")
            .filter_map(|flag| flag.value.as_ref())
            .map(|pattern| pattern.value.clone())
            .collect();
        let dest = destination(&state.workdir.value, &self.word(&copy.dest, &state.env));
        facts.push(place.fact(Topic::Destination, "", dest));
        facts.push(place.fact(Topic::Owner, "", owner(&self.flag_word(place, "chown", &state.env))));
        facts.push(place.fact(Topic::Mode, "", octal(&mode)));
        facts.extend(exclude.iter().map(|pattern| place.fact(Topic::Exclude, "", pattern)));
        let unpack = match place.instruction.flag("unpack") {
            Some(_) => place.flag("unpack"),
            None => kind == StepKind::Add,
        };
        let mut paths = Vec::new();
        let mut inputs = Vec::new();
        for source in &copy.sources {
            let source = self.word(source, &state.env);
            match source_kind(&source, kind) {
                Kind::Tree => {
                    let (selection, name) = selection(&source, place.flag("parents"), &exclude);
                    facts.push(place.fact(Topic::Source, "", format!("{name}\0{unpack}")));
                    if place.flag("parents") {
                        facts.push(place.fact(Topic::Parents, "", selection.include.join("\0")));
                    }
                    paths.push(selection);
                }
                Kind::Url => {
                    let checksum = self.flag_word(place, "checksum", &state.env);
                    facts.push(place.fact(Topic::Source, "", format!("url\0{}\0{}", base_name(&source), place.flag("unpack"))));
                    let name = if checksum.is_empty() { source } else { checksum };
                    inputs.push(Content::Outside { name, platform: String::new(), paths: Vec::new() });
                }
                Kind::Repository => {
                    let kept = place.flag("keep-git-dir");
                    facts.push(place.fact(Topic::Source, "", format!("git\0{kept}")));
                    let name = format!("{source} {}", self.flag_word(place, "checksum", &state.env));
                    inputs.push(Content::Outside { name: name.trim_end().to_owned(), platform: String::new(), paths: Vec::new() });
                }
            }
        }
        for heredoc in &place.instruction.heredocs {
            // Of two with one name, the last one's text is written for both.
            let last = place.instruction.heredocs.iter().rfind(|other| other.name == heredoc.name).unwrap_or(heredoc);
            let content = match heredoc.expand {
                true => expand_heredoc(&last.content, &|name| state.env.get(name)).unwrap_or_else(|_| last.content.clone()),
                false => last.content.clone(),
            };
            facts.push(place.fact(Topic::Heredoc, heredoc.name.clone(), content));
        }
        if !paths.is_empty() {
            paths.sort();
            paths.dedup();
            match &copy.from {
                Some(from) => inputs.extend(self.other(self.from(from, place.stage), paths, &mut needs, work)),
                None => inputs.push(self.own_context(paths)),
            }
        }
        let root = if link { Root::default() } else { state.root.clone() };
        let recipe = Recipe { root, facts, inputs, no_cache: self.no_cache(place.stage) };
        if !link {
            self.step_on(place, kind, recipe, needs, state, work);
            return;
        }
        let step = self.step(place, kind, recipe, needs, work);
        if state.root == Root::default() {
            state.root.base = super::Base::Step(step);
            state.heads = vec![step];
        } else {
            state.root.linked.push(step);
            state.heads.push(step);
        }
    }

    /// The value of a flag with its variables replaced; empty without the flag.
    pub(super) fn flag_word(&self, place: Place<'_>, name: &str, env: &Environment) -> String {
        let value = place.instruction.flag(name).and_then(|flag| flag.value.as_ref());
        value.map_or_else(String::new, |value| self.word(&value.value, env))
    }
}

fn source_kind(source: &str, kind: StepKind) -> Kind {
    let web = source.starts_with("http://") || source.starts_with("https://");
    let repository = source.split(['#', '?']).next().is_some_and(|path| path.ends_with(".git"));
    match kind {
        StepKind::Add if web && !repository => Kind::Url,
        StepKind::Add if web || ["git@", "git://", "ssh://"].iter().any(|start| source.starts_with(start)) => Kind::Repository,
        _ => Kind::Tree,
    }
}

/// The files that a source means, and the part of its text that counts.
fn selection(source: &str, parents: bool, exclude: &[String]) -> (Selection, String) {
    let (from, include) = match parents {
        false => (source, Vec::new()),
        true => {
            let (from, pattern) = source.split_once("/./").unwrap_or(("/", source));
            let pattern = if pattern.starts_with('/') { pattern.to_owned() } else { files::join("/", pattern) };
            (from, vec![pattern.trim_start_matches('/').to_owned()])
        }
    };
    let path = files::normalize(&format!("/{from}"));
    let name = match files::file_name(&path) {
        "" => "/".to_owned(),
        name => name.to_owned(),
    };
    let wildcard = has_wildcard(&path);
    (Selection { path: path.trim_start_matches('/').to_owned(), wildcard, include, exclude: exclude.to_vec() }, name)
}

/// Whether a path is a pattern for the builder.
fn has_wildcard(path: &str) -> bool {
    let mut chars = path.chars();
    while let Some(c) = chars.next() {
        match c {
            '*' | '?' | '[' => return true,
            '\\' => drop(chars.next()),
            _ => {}
        }
    }
    false
}

/// The destination with the working folder before it; a `/` or `/.` at its end counts.
fn destination(workdir: &str, dest: &str) -> String {
    let written = if dest.is_empty() || dest == "." { "./" } else { dest };
    let path = files::join(&format!("/{workdir}"), written);
    match written {
        _ if written.ends_with('/') && !path.ends_with('/') => format!("{path}/"),
        _ if written.ends_with("/.") && path == "/" => "/.".to_owned(),
        _ if written.ends_with("/.") => format!("{path}/."),
        _ => path,
    }
}

/// A mode as a number, where it is one.
fn octal(mode: &str) -> String {
    u32::from_str_radix(mode, 8).map_or_else(|_| mode.to_owned(), |bits| format!("{bits:o}"))
}

fn base_name(url: &str) -> String {
    let path = url.split(['?', '#']).next().unwrap_or(url);
    let path = path.split_once("://").map_or(path, |(_, rest)| rest);
    match path.split_once('/').map(|(_, path)| files::file_name(path.trim_end_matches('/'))) {
        Some(name) if !name.is_empty() => name.to_owned(),
        _ => "__unnamed__".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn destinations_are_cleaned_but_for_their_end() {
        for (workdir, dest, full) in [
            ("/", ".", "/"),
            ("/app", ".", "/app/"),
            ("/app", "./", "/app/"),
            ("/app", "x", "/app/x"),
            ("/app", "x/.", "/app/x/."),
            ("/app", "../x/", "/x/"),
            ("/app/", "/a//b/./c", "/a/b/c"),
            ("/app", "/a/.", "/a/."),
            ("/app", "/.", "/."),
        ] {
            assert_eq!(destination(workdir, dest), full, "{workdir} {dest}");
        }
    }

    #[test]
    fn of_a_source_its_last_name_and_its_pattern_count() {
        let of = |source: &str, parents: bool| {
            let (selection, name) = selection(source, parents, &[]);
            (name, selection.path, selection.wildcard, selection.include.join(" "))
        };
        let is = |name: &str, path: &str, wildcard, include: &str| (name.to_owned(), path.to_owned(), wildcard, include.to_owned());
        assert_eq!(of("./a/b/", false), is("b", "a/b", false, ""));
        assert_eq!(of("/.", false), is("/", "", false, ""));
        assert_eq!(of("a/*.txt", false), is("*.txt", "a/*.txt", true, ""));
        assert_eq!(of("src/./x/*.c", true), is("src", "src", false, "x/*.c"));
        assert_eq!(of("x/y", true), is("/", "", false, "x/y"));
    }
}
