//! Which instruction a vertex of BuildKit's graph is: its name says `[stage 2/5] RUN …`.

use std::collections::{BTreeMap, BTreeSet};

use super::super::Order;
use super::given;
use crate::source::{SourceFile, Span};
use crate::stack::ImageRef;
use crate::syntax::dockerfile::{Dockerfile, Instruction, Op};

/// The steps of a build, as BuildKit names them.
#[derive(Clone, Debug, Default)]
pub(super) struct Steps {
    stages: Vec<Stage>,
}

#[derive(Clone, Debug, Default)]
struct Stage {
    name: Option<String>,
    /// BuildKit counts the image that the stage is FROM, but no stage, no context and not `scratch`.
    from: Option<Place>,
    /// That image, by its full name.
    base: String,
    places: Vec<Place>,
}

/// An instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// Its first line.
    pub line: usize,
    /// Its keyword.
    pub keyword: String,
    /// As written, on one line.
    pub text: String,
    /// The step of the plan, where it is one.
    pub step: Option<usize>,
}

impl Steps {
    /// `contexts` are names that stand for something else than an image in a registry.
    pub(super) fn of(order: &Order<'_>, contexts: &BTreeSet<String>) -> Steps {
        let job = order.job;
        let Some(image) = job.plan.images.get(order.node.image) else { return Steps::default() };
        let Some(unit) = job.input.dockerfiles.get(image.unit) else { return Steps::default() };
        let stages = || image.stages.iter().filter_map(|&place| job.plan.stages.get(place)).filter(|stage| stage.unit == image.unit);
        let steps = stages().flat_map(|stage| &stage.steps).filter_map(|&n| Some((job.plan.steps.get(n)?.span, n))).collect();
        let mut all = Steps::read(unit.ast, job.sources.get(unit.file), &steps, contexts);
        for planned in stages() {
            if let Some(stage) = all.stages.get_mut(planned.index) {
                stage.base = ImageRef::parse(&planned.base).full_name();
            }
        }
        all
    }

    fn read(ast: &Dockerfile, file: &SourceFile, steps: &BTreeMap<Span, usize>, contexts: &BTreeSet<String>) -> Steps {
        let place = |instruction: &Instruction| Place {
            line: file.line_of(instruction.span.start as usize),
            keyword: instruction.word.value.to_uppercase(),
            text: text(instruction),
            step: steps.get(&instruction.span).copied(),
        };
        let names = |before: usize| ast.stages.iter().take(before).filter_map(|stage| stage.name.as_ref()).map(|name| name.value.as_str());
        let stage = |(index, stage): (usize, &crate::syntax::dockerfile::Stage)| {
            let outside = ast.from_of(stage).map(|from| from.image.value.as_str()).is_some_and(|image| {
                image != "scratch" && !names(index).any(|name| name == image) && !contexts.contains(&given::context_name(image))
            });
            let works = |instruction: &&Instruction| matches!(instruction.op, Op::Run(_) | Op::Copy(_) | Op::Add(_) | Op::Workdir(_));
            Stage {
                name: stage.name.as_ref().map(|name| name.value.clone()),
                base: String::new(),
                from: ast.instruction(stage.from).filter(|_| outside).map(place),
                places: ast.stage_instructions(stage).map(|(_, instruction)| instruction).filter(works).map(place).collect(),
            }
        };
        Steps { stages: ast.stages.iter().enumerate().map(stage).collect() }
    }

    /// The instruction that a vertex of this name is.
    pub(super) fn find(&self, name: &str) -> Option<&Place> {
        if let Some(image) = name.strip_prefix("[internal] load metadata for ") {
            let image = ImageRef::parse(image).full_name();
            return self.stages.iter().find(|stage| stage.base == image)?.from.as_ref();
        }
        let (stage, number, text) = parse(name)?;
        let stage = self.stage(stage)?;
        let keyword = text.split_whitespace().next()?.to_uppercase();
        if keyword == "FROM" {
            return stage.from.as_ref();
        }
        let same = |place: &&Place| place.keyword == keyword;
        let at = number.saturating_sub(usize::from(stage.from.is_some()) + 1);
        let spelt = |place: &&Place| same(place) && squeezed(&place.text) == squeezed(text);
        let counted = stage.places.get(at).filter(spelt).or_else(|| stage.places.iter().find(spelt));
        // With its variables replaced a text is another one. A WORKDIR that makes no folder is not counted.
        counted.or_else(|| stage.places.iter().skip(at).find(same))
    }

    fn stage(&self, name: &str) -> Option<&Stage> {
        if name.is_empty() {
            return self.stages.iter().rfind(|_| self.stages.len() == 1).or_else(|| self.stages.last());
        }
        let named = self.stages.iter().rfind(|stage| stage.name.as_deref() == Some(name));
        named.or_else(|| self.stages.get(name.strip_prefix("stage-")?.parse::<usize>().ok()?))
    }

    /// The instruction at a line.
    pub(super) fn at(&self, line: usize) -> Option<&Place> {
        self.stages.iter().flat_map(|stage| stage.from.iter().chain(&stage.places)).find(|place| place.line == line)
    }
}

/// The instruction on one line.
fn text(instruction: &Instruction) -> String {
    let mut text = instruction.word.value.to_uppercase();
    for flag in &instruction.flags {
        text.push_str(" --");
        text.push_str(&flag.name.value);
        if let Some(value) = &flag.value {
            text.push('=');
            text.push_str(&value.value);
        }
    }
    text.push(' ');
    text + &instruction.rest.value
}

/// A vertex's name as stage, number and text; `None` for what is no instruction.
fn parse(name: &str) -> Option<(&str, usize, &str)> {
    let (head, text) = name.strip_prefix('[')?.split_once("] ")?;
    let words: Vec<&str> = head.split_whitespace().collect();
    let (count, before) = words.split_last()?;
    let number = count.split_once('/').filter(|(_, of)| of.parse::<usize>().is_ok())?.0.parse().ok()?;
    // Several platforms at once: `linux/arm64 build 2/3`.
    let stage = before.iter().rfind(|word| !word.contains('/')).copied().unwrap_or_default();
    Some((stage, number, text))
}

fn squeezed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Sources;
    use crate::syntax::dockerfile::parse;

    #[test]
    fn a_vertex_is_found_by_its_stage_number_and_text() {
        let text = "FROM x AS build\nWORKDIR /\nRUN a \\\n  b\nCOPY $A /\nRUN a\nFROM build\nRUN c\nFROM scratch\nCOPY --from=build /a /\n";
        let mut sources = Sources::new();
        let id = sources.add("Dockerfile", text.to_owned());
        let file = sources.get(id);
        let steps = Steps::read(&parse(file), file, &BTreeMap::new(), &BTreeSet::new());
        let line = |name: &str| steps.find(name).map(|place| place.line);
        assert_eq!(line("[build 1/5] FROM docker.io/library/x"), Some(1));
        assert_eq!(line("[build 2/5] RUN a   b"), Some(3));
        assert_eq!(line("[build 3/5] COPY file /"), Some(5), "no number counts WORKDIR /");
        assert_eq!(line("[linux/amd64 build 5/5] RUN a"), Some(6));
        assert_eq!(line("[stage-1 1/1] RUN c"), Some(8));
        assert_eq!(line("[stage-2 1/1] COPY --from=build /a /"), Some(10));
        assert_eq!(line("[internal] load build definition from Dockerfile"), None);
        assert_eq!(line("importing cache manifest from x"), None);
    }

    #[test]
    fn a_context_in_the_place_of_an_image_is_not_counted() {
        let text = "FROM base:latest\nCOPY --from=a /x /x\nCOPY --from=$B y /y\nFROM other\nRUN --network=none   true\n";
        let mut sources = Sources::new();
        let id = sources.add("Dockerfile", text.to_owned());
        let file = sources.get(id);
        let contexts = BTreeSet::from(["base".to_owned()]);
        let steps = Steps::read(&parse(file), file, &BTreeMap::new(), &contexts);
        let line = |name: &str| steps.find(name).map(|place| place.line);
        assert_eq!(line("[stage-0 1/2] COPY --from=a /x /x"), Some(2));
        assert_eq!(line("[stage-0 2/2] COPY --from=b y /y"), Some(3));
        assert_eq!(line("[stage-1 1/2] FROM other"), Some(4));
        assert_eq!(steps.find("[stage-1 2/2] RUN --network=none true").map(|place| place.text.as_str()), Some("RUN --network=none true"));
    }
}
