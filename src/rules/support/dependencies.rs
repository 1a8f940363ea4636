//! Package managers of languages: which command installs a project's dependencies, what it reads for that, which lockfile
//! goes with it.

use crate::source::Span;
use crate::syntax::shell::command::operands;
use crate::syntax::shell::{Command, Effective, Programs, Word};

/// Package managers of languages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "the names are the tools")]
pub(crate) enum Tool {
    Pip,
    Poetry,
    Uv,
    Pipenv,
    Pdm,
    Conda,
    Npm,
    Yarn,
    Pnpm,
    Bun,
    Bundler,
    Gem,
    Composer,
    Go,
    Cargo,
    Maven,
    Gradle,
    Nuget,
    Mix,
    Sbt,
}

/// What an install needs to be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Needs {
    /// Its manifests, by their paths from the folder that it runs in.
    Manifests(Vec<String>),
    /// The project itself: it installs or builds that too.
    Project,
    /// Nothing of the context: the packages are named on the command line.
    Nothing,
}

/// An install of dependencies.
pub(crate) struct Install<'a> {
    /// The tool.
    pub(crate) tool: Tool,
    /// What it needs.
    pub(crate) needs: Needs,
    /// The folder that the tool is told to work in (`--prefix`, `-C`), as written.
    pub(crate) dir: Option<String>,
    /// What is named on the command line.
    pub(crate) named: Vec<&'a Word>,
    /// All words after the program.
    pub(crate) args: &'a [Word],
    /// From the program to the word that makes it an install: `npm install`.
    pub(crate) head: Span,
    /// Program and verb as they read.
    pub(crate) title: String,
}

impl Tool {
    /// The lockfiles that the tool writes, the usual one first.
    pub(crate) fn lockfiles(self) -> &'static [&'static str] {
        match self {
            Tool::Poetry => &["poetry.lock"],
            Tool::Uv => &["uv.lock"],
            Tool::Pipenv => &["Pipfile.lock"],
            Tool::Pdm => &["pdm.lock"],
            Tool::Npm => &["package-lock.json", "npm-shrinkwrap.json"],
            Tool::Yarn => &["yarn.lock"],
            Tool::Pnpm => &["pnpm-lock.yaml"],
            Tool::Bun => &["bun.lock", "bun.lockb"],
            Tool::Bundler => &["Gemfile.lock"],
            Tool::Composer => &["composer.lock"],
            Tool::Cargo => &["Cargo.lock"],
            Tool::Mix => &["mix.lock"],
            Tool::Go => &["go.sum"],
            _ => &[],
        }
    }

    /// Whether it installs into `node_modules`.
    pub(crate) fn is_node(self) -> bool {
        matches!(self, Tool::Npm | Tool::Yarn | Tool::Pnpm | Tool::Bun)
    }
}

const NODE: &[&str] = &[
    "--prefix",
    "-C",
    "--registry",
    "--loglevel",
    "--cache",
    "--omit",
    "--include",
    "--only",
    "-w",
    "--workspace",
    "--filter",
    "-F",
    "--cwd",
    "--network-timeout",
    "--mutex",
    "--cache-folder",
    "--modules-folder",
    "--store-dir",
    "--network-concurrency",
    "--dir",
    "--userconfig",
    "--fetch-timeout",
    "--fetch-retries",
    "--fetch-retry-mintimeout",
    "--fetch-retry-maxtimeout",
    "--maxsockets",
    "--linker",
    "--backend",
    "--child-concurrency",
    "--reporter",
    "--global-folder",
    "--python",
    "--arch",
    "--platform",
];
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
    "-e",
    "--editable",
    "--prefix",
    "--root",
    "--src",
    "--timeout",
    "--default-timeout",
    "--retries",
    "--trusted-host",
    "--cache-dir",
    "--platform",
    "--python-version",
    "--implementation",
    "--abi",
    "--no-binary",
    "--only-binary",
    "--upgrade-strategy",
    "--proxy",
    "--log",
    "--python",
    "-p",
    "--group",
    "--extra",
    "--progress-bar",
    "--root-user-action",
    "--cert",
    "--global-option",
    "--config-settings",
    "--index-strategy",
    "--index",
    "--torch-backend",
    "--link-mode",
];
const PYTHON: &[&str] = &[
    "-C",
    "--directory",
    "-P",
    "--project",
    "--with",
    "--without",
    "--only",
    "-E",
    "--extras",
    "--extra",
    "--group",
    "--no-group",
    "--python",
    "-p",
    "--package",
    "--no-install-package",
    "--link-mode",
    "--index-url",
    "--categories",
    "-G",
    "--only-group",
    "--pypi-mirror",
];
const RUBY: &[&str] = &[
    "--jobs",
    "-j",
    "--retry",
    "--without",
    "--with",
    "--path",
    "--gemfile",
    "-v",
    "--version",
    "--source",
    "-i",
    "--install-dir",
    "-n",
    "--bindir",
    "--shebang",
    "-P",
];
const OTHER: &[&str] = &[
    "-f",
    "--file",
    "-n",
    "--name",
    "-p",
    "--prefix",
    "-c",
    "--channel",
    "-d",
    "--working-dir",
    "-D",
    "-s",
    "--settings",
    "--manifest-path",
    "--target",
    "--features",
    "-pl",
    "-P",
    "-r",
    "--runtime",
    "--source",
    "--configfile",
    "-b",
    "--build-file",
    "-g",
    "--gradle-user-home",
    "--path",
    "--root",
    "--git",
    "--branch",
    "--tag",
    "--rev",
    "--version",
    "--bin",
    "--ignore-platform-req",
    "-v",
    "--verbosity",
];

/// The programs that [`install`] reads.
pub(crate) const INSTALLERS: Programs = Programs::of(&[
    "npm",
    "yarn",
    "yarnpkg",
    "pnpm",
    "bun",
    "uv",
    "poetry",
    "pipenv",
    "pdm",
    "bundle",
    "bundler",
    "composer",
    "gem",
    "go",
    "cargo",
    "mvn",
    "mvnw",
    "gradle",
    "gradlew",
    "dotnet",
    "nuget",
    "mix",
    "sbt",
    "conda",
    "mamba",
    "micromamba",
    "pip",
    "python",
    "php",
    "corepack",
]);

/// Reads a command that installs dependencies.
pub(crate) fn install(command: &Command) -> Option<Install<'_>> {
    if !command.may_start(INSTALLERS) {
        return None;
    }
    let effective = command.effective();
    let name = effective.program()?;
    let (call, name) = if name == "corepack" {
        let call = Effective::plain(effective.args());
        (call, call.program()?)
    } else {
        (effective, name)
    };
    match name.as_ref() {
        "npm" => node(&call, Tool::Npm, &["install", "i", "ci", "clean-install", "add", "install-clean"]),
        "yarn" | "yarnpkg" => node(&call, Tool::Yarn, &["install", ""]),
        "pnpm" => node(&call, Tool::Pnpm, &["install", "i", "fetch", "add"]),
        "bun" => node(&call, Tool::Bun, &["install", "i", "add"]),
        "uv" => uv(&call),
        "poetry" => python(&call, Tool::Poetry, &["install", "sync"], &["pyproject.toml", "poetry.lock"]),
        "pipenv" => python(&call, Tool::Pipenv, &["install", "sync"], &["Pipfile", "Pipfile.lock"]),
        "pdm" => python(&call, Tool::Pdm, &["install", "sync"], &["pyproject.toml", "pdm.lock"]),
        "bundle" | "bundler" => plain(&call, Tool::Bundler, &["install"], RUBY, &["Gemfile", "Gemfile.lock"]),
        "composer" | "composer.phar" => {
            plain(&call, Tool::Composer, &["install", "update", "i"], OTHER, &["composer.json", "composer.lock"])
        }
        "gem" => gem(&call),
        "go" => go(&call),
        "cargo" => plain(&call, Tool::Cargo, &["fetch", "vendor"], OTHER, &["Cargo.toml", "Cargo.lock"]),
        "mvn" | "mvnw" => maven(&call),
        "gradle" | "gradlew" => {
            plain(&call, Tool::Gradle, &["dependencies", "resolveDependencies", "downloadDependencies"], OTHER, &["build.gradle"])
        }
        "dotnet" => dotnet(&call),
        "nuget" => plain(&call, Tool::Nuget, &["restore"], OTHER, &[]),
        "mix" => plain(&call, Tool::Mix, &["deps.get"], OTHER, &["mix.exs", "mix.lock"]),
        "sbt" => plain(&call, Tool::Sbt, &["update"], OTHER, &["build.sbt"]),
        "conda" | "mamba" | "micromamba" => conda(&call),
        _ if name.starts_with("pip") || name.starts_with("python") => pip(&call, &name),
        "php" => {
            let composer = |w: &Word| Effective::plain(std::slice::from_ref(w)).program().is_some_and(|p| p.starts_with("composer"));
            let call = Effective::plain(call.words.get(call.words.iter().position(composer)?..)?);
            plain(&call, Tool::Composer, &["install", "update", "i"], OTHER, &["composer.json", "composer.lock"])
        }
        _ => None,
    }
}

/// The verb of a call, which must be one of these; `""` stands for none. With the operands after it.
fn verb<'a>(call: &Effective<'a>, verbs: &[&str], with_value: &[&str]) -> Option<(Option<&'a Word>, Vec<&'a Word>)> {
    let operands: Vec<&'a Word> = operands(call.args(), with_value);
    let Some(first) = operands.first().copied() else { return verbs.contains(&"").then(|| (None, Vec::new())) };
    verbs.contains(&first.lossy().as_ref()).then(|| (Some(first), operands.into_iter().skip(1).collect()))
}

fn made<'a>(call: &Effective<'a>, tool: Tool, verb: Option<&'a Word>, named: Vec<&'a Word>, needs: Needs) -> Install<'a> {
    let first = call.words.first();
    let head = first.map(|w| verb.map_or(w.span, |v| w.span.to(v.span)));
    let name = call.program().unwrap_or_default();
    let title = verb.map_or_else(|| name.clone().into_owned(), |v| format!("{name} {}", v.lossy()));
    let head = head.unwrap_or_else(|| Span::new(crate::source::FileId(0), 0, 0));
    Install { tool, needs, dir: None, named, args: call.args(), head, title }
}

fn manifests(names: &[&str]) -> Needs {
    Needs::Manifests(names.iter().map(|n| (*n).to_owned()).collect())
}

fn plain<'a>(call: &Effective<'a>, tool: Tool, verbs: &[&str], with_value: &[&str], files: &[&str]) -> Option<Install<'a>> {
    let (word, named) = verb(call, verbs, with_value)?;
    let mut made = made(call, tool, word, named, manifests(files));
    made.dir = match tool {
        Tool::Composer => call.option("--working-dir", "-d").map(|(v, _)| v),
        Tool::Bundler => call.option("--gemfile", "").map(|(v, _)| crate::files::parent(&v).to_owned()).filter(|d| !d.is_empty()),
        Tool::Gradle => call.option("--project-dir", "-p").map(|(v, _)| v),
        Tool::Cargo => call.option("--manifest-path", "").map(|(v, _)| crate::files::parent(&v).to_owned()).filter(|d| !d.is_empty()),
        _ => None,
    };
    Some(made)
}

fn node<'a>(call: &Effective<'a>, tool: Tool, verbs: &[&str]) -> Option<Install<'a>> {
    // `yarn --cwd x` and the like have no verb; `yarn run build`, `yarn build` have another one
    let (word, named) = verb(call, verbs, NODE)?;
    if call.has_flag("", "--version") || call.has_flag("-v", "") || call.has_flag("", "--help") {
        return None;
    }
    let global = call.has_flag("-g", "--global") || call.option("--location", "").is_some_and(|(v, _)| v == "global");
    let needs = if global || !named.is_empty() {
        match named.iter().all(|w| is_local(&w.lossy())) {
            true => Needs::Project,
            false => Needs::Nothing,
        }
    } else if word.is_some_and(|w| w.lossy() == "fetch") {
        manifests(&["pnpm-lock.yaml"])
    } else {
        let mut files = vec!["package.json"];
        files.extend(tool.lockfiles());
        manifests(&files)
    };
    let mut made = made(call, tool, word, named, needs);
    made.dir = ["--prefix", "--cwd", "--dir"].iter().find_map(|o| call.option(o, "")).or_else(|| call.option("", "-C")).map(|(v, _)| v);
    Some(made)
}

fn is_local(text: &str) -> bool {
    text.starts_with(['.', '/'])
        || text.starts_with("file:")
        || text.ends_with(".tgz")
        || text.ends_with(".whl")
        || text.ends_with(".tar.gz")
}

fn python<'a>(call: &Effective<'a>, tool: Tool, verbs: &[&str], files: &[&str]) -> Option<Install<'a>> {
    let (word, named) = verb(call, verbs, PYTHON)?;
    let needs = if named.is_empty() { manifests(files) } else { Needs::Nothing };
    let mut made = made(call, tool, word, named, needs);
    made.dir = call.option("--directory", "-C").or_else(|| call.option("--project", "-P")).map(|(v, _)| v);
    Some(made)
}

fn uv<'a>(call: &Effective<'a>) -> Option<Install<'a>> {
    let (word, rest) = verb(call, &["sync", "pip"], PIP)?;
    if word.is_some_and(|w| w.lossy() == "sync") {
        return Some(made(call, Tool::Uv, word, rest, manifests(&["pyproject.toml", "uv.lock"])));
    }
    let inner = rest.first().copied().filter(|w| ["install", "sync"].contains(&w.lossy().as_ref()))?;
    let sync = inner.lossy() == "sync";
    let mut found = pip_install(call, inner, rest.into_iter().skip(1).collect());
    if sync {
        found.needs = Needs::Manifests(found.named.iter().map(|w| w.lossy().into_owned()).collect());
    }
    "uv pip ".clone_into(&mut found.title);
    found.title.push_str(&inner.lossy());
    found.tool = Tool::Uv;
    Some(found)
}

fn pip<'a>(call: &Effective<'a>, name: &str) -> Option<Install<'a>> {
    let mut words = call.words;
    if name.starts_with("python") {
        let module = words.windows(2).position(|w| matches!(w, [m, p] if m.lossy() == "-m" && p.lossy() == "pip"))?;
        words = words.get(module + 1..)?;
    } else if !name.trim_start_matches("pip").chars().all(|c| c.is_ascii_digit() || c == '.') {
        return None;
    }
    let call = Effective::plain(words);
    let (word, named) = verb(&call, &["install", "wheel", "download"], PIP)?;
    Some(pip_install(&call, word?, named))
}

fn pip_install<'a>(call: &Effective<'a>, word: &'a Word, named: Vec<&'a Word>) -> Install<'a> {
    let files: Vec<String> = call.options("--requirement", "-r").into_iter().map(|(v, _)| v).collect();
    let editable = call.options("--editable", "-e").iter().any(|(v, _)| !v.contains("://"));
    let local = named.iter().any(|w| is_path(&w.lossy()));
    let needs = match (editable || local, files.is_empty()) {
        (true, _) => Needs::Project,
        (false, false) => Needs::Manifests(files.into_iter().filter(|f| !f.contains("://")).collect()),
        (false, true) => Needs::Nothing,
    };
    made(call, Tool::Pip, Some(word), named, needs)
}

fn is_path(text: &str) -> bool {
    is_local(text) || (text.contains('/') && !text.contains("://") && !text.contains('@')) || text.starts_with(".[")
}

fn gem<'a>(call: &Effective<'a>) -> Option<Install<'a>> {
    let (word, named) = verb(call, &["install", "i"], RUBY)?;
    let local = named.iter().any(|w| w.lossy().ends_with(".gem"));
    Some(made(call, Tool::Gem, word, named, if local { Needs::Project } else { Needs::Nothing }))
}

fn go<'a>(call: &Effective<'a>) -> Option<Install<'a>> {
    let (word, rest) = verb(call, &["mod", "install", "get"], OTHER)?;
    match word?.lossy().as_ref() {
        "mod" if rest.first().is_some_and(|w| w.lossy() == "download") => {
            let mut made = made(call, Tool::Go, rest.first().copied(), Vec::new(), manifests(&["go.mod", "go.sum"]));
            "go mod download".clone_into(&mut made.title);
            Some(made)
        }
        "install" | "get" if !rest.is_empty() && rest.iter().all(|w| w.lossy().contains('@')) => {
            Some(made(call, Tool::Go, word, rest, Needs::Nothing))
        }
        _ => None,
    }
}

fn maven<'a>(call: &Effective<'a>) -> Option<Install<'a>> {
    let goals = operands(call.args(), OTHER);
    let only_fetches = |w: &&Word| {
        let goal = w.lossy();
        [
            "dependency:go-offline",
            "dependency:resolve",
            "dependency:resolve-plugins",
            "de.qaware.maven:go-offline-maven-plugin:resolve-dependencies",
        ]
        .contains(&goal.as_ref())
    };
    let word = goals.iter().copied().find(only_fetches)?;
    let mut made = made(call, Tool::Maven, Some(word), Vec::new(), manifests(&["pom.xml"]));
    made.dir = call.option("--file", "-f").map(|(v, _)| crate::files::parent(&v).to_owned()).filter(|d| !d.is_empty());
    Some(made)
}

fn dotnet<'a>(call: &Effective<'a>) -> Option<Install<'a>> {
    let (word, named) = verb(call, &["restore"], OTHER)?;
    let files = named.iter().map(|w| w.lossy().trim_matches('"').replace('\\', "/")).collect();
    Some(made(call, Tool::Nuget, word, named, Needs::Manifests(files)))
}

fn conda<'a>(call: &Effective<'a>) -> Option<Install<'a>> {
    let (word, rest) = verb(call, &["env", "install", "create", "update"], OTHER)?;
    let files: Vec<String> = call.options("--file", "-f").into_iter().map(|(v, _)| v).collect();
    let env = word?.lossy() == "env";
    let needs = match (env, files.is_empty()) {
        (true, true) => manifests(&["environment.yml"]),
        (_, false) => Needs::Manifests(files),
        (false, true) if rest.is_empty() => return None,
        (false, true) => Needs::Nothing,
    };
    Some(made(call, Tool::Conda, word, rest, needs))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Sources;
    use crate::syntax::shell::{Dialect, parse};

    fn read(text: &str) -> Option<(Tool, Needs)> {
        let mut sources = Sources::new();
        let file = sources.add("s", text.to_owned());
        let script = parse(text, Span::new(file, 0, text.len()), Dialect::Posix);
        script.commands.first().and_then(install).map(|i| (i.tool, i.needs))
    }

    #[test]
    fn commands_are_read_for_what_they_install() {
        let files = |names: &[&str]| Needs::Manifests(names.iter().map(|n| (*n).to_owned()).collect());
        for (text, tool, needs) in [
            ("pip3 install -U --no-cache-dir -r requirements/prod.txt", Tool::Pip, files(&["requirements/prod.txt"])),
            ("python3 -m pip install .", Tool::Pip, Needs::Project),
            ("$VENV/bin/pip install flask", Tool::Pip, Needs::Nothing),
            ("uv pip install -r r.txt", Tool::Uv, files(&["r.txt"])),
            ("npm ci --omit=dev", Tool::Npm, files(&["package.json", "package-lock.json", "npm-shrinkwrap.json"])),
            ("npm install -g serve", Tool::Npm, Needs::Nothing),
            ("yarn --frozen-lockfile", Tool::Yarn, files(&["package.json", "yarn.lock"])),
            ("corepack pnpm i", Tool::Pnpm, files(&["package.json", "pnpm-lock.yaml"])),
            ("go mod download -x", Tool::Go, files(&["go.mod", "go.sum"])),
            ("./mvnw -B dependency:go-offline", Tool::Maven, files(&["pom.xml"])),
            ("php composer.phar install --no-dev", Tool::Composer, files(&["composer.json", "composer.lock"])),
        ] {
            assert_eq!(read(text), Some((tool, needs)), "{text}");
        }
        for text in ["npm run build", "yarn build", "pip --version", "go build ./...", "pipx install x", "mvn package", "uv venv"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
