//! What a stage is there for: to ship and serve, to develop in, to build other things.

use std::rc::Rc;

use crate::rule::Cx;
use crate::stack::{DockerfileUnit, Stack};
use crate::syntax::dockerfile::{Form, Op};
use crate::word_set::WordSet;

/// Words in names that say that an image is for developing, testing or building.
const WORKSHOP: WordSet<64> = WordSet::of(&[
    "dev",
    "devel",
    "develop",
    "development",
    "devcontainer",
    "test",
    "tests",
    "testing",
    "ci",
    "builder",
    "build",
    "debug",
    "lint",
    "toolchain",
    "buildenv",
    "sdk",
    "e2e",
    "cypress",
    "playwright",
    "workspace",
    "local",
]);

fn says_workshop(name: &str) -> bool {
    name.to_lowercase().split(['.', '-', '_', '/']).any(|w| WORKSHOP.contains(w))
}

/// Whether the names around a stage say that it is for developers or build machines.
pub(crate) fn is_workshop(unit: &DockerfileUnit, stage: usize) -> bool {
    let name = unit.stages.get(stage).and_then(|s| s.name.as_deref()).is_some_and(says_workshop);
    let file = crate::files::file_name(&unit.path);
    let file = file.to_lowercase().replace("dockerfile", "");
    let folders = crate::files::parent(&unit.path).split('/');
    const FOLDERS: WordSet<32> =
        WordSet::of(&[".devcontainer", "ci", ".ci", ".circleci", ".github", ".gitlab", "test", "tests", "e2e", "dev"]);
    name || says_workshop(&file) || folders.into_iter().any(|f| FOLDERS.contains(f))
}

/// The stages that become an image which runs something for its users, developers' and build images left out.
pub(crate) fn serving_stages(unit: &DockerfileUnit, cx: &mut Cx<'_>) -> Rc<Serving> {
    cx.once(|stack| Serving(unit.final_stages(stack).into_iter().filter(|n| !is_workshop(unit, *n) && serves(stack, unit, *n)).collect()))
}

/// See [`serving_stages`].
pub(crate) struct Serving(pub(crate) Vec<usize>);

/// Whether something other than a shell is started, by the image or by a service.
fn serves(stack: &Stack, unit: &DockerfileUnit, stage: usize) -> bool {
    let runtimes = stack.runtimes.iter().filter(|r| r.stage == Some((unit.index, stage)));
    let mut services = runtimes.filter_map(|r| stack.service(r.service?));
    let (entrypoint, cmd) = unit.launch(stage);
    let form = |item: usize| match &unit.ast.instruction(item)?.op {
        Op::Entrypoint(form) | Op::Cmd(form) => Some(form),
        _ => None,
    };
    let mut started = [entrypoint, cmd].into_iter().flatten().filter_map(form);
    started.any(|form| !is_idle(form)) || services.any(|(_, s)| s.command.is_some() || !s.ports.is_empty())
}

/// A shell, a help text, or waiting for ever.
fn is_idle(form: &Form) -> bool {
    let words: Vec<&str> = match form {
        Form::Exec(words) => words.iter().map(|w| w.value.as_str()).collect(),
        Form::Shell(text) => text.text.split_whitespace().collect(),
    };
    let first = words.first().map(|w| crate::files::file_name(w)).unwrap_or_default();
    let shell =
        ["bash", "sh", "zsh", "ash", "fish"].contains(&first) && words.iter().skip(1).all(|w| w.starts_with('-') && !w.contains('c'));
    shell
        || words.is_empty()
        || first == "sleep"
        || first == "tail" && words.contains(&"/dev/null")
        || first == "true"
        || first == "/bin/true"
}
