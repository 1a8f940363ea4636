//! Words of a Dockerfile as one of its builds sees them: build arguments that Compose gives win over defaults.

use std::cell::Cell;
use std::rc::Rc;

use crate::rule::Cx;
use crate::stack::{BuildUse, DockerfileUnit, ImageRef, Lookup, Stack};
use crate::syntax::dockerfile::{Op, expand};

const MAX_DEPTH: usize = 8;

/// A word in a stage just before an item, as a build sees it; `None` where a part is unknown.
pub(crate) fn expand_in_stage(unit: &DockerfileUnit, build: &BuildUse, stage: usize, item: usize, word: &str) -> Option<String> {
    in_stage(unit, build, stage, item, word, 0)
}

fn in_stage(unit: &DockerfileUnit, build: &BuildUse, stage: usize, item: usize, word: &str, depth: usize) -> Option<String> {
    if depth > MAX_DEPTH {
        return None;
    }
    with(word, unit.ast.escape, &|name| {
        let mut before = item;
        for n in unit.chain(stage) {
            let sets = unit.stages.get(n).map(|s| s.env.as_slice()).unwrap_or_default();
            if let Some(set) = sets.iter().rev().find(|s| s.name == name && s.item < before) {
                if let (true, Some(value)) = (set.arg, given(build, name)) {
                    return Lookup::Known(value);
                }
                let nested = set.text.as_ref().filter(|t| t.contains('$'));
                let value = match nested {
                    Some(text) => in_stage(unit, build, n, set.item, text, depth + 1),
                    None => set.value.clone(),
                };
                return value.map_or(Lookup::Unknown, Lookup::Known);
            }
            before = usize::MAX;
        }
        unit.lookup(stage, item, name)
    })
}

/// The images that the stages of a file start from.
pub(crate) struct BaseImages(Vec<Vec<ImageRef>>);

impl BaseImages {
    /// Those of a Dockerfile that a rule was handed.
    pub(crate) fn of(unit: &DockerfileUnit, cx: &mut Cx<'_>) -> Rc<BaseImages> {
        cx.once(|stack| BaseImages((0..unit.stages.len()).map(|stage| base_images(stack, unit, stage)).collect()))
    }

    /// Those of a stage, over all builds of its file; a stage that starts from another one has none.
    pub(crate) fn of_stage(&self, stage: usize) -> &[ImageRef] {
        self.0.get(stage).map_or(&[], Vec::as_slice)
    }
}

fn base_images(stack: &Stack, unit: &DockerfileUnit, stage: usize) -> Vec<ImageRef> {
    let Some(model) = unit.stages.get(stage) else { return Vec::new() };
    let mut found: Vec<ImageRef> = Vec::new();
    for build in stack.builds_of(unit) {
        let mut globals: Vec<(String, Option<String>)> = Vec::new();
        let look = |globals: &[(String, Option<String>)], name: &str| match globals.iter().rev().find(|(n, _)| n == name) {
            Some((_, value)) => value.clone().map_or(Lookup::Unknown, Lookup::Known),
            None => Lookup::Unset,
        };
        for (_, instruction) in unit.ast.global().filter(|_| model.image.contains('$')) {
            let Op::Arg(pairs) = &instruction.op else { continue };
            for pair in pairs {
                let default = || with(pair.value.as_ref()?, unit.ast.escape, &|n| look(&globals, n));
                let value = given(build, &pair.key).or_else(default);
                globals.push((pair.key.value.clone(), value));
            }
        }
        let Some(name) = with(&model.image, unit.ast.escape, &|n| look(&globals, n)) else { continue };
        let is_stage = unit.stages.iter().take(stage).any(|s| s.name.as_deref() == Some(name.as_str()));
        if is_stage || name == "scratch" || name.is_empty() {
            continue;
        }
        let image = ImageRef::parse(&name);
        if !found.contains(&image) {
            found.push(image);
        }
    }
    found
}

fn given(build: &BuildUse, name: &str) -> Option<String> {
    build.args.iter().find(|a| a.name.value == name).and_then(|a| Some(a.value.as_ref()?.value.clone()))
}

fn with(word: &str, escape: char, lookup: &dyn Fn(&str) -> Lookup) -> Option<String> {
    let unknown = Cell::new(false);
    let value = expand::expand(word, escape, &|name: &str| match lookup(name) {
        Lookup::Known(value) => Some(value),
        Lookup::Unset => None,
        Lookup::Unknown => {
            unknown.set(true);
            Some(String::new())
        }
    });
    value.ok().filter(|_| !unknown.get())
}
