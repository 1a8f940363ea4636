//! Packages that a RUN installs without saying which version.

use super::packages::{Manager, System, Verb, system, verb_word};
use super::word_values::Surroundings;
use crate::source::Span;
use crate::stack::{DockerfileUnit, Lookup, ScriptOrigin, ScriptUnit, Stack};
use crate::syntax::dockerfile::{Op, unquote};
use crate::syntax::shell::command::{has_flag, operands};
use crate::syntax::shell::{Command, Effective, PieceKind, Word};

/// The Dockerfile and item of a script, where it is the script of a RUN, or of a RUN that ONBUILD holds back.
pub(crate) fn run_of<'a>(stack: &'a Stack, script: &ScriptUnit) -> Option<(&'a DockerfileUnit, usize)> {
    let ScriptOrigin::Instruction { dockerfile, item, .. } = script.origin else { return None };
    let (unit, instruction) = stack.instruction(dockerfile, item)?;
    let run = match &instruction.op {
        Op::Run(_) => true,
        Op::Onbuild(inner) => matches!(inner.op, Op::Run(_)),
        _ => false,
    };
    run.then_some((unit, item))
}

/// Whether a name is set by ENV or ARG where an item stands; an ARG counts from anywhere above.
pub(crate) fn is_declared(unit: &DockerfileUnit, item: usize, name: &str) -> bool {
    let in_stage = unit.ast.stage_of(item).is_some_and(|stage| unit.lookup(stage, item, name) != Lookup::Unset);
    in_stage
        || unit.ast.instructions().take_while(|(n, _)| *n < item).any(|(n, instruction)| match &instruction.op {
            Op::Arg(pairs) => pairs.iter().any(|p| p.key.value == name),
            Op::Env(pairs) => unit.ast.stage_of(n).is_none() && pairs.iter().any(|p| unquote(&p.key, unit.ast.escape).value == name),
            _ => false,
        })
}

/// An operand that names packages and no version of theirs.
pub(crate) struct Unpinned {
    /// The first of them.
    pub(crate) name: String,
    /// How many there are: several where the operand is a variable.
    pub(crate) count: usize,
    /// The operand.
    pub(crate) span: Span,
}

/// The operands without a version: as they are written, or, where they start with a variable, as all of its values have it.
fn unpinned(words: &[&Word], around: Surroundings<'_>, by_value: impl Fn(&Word) -> bool, pinned: impl Fn(&str) -> bool) -> Vec<Unpinned> {
    let mut found = Vec::new();
    for word in words {
        if !by_value(word) {
            found.extend((!pinned(&word.lossy())).then(|| Unpinned { name: word.lossy().into_owned(), count: 1, span: word.span }));
            continue;
        }
        let open = |operands: Vec<String>| -> Vec<String> {
            operands.into_iter().filter(|o| !o.is_empty() && !o.starts_with('-') && !pinned(o)).collect()
        };
        let values: Vec<Vec<String>> = around.operands(word).into_iter().map(open).collect();
        let Some(names) = values.first().filter(|_| values.iter().all(|v| !v.is_empty())) else { continue };
        found.extend(names.first().map(|name| Unpinned { name: name.clone(), count: names.len(), span: word.span }));
    }
    found
}

/// The packages of a system's package manager that are given without a version.
pub(crate) fn unpinned_system(call: &System<'_>, around: Surroundings<'_>) -> Vec<Unpinned> {
    if call.verb != Verb::Install {
        return Vec::new();
    }
    let mut packages = call.packages.as_slice();
    match verb_word(call).as_str() {
        "group" | "groupinstall" | "build-dep" => return Vec::new(),
        "module" => match packages.split_first() {
            Some((verb, rest)) if verb.lossy() == "install" => packages = rest,
            _ => return Vec::new(),
        },
        _ => {}
    }
    let (unit, item) = around.place;
    // `httpd-$VERSION`, and the version is set by ENV or ARG
    let versioned = |word: &Word| {
        let known: String = word
            .pieces
            .iter()
            .map(|piece| match &piece.kind {
                PieceKind::Literal(text) | PieceKind::Glob(text) => text.clone(),
                PieceKind::Param(p) if is_declared(unit, item, &p.name) => "0".to_owned(),
                _ => String::new(),
            })
            .collect();
        matches!(call.manager, Manager::Yum | Manager::Dnf) && !is_variable(word) && system_version(call.manager, &known)
    };
    let packages: Vec<&Word> = packages.iter().copied().filter(|w| !versioned(w)).collect();
    unpinned(&packages, around, is_variable, |text| {
        let rpm = matches!(call.manager, Manager::Yum | Manager::Dnf);
        // what the expansions in it stand for is no version, or it would have been known
        let text = if rpm { text.split('$').next().unwrap_or_default() } else { text };
        system_version(call.manager, text)
    })
}

fn is_variable(word: &Word) -> bool {
    !matches!(word.pieces.first().map(|p| &p.kind), Some(PieceKind::Literal(_)))
}

fn system_version(manager: Manager, text: &str) -> bool {
    match manager {
        Manager::Apt => text.contains(['=', '/']) || text.ends_with(".deb") || text.ends_with(['-', '+']) && text.len() < 3,
        Manager::Apk => text.contains(['=', '~', '<', '>', '/']) || text.ends_with(".apk") || text.starts_with(['.', '!']),
        Manager::Zypper => text.contains(['=', '<', '>', '/']) || text.ends_with(".rpm"),
        Manager::Yum | Manager::Dnf => text.contains(['/', '@', '*', '=', ':']) || text.ends_with(".rpm") || has_version_suffix(text),
        Manager::Pacman => true,
    }
}

fn has_version_suffix(text: &str) -> bool {
    text.match_indices('-').any(|(at, _)| text.get(at + 1..).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit())))
}

/// Package managers of languages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    /// pip, pipx.
    Python,
    /// npm.
    Node,
    /// gem.
    Ruby,
    /// go.
    Go,
}

/// The packages of a language's package manager that are given without a version.
pub(crate) fn unpinned_language(command: &Command, around: Surroundings<'_>) -> Option<(Language, Vec<Unpinned>)> {
    let effective = command.effective();
    let (mut words, mut name) = (effective.words, effective.program()?);
    if name.starts_with("python") && words.get(1).is_some_and(|w| w.lossy() == "-m") {
        words = words.get(2..)?;
        name = Effective::plain(words).program()?;
    } else if effective.words.first().is_some_and(is_variable) {
        return None;
    }
    let args = words.get(1..).unwrap_or_default();
    if name == "pipx" || name == "pip" || name.strip_prefix("pip").is_some_and(|v| v.starts_with(|c: char| c.is_ascii_digit())) {
        return Some((Language::Python, unpinned(&python(args), around, has_variable, python_version)));
    }
    match name.as_ref() {
        "npm" => Some((Language::Node, unpinned(&node(args), around, has_variable, node_version))),
        "gem" => Some((Language::Ruby, unpinned(&ruby(args), around, has_variable, ruby_version))),
        "go" => Some((Language::Go, unpinned(&go(args), around, has_variable, go_version))),
        _ => None,
    }
}

fn has_variable(word: &Word) -> bool {
    word.lossy().contains('$')
}

/// The operands after one of these verbs.
fn after<'a>(args: &'a [Word], with_value: &[&str], verbs: &[&str]) -> Vec<&'a Word> {
    let found = operands(args, with_value);
    match found.split_first() {
        Some((verb, rest)) if verbs.contains(&verb.lossy().as_ref()) => rest.to_vec(),
        _ => Vec::new(),
    }
}

const PIP: &[&str] = &[
    "-r",
    "--requirement",
    "-c",
    "--constraint",
    "-i",
    "--index-url",
    "--extra-index-url",
    "-f",
    "--find-links",
    "-t",
    "--target",
    "--prefix",
    "--root",
    "--src",
    "-b",
    "--build",
    "--trusted-host",
    "--proxy",
    "--timeout",
    "--retries",
    "--cert",
    "--client-cert",
    "--cache-dir",
    "--log",
    "--root-user-action",
    "--python",
    "--platform",
    "--python-version",
    "--implementation",
    "--abi",
    "--no-binary",
    "--only-binary",
    "--progress-bar",
    "--upgrade-strategy",
    "--report",
    "--global-option",
    "--install-option",
    "--config-settings",
    "--use-feature",
    "--use-deprecated",
    "--exists-action",
    "--suffix",
    "--pip-args",
];

fn python(args: &[Word]) -> Vec<&Word> {
    let listed = ["--requirement", "--constraint"].iter().any(|o| has_flag(args, "", o))
        || args.iter().any(|w| w.lossy().starts_with("-r") || w.lossy().starts_with("-c"));
    if listed {
        return Vec::new();
    }
    after(args, PIP, &["install"])
}

fn python_version(text: &str) -> bool {
    if let Some(rest) = ["git+", "hg+", "svn+", "bzr+"].iter().find_map(|p| text.strip_prefix(p)) {
        let path = rest.split_once("://").map_or(rest, |(_, rest)| rest).split_once('/').map_or("", |(_, path)| path);
        return path.contains('@');
    }
    let file = [".whl", ".tar.gz", ".zip", ".tar.bz2"].iter().any(|end| text.ends_with(end));
    file || text == "." || text.contains('/') || text.contains(['=', '<', '>', '~', '@']) || text.starts_with('.')
}

fn node(args: &[Word]) -> Vec<&Word> {
    const VALUES: &[&str] =
        &["--loglevel", "--registry", "--prefix", "--cache", "--userconfig", "-C", "--workspace", "-w", "--omit", "--include"];
    after(args, VALUES, &["install", "i", "add"])
}

fn node_version(text: &str) -> bool {
    let repository = text.starts_with("git+") || text.starts_with("git:") || text.starts_with("github:");
    if repository {
        return text.contains('#');
    }
    let local = ["/", "./", "../", "~/", "file:", "http://", "https://"].iter().any(|p| text.starts_with(p)) || text == "." || text == "..";
    let archive = [".tar", ".tar.gz", ".tgz"].iter().any(|end| text.ends_with(end));
    local || archive || text.get(1..).is_some_and(|rest| rest.contains('@'))
}

fn ruby(args: &[Word]) -> Vec<&Word> {
    const VALUES: &[&str] =
        &["-v", "--version", "-i", "--install-dir", "-n", "--bindir", "--platform", "-s", "--source", "-P", "--trust-policy", "--document"];
    let end = args.iter().position(|w| w.lossy() == "--").unwrap_or(args.len());
    let args = args.get(..end).unwrap_or_default();
    if has_flag(args, "-v", "--version") {
        return Vec::new();
    }
    after(args, VALUES, &["install", "i"])
}

fn ruby_version(text: &str) -> bool {
    text.contains([':', '/']) || text.ends_with(".gem") || matches!(text, "true" | "false")
}

fn go(args: &[Word]) -> Vec<&Word> {
    const VALUES: &[&str] = &["-ldflags", "-tags", "-mod", "-o", "-exec", "-p", "-asmflags", "-gcflags", "-C", "-modfile", "-overlay"];
    let mut words = args.iter();
    let folder = args.first().is_some_and(|w| w.lossy() == "-C");
    let Some(verb) = words.nth(if folder { 2 } else { 0 }).map(Word::lossy) else { return Vec::new() };
    if !matches!(verb.as_ref(), "install" | "get" | "run") {
        return Vec::new();
    }
    let mut packages = Vec::new();
    while let Some(word) = words.next() {
        let text = word.lossy();
        if text.starts_with('-') {
            if VALUES.contains(&text.as_ref()) {
                words.next();
            }
            continue;
        }
        packages.push(word);
        if verb == "run" {
            break;
        }
    }
    packages
}

fn go_version(text: &str) -> bool {
    let pinned = text.rsplit_once('@').is_some_and(|(_, v)| !matches!(v, "latest" | "none" | "upgrade" | "patch"));
    pinned || text.starts_with(['.', '/']) || text.ends_with(".go") || text.contains("...")
}

/// Every call of a system's package manager in a script, nested shells included.
pub(crate) fn system_calls(script: &ScriptUnit) -> Vec<(System<'_>, &Command)> {
    script.script.walk().filter_map(|(_, c)| Some((system(c)?, c))).collect()
}
